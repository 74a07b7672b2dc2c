import { setTimeout as sleep } from 'node:timers/promises';
import { serve } from '../shared/remote.js';
import { MetricReader, type ReadingPlace } from './metric-reader.js';
import { type PacedCourse, Pacing } from './pacing.js';

/** What the process of the reader can be asked to do. */
export interface ReaderCalls {
  /** Reads these metrics by turns until `stopPacing`. */
  startPacing(given: {
    readonly place: ReadingPlace;
    readonly perSecond: number;
    readonly indexes: readonly number[];
  }): Promise<void>;
  stopPacing(given: undefined): Promise<PacedCourse>;
  /** Waits until a replica answers all of these metrics with their values; for each, the time that its value is of. */
  untilServed(given: {
    readonly place: ReadingPlace;
    readonly indexes: readonly number[];
    readonly timeoutMs: number;
  }): Promise<readonly string[]>;
  /**
   * Waits until the values of all of these are of another time than `before`, at each of the places; for each place and
   * metric, when that was first seen, in milliseconds since the epoch.
   */
  watchNews(given: {
    readonly leader: ReadingPlace;
    readonly follower: ReadingPlace;
    readonly indexes: readonly number[];
    readonly before: readonly string[];
    readonly timeoutMs: number;
  }): Promise<{ readonly leaderAtMs: number; readonly followerAtMs: readonly number[] }>;
}

/** A look costs the replica about 0.1 ms; a follower is asked for many metrics. */
const lookEveryMs = { leader: 5, follower: 40 };

function readerCalls(): ReaderCalls {
  let pacing: Pacing | undefined;
  return {
    startPacing: async ({ place, ...options }) => {
      pacing = new Pacing(await MetricReader.open(place), options);
    },
    stopPacing: async () => {
      if (pacing === undefined) throw new Error('start pacing first');
      return pacing.stop();
    },
    untilServed: async ({ place, indexes, timeoutMs }) => {
      const reader = await MetricReader.openInTime(place, timeoutMs);
      try {
        return await Promise.all(
          indexes.map(
            async (index) =>
              (await untilTime(reader, index, () => true, { timeoutMs, everyMs: lookEveryMs.follower })).time,
          ),
        );
      } finally {
        reader.close();
      }
    },
    watchNews: async ({ leader, follower, indexes, before, timeoutMs }) => {
      const [first, second] = [await MetricReader.open(leader), await MetricReader.open(follower)];
      try {
        const [index = 0] = indexes;
        // The leader takes all values of a refresh into use at once.
        const { atMs: leaderAtMs } = await untilTime(first, index, (time) => time !== before[0], {
          timeoutMs,
          everyMs: lookEveryMs.leader,
        });
        const followerAtMs = await Promise.all(
          indexes.map(
            async (each, at) =>
              (
                await untilTime(second, each, (time) => time !== before[at], {
                  timeoutMs,
                  everyMs: lookEveryMs.follower,
                })
              ).atMs,
          ),
        );
        return { leaderAtMs, followerAtMs };
      } finally {
        first.close();
        second.close();
      }
    },
  };
}

async function untilTime(
  reader: MetricReader,
  index: number,
  isWanted: (time: string) => boolean,
  { timeoutMs, everyMs }: { readonly timeoutMs: number; readonly everyMs: number },
): Promise<{ readonly time: string; readonly atMs: number }> {
  let last: string | undefined;
  for (const startedAtMs = performance.now(); performance.now() - startedAtMs < timeoutMs; ) {
    const { time, fault } = await reader.timeOf(index);
    if (time !== undefined && isWanted(time))
      return { time, atMs: performance.timeOrigin + performance.now() };
    last = time ?? fault;
    await sleep(everyMs);
  }
  throw new Error(`metric ${index} had no new value within ${timeoutMs} ms; the last answer was ${last}`);
}

serve(readerCalls());
