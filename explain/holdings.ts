import type { Clock } from '../core/clock.js';
import { type HeldRecord, lastPointOf, type MetricId, type Point, pointAgeMs } from '../core/metric.js';
import type { AnswerFacts, CallFacts, HeldFacts, PointFacts, RecordFacts } from './facts.js';

/** Where this replica keeps what it knows of a metric; nothing of it costs I/O. */
export interface HoldingsPorts {
  readonly records: { get(id: MetricId): HeldRecord | undefined };
  /** The last calls to Datadog; a follower has made none, or none lately. */
  readonly calls: { of(query: string): PastQuery | undefined };
  readonly answers: (
    id: MetricId,
  ) =>
    | { readonly toController: AnswerFacts | undefined; readonly toOthers: AnswerFacts | undefined }
    | undefined;
  readonly isLeader: () => boolean;
  readonly clock: Clock;
}

/** How a query was last asked, and its newest points. */
export interface PastQuery {
  readonly call: CallFacts;
  readonly points:
    | {
        readonly series: number;
        readonly count: number;
        readonly timesMs: readonly number[];
        readonly values: readonly (number | null)[];
      }
    | undefined;
}

/** What this replica holds of metrics, as facts that can be sent. */
export class Holdings {
  readonly #ports: HoldingsPorts;

  constructor(ports: HoldingsPorts) {
    this.#ports = ports;
  }

  of(id: MetricId): HeldFacts {
    const { records, calls, answers, isLeader } = this.#ports;
    const held = records.get(id);
    const query = held?.record.query;
    // What was asked in a former time of leading is not what the values of now come from.
    const past = query === undefined || !isLeader() ? undefined : calls.of(query);
    const given = answers(id);
    return {
      ...(held && { record: this.#recordFacts(held) }),
      ...(past && { call: past.call }),
      ...(past?.points && { points: toPoints(past.points) }),
      ...(given && {
        answers: {
          ...(given.toController && { toController: given.toController }),
          ...(given.toOthers && { toOthers: given.toOthers }),
        },
      }),
    };
  }

  #recordFacts(held: HeldRecord): RecordFacts {
    const { record } = held;
    const ageMs = pointAgeMs(held, this.#ports.clock);
    switch (record.state) {
      case 'pending':
        return { state: 'pending', ...troubleOf(record) };
      case 'valid':
        return { state: 'valid', point: record.point, ageMs: ageMs ?? 0, ...troubleOf(record) };
      case 'invalid': {
        const point: Point | undefined = lastPointOf(record);
        const { reason, detail } = record;
        return {
          state: 'invalid',
          reason,
          detail,
          ...(point && { lastPoint: point }),
          ...(ageMs !== undefined && { ageMs }),
        };
      }
    }
  }
}

function troubleOf({ trouble }: { readonly trouble?: string }): { readonly trouble?: string } {
  return trouble === undefined ? {} : { trouble };
}

function toPoints({ series, count, timesMs, values }: NonNullable<PastQuery['points']>): PointFacts {
  const points = timesMs.map((timeMs, index) => ({ timeMs, value: sendable(values[index] ?? null) }));
  return { series, count, points };
}

/** JSON has no NaN and no Infinity. */
export function sendable<T extends number | null>(value: T): T | string {
  return value === null || Number.isFinite(value) ? value : String(value);
}
