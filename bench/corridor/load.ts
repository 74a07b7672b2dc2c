import type { Quantiles } from '../shared/quantiles.js';

/** How requests are laid on the wire. */
export interface LoadShape {
  readonly name: string;
  /** The same, for a narrow table. */
  readonly short: string;
  readonly protocol: 'h2' | 'h1';
  readonly connections: number;
  /** Requests under way at once, over all connections. */
  readonly streams: number;
}

/** All that are compared. */
export const loadShapes = {
  one: { name: 'HTTP/2, 1 stream', short: 'h2 × 1', protocol: 'h2', connections: 1, streams: 1 },
  sixteen: { name: 'HTTP/2, 16 streams', short: 'h2 × 16', protocol: 'h2', connections: 1, streams: 16 },
  sixtyFour: { name: 'HTTP/2, 64 streams', short: 'h2 × 64', protocol: 'h2', connections: 1, streams: 64 },
  http1: { name: 'HTTP/1.1, 64 connections', short: 'h1 × 64', protocol: 'h1', connections: 64, streams: 64 },
} as const satisfies Readonly<Record<string, LoadShape>>;

/** What a load generator saw. */
export interface LoadResult {
  readonly requests: number;
  /** Answers that were not right: another status or, where the loader looks at bodies, another value. */
  readonly wrong: number;
  readonly faults: readonly string[];
  readonly perSecond: number;
  readonly latencyMs: Quantiles;
}
