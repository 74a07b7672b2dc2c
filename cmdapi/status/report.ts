/** A part of the report, or in its place why it cannot be told. */
export type Part<T> = T | { readonly unavailable: string };

/** Whether a part could be told. */
export function isTold<T extends object>(part: Part<T>): part is T {
  return !('unavailable' in part);
}

/**
 * All that is to be known of one replica: what `/status` answers as JSON, and what the text is made of. Instants are RFC 3339,
 * or milliseconds since the epoch where the name ends in `Ms`; `null` is "not there, or not yet".
 */
export interface StatusReport {
  readonly version: string;
  readonly commit: string;
  /** When this was told, by the clock that the replica goes by. */
  readonly time: string;
  readonly pod: string;
  readonly process: ProcessStatus;
  readonly health: { readonly live: HealthStatus; readonly ready: HealthStatus };
  readonly leader: LeaderStatus;
  readonly clocks: ClockStatus;
  readonly keys: Part<readonly KeyStatus[]>;
  readonly externalMetrics: Part<ExternalMetricsStatus>;
  readonly store: Part<StoreStatus>;
  readonly reflectors: Part<readonly ReflectorStatus[]>;
  readonly metadata: Part<MetadataStatus>;
  readonly events: Part<EventsStatus>;
  readonly controlPlane: Part<ControlPlaneStatus>;
  readonly listeners: Part<readonly ListenerStatus[]>;
  /** The oldest first. */
  readonly recentLog: Part<readonly LogStatus[]>;
}

export interface ProcessStatus {
  readonly pid: number;
  readonly nodeVersion: string;
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  readonly hostname: string;
  /** The setting that it came from, and where that was set. */
  readonly hostnameFrom: string;
  readonly logLevel: string;
  readonly settingsFile: string | null;
}

export interface HealthStatus {
  readonly Healthy: readonly string[];
  readonly Unhealthy: readonly string[];
  readonly Details: Readonly<Record<string, string>>;
}

/** Who leads, as this replica knows it. */
export type LeaderStatus = LeaderName & {
  /** False: election is turned off, and this replica always leads. */
  readonly isElected: boolean;
};

type LeaderName =
  | ({ readonly who: 'me' } & ReignStatus)
  | ({ readonly who: 'other'; readonly name: string } & ReignStatus)
  | { readonly who: 'unknown' };

/** By the leader's own clock. */
export interface ReignStatus {
  readonly sinceMs: number;
  readonly renewedAtMs: number;
  readonly transitions: number;
}

export interface ClockStatus {
  /** By this machine. */
  readonly ownTime: string;
  /** Ours ahead of theirs, negative when behind; 0 within 5 s; `null` before theirs was heard. */
  readonly aheadOfDatadogSeconds: number | null;
  readonly aheadOfClusterSeconds: number | null;
  readonly trouble: string | null;
}

export interface KeyStatus {
  readonly kind: 'API key' | 'application key';
  /** What needs it. */
  readonly purpose: string;
  /** All but the last five characters hidden; `null`: not set. */
  readonly shown: string | null;
  readonly verdict: 'valid' | 'invalid' | 'unknown';
  readonly detail: string | null;
  readonly checkedAt: string | null;
}

export interface ExternalMetricsStatus {
  readonly port: number | null;
  readonly endpoint: string;
  readonly apiService: RegistrationStatus;
  readonly certificate: { readonly notAfter: string; readonly remainingSeconds: number } | null;
  readonly metrics: MetricsStatus;
  /** The last one that this replica made; `null`: none since it started. */
  readonly refresh: RefreshStatus | null;
  readonly rateLimit: RateLimitStatus | null;
}

export interface RegistrationStatus {
  readonly name: string;
  readonly available: 'True' | 'False' | 'Unknown';
  readonly reason: string | null;
  readonly message: string | null;
  readonly service: string | null;
  /** `null`: not known. */
  readonly isOurs: boolean | null;
  readonly readAt: string | null;
  readonly problem: string | null;
}

export interface MetricsStatus {
  /** Different questions of autoscalers. */
  readonly wanted: number;
  readonly valid: number;
  readonly pending: number;
  readonly invalid: number;
  readonly invalidByReason: Readonly<Record<string, number>>;
  /** Served with an older value, since the last attempt to refresh failed. */
  readonly troubled: number;
  /** Age of the oldest value that is served. */
  readonly oldestSeconds: number | null;
}

export interface RefreshStatus {
  readonly endedAt: string;
  readonly scope: 'all' | 'new';
  readonly tookSeconds: number;
  readonly queries: number;
  readonly calls: number;
  readonly splits: number;
}

export interface RateLimitStatus {
  readonly limit: number;
  readonly periodSeconds: number | null;
  readonly remaining: number | null;
  readonly remainingMin: number | null;
  readonly resetAt: string | null;
}

export interface StoreStatus {
  readonly configMaps: readonly {
    readonly name: string;
    readonly exists: boolean;
    readonly entries: number;
    readonly bytes: number;
    readonly updatedAt: string | null;
  }[];
  readonly bytes: number;
  readonly unchangedSeconds: number | null;
  readonly lagSeconds: number | null;
  readonly silentSeconds: number | null;
}

/** One kind of object that is kept in step with the API server. */
export interface ReflectorStatus {
  readonly name: string;
  /** `null` where they are not counted. */
  readonly objects: number | null;
  /** Since the API server was last heard of; `null` before the first time. */
  readonly silentSeconds: number | null;
  /** The silence is longer than a watch that works would leave. */
  readonly isStale: boolean;
}

export interface MetadataStatus {
  readonly enabled: boolean;
  readonly clusterId: string | null;
  readonly nodes: FollowedStatus & { readonly known: number };
  readonly namespaces: FollowedStatus & { readonly known: number };
  readonly endpoints?: FollowedStatus & {
    readonly groups: number;
    readonly nodes: number;
    readonly pods: number;
  };
}

export interface FollowedStatus {
  readonly synced: boolean;
  readonly silentSeconds: number | null;
  readonly health: { readonly state: string; readonly detail?: string };
}

export interface EventsStatus {
  readonly state: string;
  readonly position: string | null;
  readonly queued: number;
  readonly underWay: number;
  readonly delivered: number;
  readonly lastDelivered: string | null;
  readonly dropped: Readonly<Record<string, number>>;
  readonly mostRepeats: number;
  readonly trouble: string | null;
}

/** The service checks of the control plane, as the leader last saw it. */
export interface ControlPlaneStatus {
  readonly source: string | null;
  readonly lastReadAt: string | null;
  readonly components: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly since: string;
  }[];
  readonly lastSubmission: { readonly at: string; readonly trouble: string | null } | null;
  readonly denial: string | null;
}

export interface ListenerStatus {
  readonly name: string;
  /** `null` while it does not listen. */
  readonly port: number | null;
  readonly connections: number;
}

export interface LogStatus {
  readonly time: string;
  readonly level: 'warn' | 'error' | 'fatal';
  readonly message: string;
  /** What stood beside the message, as JSON. */
  readonly fields: string;
}

/** The report in an answer's JSON; `undefined` for anything else. A part that is amiss shows as such when it is printed. */
export function parseReport(body: string): StatusReport | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    const isReport =
      typeof parsed === 'object' && parsed !== null && 'version' in parsed && 'health' in parsed;
    return isReport ? (parsed as StatusReport) : undefined;
  } catch {
    // A text that says what is wrong, which the caller shows.
    return undefined;
  }
}
