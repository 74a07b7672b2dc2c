/**
 * How a series runs: its value at a Unix time in seconds (fractions happen), `null` where it has a gap.
 * A value that is not finite counts as a gap; faults put such values on the wire.
 */
export type Shape = (timeSeconds: number) => number | null;

/** The same value at all times, the past included. */
export function constant(value: number): Shape {
  return () => value;
}

/** Swings about `mean`; at time 0 it passes `mean` upwards, `phaseSeconds` later if that is given. */
export function sine(options: {
  readonly mean: number;
  readonly amplitude: number;
  readonly periodSeconds: number;
  readonly phaseSeconds?: number;
}): Shape {
  const { mean, amplitude, periodSeconds, phaseSeconds = 0 } = options;
  return (timeSeconds) =>
    mean + amplitude * Math.sin((2 * Math.PI * (timeSeconds - phaseSeconds)) / periodSeconds);
}

/** Jumps: `before` until the first change, then each change's value from its time on. Changes stand in order of time. */
export function step(
  before: number,
  changes: readonly { readonly atSeconds: number; readonly value: number }[],
): Shape {
  return (timeSeconds) => changes.findLast((change) => change.atSeconds <= timeSeconds)?.value ?? before;
}

/** Goes straight from one value to another, and holds them before and after. */
export function ramp(options: {
  readonly from: number;
  readonly to: number;
  readonly startSeconds: number;
  readonly durationSeconds: number;
}): Shape {
  const { from, to, startSeconds, durationSeconds } = options;
  return (timeSeconds) => {
    const share = Math.min(1, Math.max(0, (timeSeconds - startSeconds) / durationSeconds));
    return from + (to - from) * share;
  };
}

/** Another shape with nothing from `fromSeconds` (inclusive) to `toSeconds` (exclusive). */
export function gap(shape: Shape, fromSeconds: number, toSeconds: number): Shape {
  return (timeSeconds) => (timeSeconds >= fromSeconds && timeSeconds < toSeconds ? null : shape(timeSeconds));
}

/**
 * Plays recorded points in order of time. Each holds until the next one, at most `holdSeconds` (default 60); around
 * them is a gap. With `startSeconds` the recording is moved so that its first point falls there; with `isRepeating` it
 * begins again after its last point has been held.
 */
export function replay(
  points: readonly (readonly [timeSeconds: number, value: number | null])[],
  options: {
    readonly startSeconds?: number;
    readonly holdSeconds?: number;
    readonly isRepeating?: boolean;
  } = {},
): Shape {
  const firstSeconds = points[0]?.[0] ?? 0;
  const { startSeconds = firstSeconds, holdSeconds = 60, isRepeating = false } = options;
  const lengthSeconds = (points.at(-1)?.[0] ?? 0) - firstSeconds + holdSeconds;
  return (timeSeconds) => {
    const elapsed = timeSeconds - startSeconds;
    const position = isRepeating && elapsed >= 0 ? elapsed % lengthSeconds : elapsed;
    const point = points.findLast(([pointSeconds]) => pointSeconds - firstSeconds <= position);
    return point !== undefined && position - (point[0] - firstSeconds) < holdSeconds ? point[1] : null;
  };
}
