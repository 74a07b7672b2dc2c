/** One cost at one amount of work. */
export interface Cost {
  readonly size: number;
  readonly cost: number;
}

/**
 * The exponent by which cost grows with work, by least squares over the logarithms; 1 is linear. NaN with fewer than two
 * sizes, or a cost of nothing.
 */
export function exponentOf(costs: readonly Cost[]): number {
  const points = costs.map(({ size, cost }) => [Math.log(size), Math.log(cost)] as const);
  const mean = (at: 0 | 1): number => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const along = points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
  const across = points.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
  return along / across;
}
