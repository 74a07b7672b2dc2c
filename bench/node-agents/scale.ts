import { type LargeClusterSize, largeSize, smallSize } from '../../simulator/large-cluster.js';

/** How large everything is, and how long it is looked at. */
export interface Scale {
  readonly size: LargeClusterSize;
  /** From being ready until the memory that it keeps is read. */
  readonly settleSeconds: number;
  readonly changesPerSecond: number;
  readonly changeSeconds: number;
  readonly ratesPerSecond: readonly number[];
  readonly rateSeconds: number;
  /** Before the rates of each route, so that each node has been asked about once. */
  readonly warmPerSecond: number;
  readonly warmSeconds: number;
  readonly connections: number;
  readonly ceilingConnections: number;
  readonly ceilingSeconds: number;
  /** Node agents that have a connection each and ask once in `agentSeconds`. */
  readonly agents: number;
  readonly agentSeconds: number;
  readonly resyncSeconds: number;
  readonly resyncRatePerSecond: number;
  readonly resyncLookSeconds: number;
  /** One body in so many is compared with what is expected. */
  readonly bodyEach: number;
}

export const fullScale: Scale = {
  size: largeSize,
  settleSeconds: 30,
  changesPerSecond: 200,
  changeSeconds: 60,
  ratesPerSecond: [200, 1_000, 2_500],
  rateSeconds: 30,
  warmPerSecond: 1_000,
  warmSeconds: 5,
  connections: 500,
  ceilingConnections: 64,
  ceilingSeconds: 10,
  agents: 5_000,
  agentSeconds: 60,
  resyncSeconds: 20,
  resyncRatePerSecond: 1_000,
  resyncLookSeconds: 60,
  bodyEach: 20,
};

/** Enough to see that all is right; its times say nothing. */
export const smokeScale: Scale = {
  size: smallSize,
  settleSeconds: 0.5,
  changesPerSecond: 100,
  changeSeconds: 2,
  ratesPerSecond: [50, 200],
  rateSeconds: 1,
  warmPerSecond: 100,
  warmSeconds: 0.5,
  connections: 20,
  ceilingConnections: 8,
  ceilingSeconds: 1,
  agents: 100,
  agentSeconds: 2,
  resyncSeconds: 1,
  resyncRatePerSecond: 200,
  resyncLookSeconds: 3,
  bodyEach: 1,
};
