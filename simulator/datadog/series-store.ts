import { type Clock, systemClock } from '../../core/clock.js';
import { compileFilter } from '../datadog-filter.js';
import type { MetricQuery } from '../datadog-query.js';
import { constant, type Shape } from '../datadog-shapes.js';

/** `key:value` and bare tags, or one value for each key. Datadog folds them to lower case on arrival, and so does the store. */
export type Tags = readonly string[] | Readonly<Record<string, string>>;

/** One tag set of one metric. */
export interface Series {
  /** Sorted, in lower case. */
  readonly tags: readonly string[];
  /** The value at a time: `undefined` before the series began, `null` in a gap. */
  valueAt(timeSeconds: number): number | null | undefined;
}

/** The tag sets that one answered series is made of. */
export interface SeriesGroup {
  /** The tags of the query's `by`, in its order; empty without one. */
  readonly tagSet: readonly string[];
  readonly series: readonly Series[];
}

/** A unit as Datadog describes it; the second of a pair stands for "per". */
export interface MetricUnit {
  readonly family: string;
  readonly scale_factor: number;
  readonly name: string;
  readonly short_name: string;
  readonly plural: string;
  readonly id: number;
}

/** More changes of one series than this and the oldest are forgotten: at one a second, four hours stay. */
const maxPieces = 14_400;

/** What the stand-in Datadog knows of: metrics, their tag sets, and how each runs. */
export class SeriesStore {
  readonly #clock: Clock;
  readonly #metrics = new Map<string, Map<string, StoredSeries>>();
  readonly #units = new Map<string, MetricUnit>();
  /** Groups by query, as long as no series came or went. */
  #groups = new WeakMap<MetricQuery, readonly SeriesGroup[]>();

  constructor(ports: { readonly clock?: Clock } = {}) {
    this.#clock = ports.clock ?? systemClock;
  }

  /** Gives a series this value from now on; what it was before stays in its past. */
  set(metric: string, tags: Tags, value: number): void {
    if (!Number.isFinite(value)) {
      throw new RangeError(
        `${metric}: expected a finite value, got ${value}; put such a value on the wire with a fault`,
      );
    }
    this.#series(metric, tags).change(this.#clock.nowMs() / 1000, constant(value));
  }

  /** Gives a series this run for all time, the past included. */
  shape(metric: string, tags: Tags, shape: Shape): void {
    this.#series(metric, tags).replace(shape);
  }

  /** Gives a metric a unit; without one its answers say `unit: null`, as for a custom metric. */
  describe(metric: string, unit: MetricUnit): void {
    this.#units.set(metric, unit);
  }

  unitOf(metric: string): MetricUnit | undefined {
    return this.#units.get(metric);
  }

  /** Forgets a tag set, or the whole metric. */
  remove(metric: string, tags?: Tags): void {
    this.#groups = new WeakMap();
    if (tags === undefined) this.#metrics.delete(metric);
    else this.#metrics.get(metric)?.delete(normalizeTags(tags).join(','));
  }

  clear(): void {
    this.#groups = new WeakMap();
    this.#metrics.clear();
  }

  /** The groups that a query selects, in order of their tags. A tag set without a tag of `by` is in no group. */
  select(query: MetricQuery): readonly SeriesGroup[] {
    const known = this.#groups.get(query);
    if (known !== undefined) return known;
    const groups = this.#find(query);
    this.#groups.set(query, groups);
    return groups;
  }

  #find(query: MetricQuery): readonly SeriesGroup[] {
    const isSelected = compileFilter(query.filter);
    const groups = new Map<string, { readonly tagSet: readonly string[]; readonly series: Series[] }>();
    for (const series of this.#metrics.get(query.metric)?.values() ?? []) {
      const tagSet = query.groupBy.map((key) => series.tags.find((tag) => tag.startsWith(`${key}:`)));
      if (!isSelected(series.tagSet) || !tagSet.every((tag) => tag !== undefined)) continue;
      const group = groups.get(tagSet.join(',')) ?? { tagSet, series: [] };
      group.series.push(series);
      groups.set(tagSet.join(','), group);
    }
    return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
  }

  #series(metric: string, tags: Tags): StoredSeries {
    const sets = this.#metrics.get(metric) ?? new Map<string, StoredSeries>();
    this.#metrics.set(metric, sets);
    const normalized = normalizeTags(tags);
    const key = normalized.join(',');
    const known = sets.get(key);
    if (known !== undefined) return known;
    const series = new StoredSeries(normalized);
    sets.set(key, series);
    this.#groups = new WeakMap();
    return series;
  }
}

function normalizeTags(tags: Tags): readonly string[] {
  const list = isTagList(tags) ? tags : Object.entries(tags).map(([key, value]) => `${key}:${value}`);
  return [...new Set(list.map((tag) => tag.toLowerCase()))].sort();
}

function isTagList(tags: Tags): tags is readonly string[] {
  return Array.isArray(tags);
}

class StoredSeries implements Series {
  readonly tags: readonly string[];
  readonly tagSet: ReadonlySet<string>;
  #pieces: { readonly fromSeconds: number; readonly shape: Shape }[] = [];

  constructor(tags: readonly string[]) {
    this.tags = tags;
    this.tagSet = new Set(tags);
  }

  change(fromSeconds: number, shape: Shape): void {
    this.#pieces.push({ fromSeconds, shape });
    if (this.#pieces.length > 2 * maxPieces) this.#pieces = this.#pieces.slice(-maxPieces);
  }

  replace(shape: Shape): void {
    this.#pieces = [{ fromSeconds: Number.NEGATIVE_INFINITY, shape }];
  }

  valueAt(timeSeconds: number): number | null | undefined {
    for (let index = this.#pieces.length - 1; index >= 0; index -= 1) {
      const piece = this.#pieces[index];
      if (piece === undefined || piece.fromSeconds > timeSeconds) continue;
      const value = piece.shape(timeSeconds);
      return value !== null && Number.isFinite(value) ? value : null;
    }
    return undefined;
  }
}
