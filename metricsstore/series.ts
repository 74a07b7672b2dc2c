import { type Clock, type Instant, instantOf } from '../core/clock.js';
import { type HeldRecord, type MetricRecord, pointAgeMs } from '../core/metric.js';
import type { Pace, Steps } from '../core/pace.js';
import { type Registry, readGauge, readNumber } from '../core/telemetry.js';
import { BoundedNames } from './bounded-names.js';
import type { CopyReport } from './copy-report.js';
import type { Snapshot } from './draft.js';

export interface SeriesPorts {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly pace: Pace;
  readonly records: { readonly snapshot: Snapshot };
  /** Only the leader tells what it got from Datadog; every replica how old is what it serves. */
  readonly leadership: { isLeader(): boolean };
  readonly copy: { describe(): CopyReport };
}

/** What is told of one query. */
interface Observed {
  readonly value: number;
  readonly observedAtSeconds: number;
  readonly delaySeconds: number;
  readonly ageSeconds: number;
}

/** How two of the rest become one number. */
type Summary = (a: number, b: number) => number;

const sum: Summary = (a, b) => a + b;

/** Label of all metrics beyond the bound. */
const other = 'other';

/**
 * Lets `/metrics` tell the value and the age of each metric, by its query and under the names of the original agent, and of
 * the shared copy. At most 1,000 queries have a series of their own in each; the rest is told as `other`.
 *
 * @param options `maxSeries`: default 1,000
 */
export function reportSeries(ports: SeriesPorts, options: { readonly maxSeries?: number } = {}): void {
  const split = new Split(ports, new BoundedNames({ max: options.maxSeries ?? 1_000 }));
  const tell = (
    name: string,
    help: string,
    { of, rest }: { readonly of: (one: Observed) => number; readonly rest: Summary },
    isTold: () => boolean,
  ): void => {
    const read = async () => {
      if (!isTold()) return {};
      const { ofTheirOwn, others } = await split.of(ports.records.snapshot);
      const now = instantOf(ports.clock);
      return ports.pace.run(told(ofTheirOwn, others, { of: (held) => of(observe(held, now)), rest }));
    };
    readGauge(ports.registry, { name, help, label: 'metric' }, read);
  };
  const asLeader = (): boolean => ports.leadership.isLeader();
  tell(
    'external_metrics_processed_value',
    'Value that Datadog answered, by query; of the rest their sum. On the leader.',
    { of: ({ value }) => value, rest: sum },
    asLeader,
  );
  tell(
    'external_metrics_updated',
    'Instant that the value describes, in seconds since the epoch, by query; of the rest the oldest. On the leader.',
    { of: ({ observedAtSeconds }) => observedAtSeconds, rest: Math.min },
    asLeader,
  );
  tell(
    'external_metrics_delay_seconds',
    'Age of the value when it came here, by query; of the rest the highest. On the leader.',
    { of: ({ delaySeconds }) => delaySeconds, rest: Math.max },
    asLeader,
  );
  tell(
    'external_metrics_age_seconds',
    'Age now of the value that this replica serves, by query; of the rest the highest.',
    { of: ({ ageSeconds }) => ageSeconds, rest: Math.max },
    () => true,
  );
  reportCopy(ports.registry, ports.copy);
}

function reportCopy(registry: Registry, copy: SeriesPorts['copy']): void {
  const tell = (name: string, help: string, read: (report: CopyReport) => number | null): void => {
    readNumber(
      registry,
      { name: `external_metrics_store_${name}`, help },
      () => read(copy.describe()) ?? undefined,
    );
  };
  tell('bytes', 'Size of all ConfigMaps with the metrics, as this replica saw them.', ({ bytes }) => bytes);
  tell('configmaps', 'How many ConfigMaps hold the metrics.', ({ configMaps }) => configMaps.length);
  tell(
    'unchanged_seconds',
    'Since the ConfigMaps last changed, as far as this replica saw; NaN before.',
    ({ unchangedSeconds }) => unchangedSeconds,
  );
  tell(
    'lag_seconds',
    "From the leader's writing of the last change to its coming here, by both replicas' clocks; NaN on the leader.",
    ({ lagSeconds }) => lagSeconds,
  );
}

/** Which records have a series of their own, and which are told together. Found out once for each snapshot. */
class Split {
  readonly #ports: Pick<SeriesPorts, 'pace'>;
  readonly #names: BoundedNames;
  readonly #parts = new WeakMap<Snapshot, Promise<Parts>>();

  constructor(ports: Pick<SeriesPorts, 'pace'>, names: BoundedNames) {
    this.#ports = ports;
    this.#names = names;
  }

  of(snapshot: Snapshot): Promise<Parts> {
    const known = this.#parts.get(snapshot);
    if (known !== undefined) return known;
    const parts = this.#ports.pace.run(divided(snapshot, this.#names));
    this.#parts.set(snapshot, parts);
    return parts;
  }
}

interface Parts {
  readonly ofTheirOwn: readonly (readonly [string, HeldValue])[];
  readonly others: readonly HeldValue[];
}

type HeldValue = HeldRecord & { readonly record: Extract<MetricRecord, { readonly state: 'valid' }> };

/** Those that have a value to serve, each query once. */
function* divided(snapshot: Snapshot, names: BoundedNames): Steps<Parts> {
  const all = new Map<string, HeldValue>();
  for (const held of snapshot.values()) {
    if (hasValue(held) && held.record.query !== undefined) all.set(held.record.query, held);
    yield;
  }
  const chosen = names.choose(all);
  const ofTheirOwn: [string, HeldValue][] = [];
  const others: HeldValue[] = [];
  for (const [query, held] of all) {
    if (chosen.has(query)) ofTheirOwn.push([query, held]);
    else others.push(held);
    yield;
  }
  return { ofTheirOwn, others };
}

function hasValue(held: HeldRecord): held is HeldValue {
  return held.record.state === 'valid';
}

function observe(held: HeldValue, clock: Instant): Observed {
  const { point } = held.record;
  return {
    value: point.value,
    observedAtSeconds: point.observedAtMs / 1000,
    delaySeconds: held.ageOnArrivalMs / 1000,
    ageSeconds: (pointAgeMs(held, clock) ?? 0) / 1000,
  };
}

function* told(
  ofTheirOwn: Parts['ofTheirOwn'],
  others: Parts['others'],
  { of, rest }: { readonly of: (held: HeldValue) => number; readonly rest: Summary },
): Steps<Readonly<Record<string, number>>> {
  const values: [string, number][] = [];
  for (const [query, held] of ofTheirOwn) {
    values.push([query, of(held)]);
    yield;
  }
  let together: number | undefined;
  for (const held of others) {
    const value = of(held);
    together = together === undefined ? value : rest(together, value);
    yield;
  }
  return Object.fromEntries(together === undefined ? values : [...values, [other, together]]);
}
