import type { RecordedCall } from '../../simulator/datadog/call-log.js';
import type { ProxiedRequest } from './api-proxy.js';
import type { WatchedMetric } from './watched.js';

/** `aggregator` for a read through kube-apiserver, else the replica that was asked itself. */
export type Via = string;

export type Outcome =
  | { readonly kind: 'value'; readonly value: number; readonly timestampMs: number }
  /** Not exactly one item of that name, though the status was 200. */
  | { readonly kind: 'misshapen'; readonly body: string }
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly reason: string;
      readonly message: string;
    }
  /** No answer: reset, refused, or too late. */
  | { readonly kind: 'broken'; readonly message: string };

/** One read and what came of it. All times of a recording are wall times of the test, which never step. */
export interface Answer {
  readonly via: Via;
  readonly metric: WatchedMetric;
  readonly sentAtMs: number;
  readonly receivedAtMs: number;
  readonly outcome: Outcome;
}

/** What the test does to a replica. Only a `running` one owes an answer. */
export type Phase = 'starting' | 'running' | 'frozen' | 'stopping' | 'gone';

export interface PhaseChange {
  readonly replica: string;
  readonly atMs: number;
  readonly phase: Phase;
  /** How the process ended, of a `gone` one. */
  readonly ending?: string;
}

/** A part of the control plane that the test took away and gave back. */
export interface Outage {
  readonly what: string;
  readonly fromMs: number;
  untilMs: number | undefined;
}

/** What kube-apiserver says of our registration, or an autoscaler of its metric. */
export interface ConditionChange {
  readonly of: string;
  readonly atMs: number;
  readonly status: string;
  readonly message: string;
}

/** What one replica sent to the outside. */
export interface Traffic {
  readonly replica: string;
  readonly apiRequests: readonly ProxiedRequest[];
  readonly datadogCalls: readonly RecordedCall[];
  readonly log: string;
}

/** All that was seen during one scenario. */
export interface Recording {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly maxAgeMs: number;
  readonly answers: readonly Answer[];
  readonly phases: readonly PhaseChange[];
  readonly outages: readonly Outage[];
  readonly conditions: readonly ConditionChange[];
  readonly traffic: readonly Traffic[];
}

/** Keeps everything that is seen, until it is taken. */
export class Recorder {
  #answers: Answer[] = [];
  #conditions: ConditionChange[] = [];
  readonly #phases: PhaseChange[] = [];
  readonly #outages: Outage[] = [];
  #fromMs = Date.now();

  answer(answer: Answer): void {
    this.#answers.push(answer);
  }

  phase(change: PhaseChange): void {
    this.#phases.push(change);
  }

  condition(change: ConditionChange): void {
    const last = this.#conditions.findLast((other) => other.of === change.of);
    if (last?.status === change.status && last.message === change.message) return;
    this.#conditions.push(change);
  }

  /** Something is away from now on, until the function that is returned is called. */
  outage(what: string): () => void {
    const outage: Outage = { what, fromMs: Date.now(), untilMs: undefined };
    this.#outages.push(outage);
    return () => {
      outage.untilMs = Date.now();
    };
  }

  /** Those of the present scenario. */
  get answers(): readonly Answer[] {
    return this.#answers;
  }

  /** Of all scenarios so far. */
  get outages(): readonly Outage[] {
    return this.#outages;
  }

  get conditions(): readonly ConditionChange[] {
    return this.#conditions;
  }

  /** Begins a new scenario; phases and outages go on. */
  begin(): void {
    this.#answers = [];
    this.#conditions = this.#conditions.filter(
      (change, index, all) => all.findLastIndex((other) => other.of === change.of) === index,
    );
    this.#fromMs = Date.now();
  }

  take(traffic: readonly Traffic[], maxAgeMs: number): Recording {
    return {
      fromMs: this.#fromMs,
      untilMs: Date.now(),
      maxAgeMs,
      answers: [...this.#answers],
      phases: [...this.#phases],
      outages: this.#outages.map((outage) => ({ ...outage })),
      conditions: [...this.#conditions],
      traffic,
    };
  }
}
