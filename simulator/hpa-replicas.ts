import { maxInt64 } from './hpa-quantity.js';

/** What one external metric asks for; all in thousandths. */
export interface MetricReading {
  readonly valuesMilli: readonly bigint[];
  readonly targetMilli: bigint;
}

/** What a workload has now. */
export interface ReplicaCounts {
  /** `spec.replicas` of the scale. */
  readonly wanted: number;
  /** `status.replicas` of the scale. */
  readonly running: number;
  readonly ready: number;
}

/** What one metric says: how many replicas, and the value that the status shows. */
export interface Proposal {
  readonly replicas: number;
  readonly shownMilli: bigint;
}

/** By how much a ratio may miss 1 without a change, either way. */
export const tolerance = 0.1;

const maxInt32 = 2 ** 31 - 1;

/** An AverageValue target: the sum of the series over the target. A negative sum counts as the largest there is. */
export function forAverageValue(reading: MetricReading, counts: ReplicaCounts): Proposal {
  let usage = 0n;
  for (const value of reading.valuesMilli) {
    usage += value;
    if (usage < 0n || usage > maxInt64) {
      usage = maxInt64;
      break;
    }
  }
  const ratio = Number(usage) / (Number(reading.targetMilli) * counts.running);
  const replicas = isWithin(ratio)
    ? counts.running
    : capped(Math.ceil(Number(usage) / Number(reading.targetMilli)));
  return { replicas, shownMilli: averageOf(usage, counts.running) };
}

/** Rounded up. A sum at the upper end is shown undivided, and so is one without replicas to divide by. */
function averageOf(usage: bigint, running: number): bigint {
  if (usage === maxInt64 || running <= 0) return usage;
  const divisor = BigInt(running);
  return (usage + divisor - 1n) / divisor;
}

/** A Value target: the ratio of the sum to the target, times the pods that are ready. */
export function forValue(reading: MetricReading, counts: ReplicaCounts): Proposal {
  const sum = reading.valuesMilli.reduce((total, value) => total + value, 0n);
  const usage = sum > maxInt64 ? maxInt64 : sum;
  const ratio = Number(usage) / Number(reading.targetMilli);
  if (counts.wanted === 0) return { replicas: capped(Math.ceil(ratio)), shownMilli: usage };
  const replicas = isWithin(ratio) ? counts.wanted : capped(Math.ceil(ratio * counts.ready));
  return { replicas, shownMilli: usage };
}

function isWithin(ratio: number): boolean {
  return 1 - tolerance <= ratio && ratio <= 1 + tolerance;
}

function capped(replicas: number): number {
  return Math.min(replicas, maxInt32);
}

/** What the metrics of an autoscaler say together; `undefined` when they say nothing that may be acted on. */
export function combine(proposals: readonly (Proposal | undefined)[], wanted: number): number | undefined {
  let best = 0;
  for (const proposal of proposals) {
    if (proposal !== undefined && (best === 0 || proposal.replicas > best)) best = proposal.replicas;
  }
  const isPartial = proposals.some((proposal) => proposal === undefined);
  const isEmpty = proposals.every((proposal) => proposal === undefined);
  // A metric that cannot be read may hide a need, so the rest may scale up but never down.
  if (isEmpty || (isPartial && best < wanted)) return undefined;
  return best;
}

/** What an autoscaler wanted, and when. */
export interface Recommendation {
  readonly atMs: number;
  readonly replicas: number;
}

/**
 * The most that was wanted within the window (an age of exactly the window is outside, so a window of 0 holds nothing),
 * and the recommendations that still count.
 */
export function stabilize(
  past: readonly Recommendation[],
  now: Recommendation,
  windowMs: number,
): { readonly replicas: number; readonly recommendations: readonly Recommendation[] } {
  const recommendations = [...past.filter(({ atMs }) => now.atMs - atMs < windowMs), now];
  return { replicas: Math.max(...recommendations.map(({ replicas }) => replicas)), recommendations };
}

export interface ReplicaBounds {
  readonly min: number;
  readonly max: number;
}

export type LimitReason = 'DesiredWithinRange' | 'TooFewReplicas' | 'TooManyReplicas' | 'ScaleUpLimit';

/** Within the bounds, and not more than twice as many (or 4) at one step. */
export function clamp(
  desired: number,
  wanted: number,
  bounds: ReplicaBounds,
): { readonly replicas: number; readonly reason: LimitReason } {
  const upLimit = Math.max(2 * wanted, 4);
  const high = Math.min(bounds.max, upLimit);
  if (desired < bounds.min) return { replicas: bounds.min, reason: 'TooFewReplicas' };
  if (desired > high)
    return { replicas: high, reason: bounds.max > upLimit ? 'ScaleUpLimit' : 'TooManyReplicas' };
  return { replicas: desired, reason: 'DesiredWithinRange' };
}
