import type { ActiveFault, AnswerFault, RequestFault, SeriesFault } from './faults.js';

/** What the faults that meet a request amount to. Of several that exclude each other, the first counts. */
export interface FaultPlan {
  readonly latencyMs: number;
  /** Given instead of the true answer. */
  readonly replacement: Replacement | undefined;
  /** How the answer goes out. */
  readonly delivery: Delivery | undefined;
  readonly isShuffled: boolean;
  readonly seriesFaults: readonly PlannedSeriesFault[];
}

export type Replacement = {
  readonly fault: Extract<RequestFault | AnswerFault, { readonly kind: 'status' | 'html' | 'errorBody' }>;
  /** The query at which Datadog takes offence. */
  readonly query: string | undefined;
};

export type Delivery = Extract<RequestFault, { readonly kind: 'hang' | 'reset' | 'truncated' }>;

export interface PlannedSeriesFault {
  readonly fault: SeriesFault;
  readonly query: string | undefined;
}

export const noFaults: FaultPlan = {
  latencyMs: 0,
  replacement: undefined,
  delivery: undefined,
  isShuffled: false,
  seriesFaults: [],
};

/** Sorts faults by the moment at which they act. A batch waits once for a latency, however many of its queries match. */
export function toFaultPlan(active: readonly ActiveFault[]): FaultPlan {
  const latencies = new Map<object, number>();
  const seriesFaults: PlannedSeriesFault[] = [];
  let replacement: Replacement | undefined;
  let delivery: Delivery | undefined;
  let isShuffled = false;
  for (const { fault, query } of active) {
    switch (fault.kind) {
      case 'latency':
        latencies.set(fault, fault.ms);
        break;
      case 'status':
      case 'html':
      case 'errorBody':
        replacement ??= { fault, query };
        break;
      case 'hang':
      case 'reset':
      case 'truncated':
        delivery ??= fault;
        break;
      case 'shuffled':
        isShuffled = true;
        break;
      case 'noSeries':
      case 'noPoints':
      case 'nulls':
      case 'value':
      case 'newestValue':
      case 'shifted':
      case 'futurePoint':
      case 'noIndex':
      case 'index':
      case 'severalSeries':
        seriesFaults.push({ fault, query });
        break;
    }
  }
  const latencyMs = [...latencies.values()].reduce((total, ms) => total + ms, 0);
  return { latencyMs, replacement, delivery, isShuffled, seriesFaults };
}
