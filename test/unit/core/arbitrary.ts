import fc from 'fast-check';
import {
  type InvalidReason,
  largestValue,
  type MetricKey,
  type MetricRecord,
  type Point,
} from '../../../core/metric.js';
import { fromLabelSelector, type LabelSelector, type Selector } from '../../../core/selector.js';

const letters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'];
const digits = [...'0123456789'];
const edge = fc.constantFrom(...letters, ...digits);
const inner = fc.string({ unit: fc.constantFrom(...letters, ...digits, '-', '_', '.'), maxLength: 61 });

/** A name that Kubernetes accepts as label value or as the name part of a label key. Keywords of the grammar are among them. */
export const labelName: fc.Arbitrary<string> = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom('in', 'notin', 'exists', 'AND', 'NOT', 'a', 'b', 'A') },
  { weight: 3, arbitrary: fc.tuple(edge, inner, edge).map((parts) => parts.join('')) },
  { weight: 1, arbitrary: edge },
);

export const labelValue: fc.Arbitrary<string> = fc.oneof(
  { weight: 1, arbitrary: fc.constant('') },
  { weight: 6, arbitrary: labelName },
);

const prefix = fc.constantFrom('', '', 'app.kubernetes.io/', 'a/', '0.1.2.example.com/');

export const labelKey: fc.Arbitrary<string> = fc
  .tuple(prefix, labelName)
  .map(([before, name]) => `${before}${name}`);

const expression = fc.oneof(
  fc.record({
    key: labelKey,
    operator: fc.constantFrom('In', 'NotIn'),
    values: fc.array(labelValue, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ key: labelKey, operator: fc.constantFrom('Exists', 'DoesNotExist') }),
);

/** Any selector that the API server lets into an autoscaler's spec. */
export const labelSelector: fc.Arbitrary<LabelSelector> = fc.record(
  {
    matchLabels: fc.dictionary(labelKey, labelValue, { maxKeys: 4 }),
    matchExpressions: fc.array(expression, { maxLength: 4 }),
  },
  { requiredKeys: [] },
);

export const selector: fc.Arbitrary<Selector> = labelSelector.map((raw) => {
  const read = fromLabelSelector(raw);
  if (!read.ok) throw new Error(`the generator made a selector that is refused: ${read.error}`);
  return read.value;
});

export const namespace: fc.Arbitrary<string> = fc.constantFrom(
  'default',
  'shop',
  'shop-a',
  'a',
  'a-b',
  'kube-system',
);

/** A name that Datadog accepts, in any case. */
export const metricName: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(...letters),
    fc.string({ unit: fc.constantFrom(...letters, ...digits, '_', '.'), maxLength: 199 }),
  )
  .map((parts) => parts.join(''));

export const metricKey: fc.Arbitrary<MetricKey> = fc.record({ namespace, name: metricName, selector });

/** A point that may be served. */
export const point: fc.Arbitrary<Point> = fc.record({
  value: fc
    .oneof(
      fc.double({ min: 0, max: largestValue, noNaN: true }),
      fc.nat(),
      fc.constantFrom(0, 0.7, 1e-12, largestValue),
    )
    .map((value) => (value === 0 ? 0 : value)),
  observedAtMs: fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2040, 0) }),
});

export const invalidReasons: readonly InvalidReason[] = [
  'unaskable',
  'ambiguous',
  'rejected',
  'no_series',
  'several_series',
  'only_nulls',
  'not_a_number',
  'infinite',
  'negative',
  'out_of_range',
  'stale',
  'future',
];

const sentence = fc.string({ minLength: 1, maxLength: 80, unit: 'binary' });
const query = fc.option(sentence, { nil: undefined });
const trouble = fc
  .option(sentence, { nil: undefined })
  .map((text) => (text === undefined ? {} : { trouble: text }));
const lastPoint = fc
  .option(point, { nil: undefined })
  .map((last) => (last === undefined ? {} : { lastPoint: last }));

export const record: fc.Arbitrary<MetricRecord> = fc.oneof(
  fc
    .tuple(metricKey, query, trouble)
    .map(([key, asked, extra]) => ({ state: 'pending' as const, key, query: asked, ...extra })),
  fc
    .tuple(metricKey, query, point, trouble)
    .map(([key, asked, at, extra]) => ({ state: 'valid' as const, key, query: asked, point: at, ...extra })),
  fc
    .tuple(
      metricKey,
      query,
      fc.constantFrom(...invalidReasons),
      fc.oneof(sentence, fc.constant('')),
      lastPoint,
    )
    .map(([key, asked, reason, detail, extra]) => ({
      state: 'invalid' as const,
      key,
      query: asked,
      reason,
      detail,
      ...extra,
    })),
);
