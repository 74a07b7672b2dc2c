import { milliText } from './quantity.js';

/** One metric's value and what the HPA controller weighs it against; values in thousandths. */
export interface Weighing {
  readonly valueMilli: bigint;
  readonly target: { readonly type: 'AverageValue' | 'Value'; readonly milli: bigint };
  /** Replicas that there are now. A Value target counts those that are ready. */
  readonly replicas: number;
  readonly ready: number;
  readonly tolerance: { readonly up: number; readonly down: number };
  readonly min: number;
  readonly max: number;
}

/** What one metric asks for, by the algorithm of the HPA controller, and the way there in words. */
export interface Computation {
  /** Value to target; 1 means that nothing is to change. */
  readonly ratio: number;
  readonly isWithinTolerance: boolean;
  /** Before the bounds of the HPA. */
  readonly proposed: number;
  /** Within them. */
  readonly replicas: number;
  readonly formula: string;
}

const maxInt32 = 2 ** 31 - 1;

/**
 * The replicas that the HPA controller computes from one value (`autoscaling/v2`). What it does afterwards with several
 * metrics, stabilization and the pace of scaling is not in it.
 */
export function compute(weighing: Weighing): Computation {
  const { target, min, max } = weighing;
  const found = target.type === 'AverageValue' ? byAverage(weighing) : byValue(weighing);
  const replicas = Math.min(Math.max(found.proposed, min), max);
  return { ...found, replicas, formula: `${found.formula}; with min ${min} and max ${max}: ${replicas}` };
}

type Proposal = Omit<Computation, 'replicas'>;

function byAverage({ valueMilli, target, replicas, tolerance }: Weighing): Proposal {
  const ratio = Number(valueMilli) / (Number(target.milli) * replicas);
  const isWithinTolerance = isWithin(ratio, tolerance);
  const proposed = isWithinTolerance
    ? replicas
    : capped(Math.ceil(Number(valueMilli) / Number(target.milli)));
  const [value, goal] = [milliText(valueMilli), milliText(target.milli)];
  const weighed = `${value} / (${goal} × ${replicas} replicas) = ${shown(ratio)}`;
  const formula = isWithinTolerance
    ? `${weighed}, within ${range(tolerance)}: stays at ${replicas}`
    : `${weighed}, outside ${range(tolerance)}: ceil(${value} / ${goal}) = ${proposed}`;
  return { ratio, isWithinTolerance, proposed, formula };
}

function byValue({ valueMilli, target, replicas, ready, tolerance }: Weighing): Proposal {
  const ratio = Number(valueMilli) / Number(target.milli);
  const weighed = `${milliText(valueMilli)} / ${milliText(target.milli)} = ${shown(ratio)}`;
  if (replicas === 0) {
    const proposed = capped(Math.ceil(ratio));
    return {
      ratio,
      isWithinTolerance: false,
      proposed,
      formula: `${weighed}, from no replicas: ceil(${shown(ratio)}) = ${proposed}`,
    };
  }
  const isWithinTolerance = isWithin(ratio, tolerance);
  const proposed = isWithinTolerance ? replicas : capped(Math.ceil(ratio * ready));
  const formula = isWithinTolerance
    ? `${weighed}, within ${range(tolerance)}: stays at ${replicas}`
    : `${weighed}, outside ${range(tolerance)}: ceil(${shown(ratio)} × ${ready} pods, if all are ready) = ${proposed}`;
  return { ratio, isWithinTolerance, proposed, formula };
}

function isWithin(ratio: number, { up, down }: Weighing['tolerance']): boolean {
  return 1 - down <= ratio && ratio <= 1 + up;
}

function capped(replicas: number): number {
  return Math.min(replicas, maxInt32);
}

function range({ up, down }: Weighing['tolerance']): string {
  return `${shown(1 - down)} to ${shown(1 + up)}`;
}

function shown(ratio: number): string {
  return Number.isFinite(ratio) ? String(Number(ratio.toFixed(3))) : 'no number';
}
