/** How much of everything, and how long it is looked at. */
export interface Scale {
  /** Metrics in the store, station after station, growing. */
  readonly sizes: readonly number[];
  /** The station at which all ways of reading are compared. */
  readonly readSize: number;
  /** Rounds of each comparison; an even number, since the order is reversed every other time. */
  readonly rounds: number;
  readonly readSeconds: number;
  /** Before each run of the loader. */
  readonly warmSeconds: number;
  /** Before each run of h2load. */
  readonly warmRequests: number;
  readonly startTrials: number;
  readonly firstValueTrials: number;
  readonly batchWindowSeconds: number;
  /** Refreshes that are looked at, at each station. */
  readonly ticks: number;
  /** From one refresh to the next, for each of `sizes`: room for the refresh, for reads without one, and for the loads. */
  readonly refreshSeconds: readonly number[];
  /** Of each value's bucket; shorter than the period, so that each refresh brings values of another time. */
  readonly rollupSeconds: number;
  /** Reads without a refresh, before each one. */
  readonly idleSeconds: number;
  /** Reads while a refresh is looked at. */
  readonly pacedPerSecond: number;
  /** Metrics by which it is seen when a follower has the new values. */
  readonly samples: number;
  readonly soakSeconds: number;
  readonly soakLookSeconds: number;
  readonly soakMetrics: number;
  /** 67 is what a thousand autoscalers ask for, each every 15 s; most reads are reviewed then, as in life. */
  readonly soakReadsPerSecond: number;
}

export const fullScale: Scale = {
  sizes: [10, 1_000, 10_000, 50_000],
  readSize: 1_000,
  rounds: 4,
  readSeconds: 3,
  warmSeconds: 0.5,
  warmRequests: 2_000,
  startTrials: 5,
  firstValueTrials: 11,
  batchWindowSeconds: 10,
  ticks: 3,
  refreshSeconds: [14, 14, 20, 35],
  rollupSeconds: 10,
  idleSeconds: 3,
  pacedPerSecond: 300,
  samples: 40,
  soakSeconds: 600,
  soakLookSeconds: 60,
  soakMetrics: 1_000,
  soakReadsPerSecond: 67,
};

/** Enough to see that all is right; its times say nothing. */
export const smokeScale: Scale = {
  sizes: [10, 300],
  readSize: 300,
  rounds: 1,
  readSeconds: 0.5,
  warmSeconds: 0.2,
  warmRequests: 300,
  startTrials: 1,
  firstValueTrials: 2,
  batchWindowSeconds: 1,
  ticks: 1,
  refreshSeconds: [5, 5],
  rollupSeconds: 2,
  idleSeconds: 1,
  pacedPerSecond: 100,
  samples: 10,
  soakSeconds: 20,
  soakLookSeconds: 5,
  soakMetrics: 100,
  soakReadsPerSecond: 50,
};
