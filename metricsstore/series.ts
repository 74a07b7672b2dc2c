import type { Clock } from '../core/clock.js';
import { type HeldRecord, lastPointOf, pointAgeMs } from '../core/metric.js';
import { type Registry, readGauge, readNumber } from '../core/telemetry.js';
import { BoundedNames } from './bounded-names.js';
import type { CopyReport } from './copy-report.js';

export interface SeriesPorts {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly records: { list(): Iterable<HeldRecord> };
  /** Only the leader tells what it got from Datadog; every replica how old is what it serves. */
  readonly leadership: { isLeader(): boolean };
  readonly copy: { describe(): CopyReport };
}

/** What is told of one query. */
interface Observed {
  readonly query: string;
  readonly value: number;
  readonly observedAtSeconds: number;
  readonly delaySeconds: number;
  readonly ageSeconds: number;
}

/** How the rest is told in one number. */
type Summary = (values: readonly number[]) => number;

const sum: Summary = (values) => values.reduce((total, value) => total + value, 0);
const lowest: Summary = (values) => values.reduce((least, value) => Math.min(least, value), Infinity);
const highest: Summary = (values) => values.reduce((most, value) => Math.max(most, value), -Infinity);

/** Label of all metrics beyond the bound. */
const other = 'other';

/**
 * Lets `/metrics` tell the value and the age of each metric, by its query and under the names of the original agent, and of
 * the shared copy. At most 1,000 queries have a series of their own in each; the rest is told as `other`.
 *
 * @param options `maxSeries`: default 1,000
 */
export function reportSeries(ports: SeriesPorts, options: { readonly maxSeries?: number } = {}): void {
  const names = new BoundedNames({ max: options.maxSeries ?? 1_000 });
  const tell = (
    name: string,
    help: string,
    { of, rest }: { readonly of: (one: Observed) => number; readonly rest: Summary },
    isTold: () => boolean,
  ): void => {
    const read = () => (isTold() ? spread(observed(ports), names, { of, rest }) : {});
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
    { of: ({ observedAtSeconds }) => observedAtSeconds, rest: lowest },
    asLeader,
  );
  tell(
    'external_metrics_delay_seconds',
    'Age of the value when it came here, by query; of the rest the highest. On the leader.',
    { of: ({ delaySeconds }) => delaySeconds, rest: highest },
    asLeader,
  );
  tell(
    'external_metrics_age_seconds',
    'Age now of the value that this replica serves, by query; of the rest the highest.',
    { of: ({ ageSeconds }) => ageSeconds, rest: highest },
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

/** Those that have a value to serve, each query once. */
function observed({ records, clock }: SeriesPorts): ReadonlyMap<string, Observed> {
  const found = new Map<string, Observed>();
  for (const held of records.list()) {
    const { record } = held;
    const point = lastPointOf(record);
    if (record.state !== 'valid' || record.query === undefined || point === undefined) continue;
    found.set(record.query, {
      query: record.query,
      value: point.value,
      observedAtSeconds: point.observedAtMs / 1000,
      delaySeconds: held.ageOnArrivalMs / 1000,
      ageSeconds: (pointAgeMs(held, clock) ?? 0) / 1000,
    });
  }
  return found;
}

function spread(
  all: ReadonlyMap<string, Observed>,
  names: BoundedNames,
  { of, rest }: { readonly of: (one: Observed) => number; readonly rest: Summary },
): Readonly<Record<string, number>> {
  const chosen = names.choose(all);
  const beyond: number[] = [];
  const told: [string, number][] = [];
  for (const [query, one] of all) {
    if (chosen.has(query)) told.push([query, of(one)]);
    else beyond.push(of(one));
  }
  return Object.fromEntries(beyond.length === 0 ? told : [...told, [other, rest(beyond)]]);
}
