import type { Target } from './state.js';

/** `3 d 4 h`, `12 min 5 s`, `4 s`, `1 min`: the two largest units, the smaller one only where it counts. */
export function spokenDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3_600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return '0 s';
  const told = parts.slice(first, first + 2).filter(([count]) => count > 0);
  return told.map(([count, unit]) => `${count} ${unit}`).join(' ');
}

/** At most five digits that count, large numbers with a unit: `0.1235`, `12.5`, `3.4 k`, `1.25 M`. */
export function spokenNumber(value: number): string {
  const size = Math.abs(value);
  // Below ten thousand a number is told in full.
  const [factor, unit] = units.find(([least]) => size >= least) ?? (size >= 10_000 ? [1_000, 'k'] : [1, '']);
  const scaled = value / factor;
  const text = size !== 0 && size < 0.0001 ? scaled.toExponential(2) : String(Number(scaled.toPrecision(4)));
  return unit === '' ? text : `${text} ${unit}`;
}

const units: readonly (readonly [number, string])[] = [
  [1e15, 'P'],
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
];

export function spokenTarget(target: Target | null): string {
  if (target === null) return 'a target that cannot be read';
  const value = spokenNumber(target.value);
  return target.kind === 'Value' ? value : `${value} per replica`;
}

/** What a metric may come to before the HPA adds replicas; `null` while that is not known. */
export function targetTotal(target: Target, replicas: number | null): number | null {
  if (target.kind === 'Value') return target.value;
  return replicas === null ? null : target.value * replicas;
}

/** The share that is left, from 0 to 1; `null` where it is not told. */
export function budgetShare(budget: {
  readonly limit: number;
  readonly remaining: number | null;
}): number | null {
  if (budget.remaining === null || budget.limit <= 0) return null;
  return Math.min(1, Math.max(0, budget.remaining / budget.limit));
}

/** A metric by name, with its selector where it has one: `shop/requests {service=web}`. */
export function spokenMetric(row: {
  readonly namespace: string;
  readonly name: string;
  readonly selector: string;
}): string {
  const selector = row.selector === '' ? '' : ` {${row.selector}}`;
  return `${row.namespace}/${row.name}${selector}`;
}
