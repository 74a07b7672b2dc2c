import { keptChanges } from './model/difference.js';
import type { AutoscalerRow, Change, MetricRow, Overview } from './model/state.js';
import { spokenMetric } from './model/words.js';

/** What is compared from one look to the next. */
export interface Watched {
  readonly overview: Pick<Overview, 'leader'>;
  readonly metrics: Readonly<Record<string, MetricRow>>;
  readonly autoscalers: Readonly<Record<string, AutoscalerRow>>;
}

type Told = Pick<Change, 'kind' | 'subject' | 'text'>;

/** What has happened since the replica's start that somebody would want to know: not each value, but each turn. The last 200. */
export class ChangeLog {
  #before: Watched | undefined;
  #changes: readonly Change[] = [];
  #count = 0;

  list(): readonly Change[] {
    return this.#changes;
  }

  /** Compares with the look before; of the first one nothing is told. */
  look(now: Watched, atMs: number): void {
    const told = this.#before === undefined ? [] : changesBetween(this.#before, now);
    this.#before = now;
    if (told.length === 0) return;
    const numbered = shortened(told).map((one) => {
      this.#count += 1;
      return { number: this.#count, atMs, ...one };
    });
    this.#changes = [...this.#changes, ...numbered].slice(-keptChanges);
  }
}

/** Changes of one look that are told one by one: a start brings one for each metric. */
const mostAtOnce = 30;

function shortened(told: readonly Told[]): readonly Told[] {
  if (told.length <= mostAtOnce) return told;
  const rest = told.length - mostAtOnce;
  return [
    { kind: 'plain', subject: `${rest} more changes`, text: 'at the same moment' },
    ...told.slice(0, mostAtOnce),
  ];
}

/** In words, metric by metric, autoscaler by autoscaler. */
export function changesBetween(before: Watched, now: Watched): readonly Told[] {
  return [
    ...leaderChange(before.overview.leader, now.overview.leader),
    ...Object.values(now.metrics).flatMap((row) => metricChange(before.metrics[row.id], row)),
    ...Object.values(before.metrics)
      .filter(({ id }) => !Object.hasOwn(now.metrics, id))
      .map((row): Told => ({ kind: 'plain', subject: spokenMetric(row), text: 'is no longer asked for' })),
    ...Object.values(now.autoscalers).flatMap((row) => autoscalerChange(before.autoscalers[row.id], row)),
    ...Object.keys(before.autoscalers)
      .filter((id) => !Object.hasOwn(now.autoscalers, id))
      .map((subject): Told => ({ kind: 'plain', subject, text: 'autoscaler removed' })),
  ];
}

function leaderChange(before: Overview['leader'], now: Overview['leader']): readonly Told[] {
  if (before.who === now.who && before.name === now.name) return [];
  const subject = now.name ?? 'the lead';
  if (now.who === 'unknown') return [{ kind: 'bad', subject, text: 'is held by nobody that is known' }];
  return [{ kind: 'plain', subject, text: now.who === 'me' ? 'leads now: this replica' : 'leads now' }];
}

function metricChange(before: MetricRow | undefined, row: MetricRow): readonly Told[] {
  const { state, reason, detail } = row;
  const subject = spokenMetric(row);
  if (before === undefined) return [{ kind: 'plain', subject, text: 'is asked for' }];
  if (before.state === state && before.reason === reason) return [];
  switch (state) {
    case 'valid':
      return [{ kind: 'good', subject, text: 'has a value' }];
    case 'pending':
      return [{ kind: 'plain', subject, text: 'waits for its first value' }];
    case 'invalid': {
      const why = detail === null ? '' : ` (${detail})`;
      return [{ kind: 'bad', subject, text: `has no value: ${reason}${why}` }];
    }
  }
}

function autoscalerChange(before: AutoscalerRow | undefined, now: AutoscalerRow): readonly Told[] {
  if (before === undefined) return [{ kind: 'plain', subject: now.id, text: 'autoscaler found' }];
  const { desiredReplicas: was } = before;
  const { desiredReplicas: is } = now;
  if (was === is || was === null || is === null) return [];
  return [{ kind: 'plain', subject: now.id, text: `wants ${is} replicas, not ${was}` }];
}
