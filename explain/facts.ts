import type { AutoscalerStatus, Registration } from '../core/autoscaler-status.js';
import type { InvalidReason, Point } from '../core/metric.js';
import type { Computation } from './replicas.js';

/** What was to be read elsewhere: there, not there, or why it could not be read. */
export type Found<T> =
  | { readonly state: 'found'; readonly value: T }
  | { readonly state: 'missing' }
  | { readonly state: 'unread'; readonly why: string };

/** What Datadog can be asked for a metric of a spec, or why it cannot. */
export type Asked =
  | { readonly kind: 'query'; readonly id: string; readonly query: string }
  | { readonly kind: 'refused'; readonly id: string | undefined; readonly why: string };

/** A record with the age of its point by the clock of the replica that holds it. */
export type RecordFacts =
  | { readonly state: 'pending'; readonly trouble?: string }
  | { readonly state: 'valid'; readonly point: Point; readonly ageMs: number; readonly trouble?: string }
  | {
      readonly state: 'invalid';
      readonly reason: InvalidReason;
      readonly detail: string;
      readonly lastPoint?: Point;
      readonly ageMs?: number;
    };

/** A call to Datadog. */
export interface CallFacts {
  readonly atMs: number;
  readonly tookMs: number;
  readonly batchSize: number;
  /** Why it failed; left out when Datadog answered. */
  readonly fault?: { readonly code: string; readonly message: string };
}

/** The newest points of a query, oldest first. */
export interface PointFacts {
  readonly series: number;
  /** In the whole window. */
  readonly count: number;
  /** A text stands for what JSON has no number for: `NaN`, `Infinity`. `null`: no value at that time. */
  readonly points: readonly { readonly timeMs: number; readonly value: number | string | null }[];
}

export interface AnswerFacts {
  readonly user: string;
  readonly status: number;
  readonly atMs: number;
}

/** What one replica holds of one metric. */
export interface HeldFacts {
  readonly record?: RecordFacts;
  /** The last call for its query; only who leads makes calls. */
  readonly call?: CallFacts;
  readonly points?: PointFacts;
  readonly answers?: { readonly toController?: AnswerFacts; readonly toOthers?: AnswerFacts };
}

/** Datadog's answer to a question that was put for this explanation alone. */
export type FreshFacts =
  | {
      readonly state: 'point';
      readonly point: { readonly value: number | string; readonly observedAtMs: number };
    }
  | { readonly state: 'none'; readonly reason: string; readonly detail: string }
  | { readonly state: 'failed'; readonly why: string };

/** One external metric's whole road. */
export interface MetricFacts {
  readonly name: string;
  readonly selector: string;
  readonly target: { readonly type: 'AverageValue' | 'Value'; readonly quantity: string } | undefined;
  /** What the HPA controller last saw. */
  readonly current: string | undefined;
  readonly asked: Asked;
  /** Whether this replica's watch of HPAs knows of it. */
  readonly isWanted: boolean;
  readonly here: HeldFacts;
  /** What the leader holds; `undefined` when it was not, or could not be, asked. */
  readonly atLeader: HeldFacts | undefined;
  readonly fresh?: FreshFacts;
  readonly computation: Computation | undefined;
}

/** Who leads, and whether it told what only it knows. */
export type LeaderFacts =
  | { readonly who: 'me' }
  | { readonly who: 'other'; readonly name: string; readonly silence: string | undefined }
  | { readonly who: 'unknown' };

/** What concerns all metrics of an HPA. */
export interface SharedFacts {
  readonly namespace: string;
  readonly name: string;
  readonly atMs: number;
  /** The replica that says all this. */
  readonly replica: string;
  readonly leader: LeaderFacts;
  /** Since the shared copy of the metrics last changed, as this replica saw. */
  readonly unchangedForMs: number | undefined;
  /** How this replica's clock differs from others', while it does. */
  readonly clock: string | undefined;
  /** The oldest that a served point may be. */
  readonly maxAgeMs: number;
  /** The Service by which kube-apiserver should reach this server; `undefined` where it is not known. */
  readonly ownService: { readonly namespace: string; readonly name: string } | undefined;
  readonly autoscaler: Found<AutoscalerStatus>;
  readonly registration: Found<Registration>;
}
