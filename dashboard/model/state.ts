/** All that the page shows of one moment, as JSON: the server makes it, the browser draws it. */
export interface PageState {
  /** By the replica's clock, in milliseconds since the epoch. */
  readonly nowMs: number;
  readonly overview: Overview;
  /** By id. */
  readonly metrics: Readonly<Record<string, MetricRow>>;
  /** Metrics beyond the bound, which are served but not shown. */
  readonly unshownMetrics: number;
  /** By `namespace/name`. */
  readonly autoscalers: Readonly<Record<string, AutoscalerRow>>;
  /** The oldest first. */
  readonly changes: readonly Change[];
}

export interface MetricRow {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  /** The label selector as text; empty for none. */
  readonly selector: string;
  readonly query: string | null;
  readonly state: 'valid' | 'invalid' | 'pending';
  /** The last value that could have been served. */
  readonly value: number | null;
  /** The instant that the value describes. */
  readonly observedAtMs: number | null;
  /** Of an invalid metric. */
  readonly reason: string | null;
  /** One sentence: why it is invalid, or what went wrong with the last refresh. */
  readonly detail: string | null;
  readonly hasHistory: boolean;
  readonly uses: readonly Use[];
}

/** An autoscaler that asks for a metric. */
export interface Use {
  /** `namespace/name` */
  readonly autoscaler: string;
  /** `null` where it cannot be read. */
  readonly target: Target | null;
}

/** `AverageValue`: for each replica. */
export interface Target {
  readonly kind: 'Value' | 'AverageValue';
  readonly value: number;
}

export interface AutoscalerRow {
  /** `namespace/name` */
  readonly id: string;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** `null` until the HPA controller has said. */
  readonly currentReplicas: number | null;
  readonly desiredReplicas: number | null;
  readonly troubles: readonly string[];
  /** The ids of its metrics. */
  readonly metrics: readonly string[];
}

export interface Overview {
  readonly version: string;
  readonly pod: string;
  readonly startedAtMs: number;
  readonly leader: { readonly who: 'me' | 'other' | 'unknown'; readonly name: string | null };
  /** The replicas behind the Service. */
  readonly replicas: readonly { readonly name: string; readonly isReady: boolean }[];
  /** Parts that are not ready, with what they say. */
  readonly unready: readonly string[];
  /** What Datadog lets this organisation ask; `null` on replicas that have not asked. */
  readonly budget: {
    readonly limit: number;
    readonly remaining: number | null;
    readonly periodSeconds: number | null;
  } | null;
  readonly certificateNotAfterMs: number | null;
  readonly reflectors: readonly ReflectorRow[];
  /** The last warnings and errors of the log, the oldest first. */
  readonly warnings: readonly { readonly time: string; readonly level: string; readonly message: string }[];
  /** Parts that could not be told, with why. */
  readonly untold: readonly string[];
  readonly canExplain: boolean;
}

export interface ReflectorRow {
  readonly name: string;
  readonly objects: number | null;
  /** When the API server was last heard of. */
  readonly heardAtMs: number | null;
  readonly isStale: boolean;
}

/** Something that happened. */
export interface Change {
  /** Counts from 1 since the replica's start. */
  readonly number: number;
  readonly atMs: number;
  readonly kind: 'good' | 'bad' | 'plain';
  /** The metric, the autoscaler, or the replica. */
  readonly subject: string;
  readonly text: string;
}

/** One hour, or as much of it as there is: the same number of each. */
export interface SeriesReply {
  readonly timesMs: readonly number[];
  readonly values: readonly (number | null)[];
  /** Of the first autoscaler that asks for the metric; empty for none. */
  readonly replicas: readonly (number | null)[];
}
