import { silentLog } from '../core/log.js';
import { type HeldRecord, metricId } from '../core/metric.js';
import { atOnce, type Steps } from '../core/pace.js';
import { Feed } from '../dashboard/feed.js';
import type { Overview } from '../dashboard/model/state.js';
import type { PageAutoscaler } from '../dashboard/page-state.js';

/** Prints what the page's memory of an hour takes for 1,000 metrics. Run with `node --expose-gc`, or the heap holds garbage too. */
const metrics = 1_000;
const sampleMs = 30_000;
const pace = { run: async <T>(work: Steps<T>): Promise<T> => atOnce(work) };
const startMs = Date.parse('2026-01-01T00:00:00Z');
let passedMs = 0;
let collectingMs = 0;
const clock = {
  nowMs: () => startMs + passedMs,
  monotonicMs: () => passedMs,
  sleep: async (): Promise<void> => {},
};

const keys = Array.from({ length: metrics }, (_, at) => ({
  namespace: 'bench',
  name: `shop.requests_${at}`,
  selector: [],
}));
const autoscalers: readonly PageAutoscaler[] = keys.map((key, at) => ({
  id: `bench/hpa-${at}`,
  minReplicas: 1,
  maxReplicas: 20,
  currentReplicas: 5,
  desiredReplicas: 5,
  troubles: [],
  metrics: [{ id: metricId(key), target: { kind: 'AverageValue', value: 10 } }],
}));
const overview: Overview = {
  version: '0',
  pod: 'bench',
  startedAtMs: startMs,
  leader: { who: 'me', name: 'bench' },
  replicas: [],
  unready: [],
  budget: null,
  certificateNotAfterMs: null,
  reflectors: [],
  warnings: [],
  untold: [],
  canExplain: false,
};

function records(): readonly HeldRecord[] {
  return keys.map((key, at) => ({
    record: {
      state: 'valid',
      key,
      query: `avg:${key.name}{*}.rollup(avg,30)`,
      point: { value: at + passedMs / 1000, observedAtMs: clock.nowMs() - 10_000 },
    },
    ageOnArrivalMs: 10_000,
    arrivedAtMonotonicMs: passedMs,
  }));
}

function memory(): { readonly heap: number; readonly buffers: number; readonly rss: number } {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { heap: heapUsed / 1e6, buffers: arrayBuffers / 1e6, rss: rss / 1e6 };
}

const before = memory();
const feed = new Feed(
  {
    records: { list: records },
    autoscalers: () => autoscalers,
    overview: () => overview,
    clock,
    log: silentLog,
    pace,
  },
  { sampleMs },
);
const startedMs = performance.now();
const samples = 3_600_000 / sampleMs;
for (let at = 0; at < samples; at += 1) {
  await feed.tick();
  passedMs += sampleMs;
  // In life there is half a minute between two looks.
  const pausedMs = performance.now();
  globalThis.gc?.();
  collectingMs += performance.now() - pausedMs;
}
const perTickMs = (performance.now() - startedMs - collectingMs) / samples;
const after = memory();
const settled = records();
const quiet = new Feed(
  {
    records: { list: () => settled },
    autoscalers: () => autoscalers,
    overview: () => overview,
    clock,
    log: silentLog,
    pace,
  },
  { sampleMs: 0 },
);
for (let at = 0; at < 5; at += 1) await quiet.tick();
const quietMs = performance.now();
for (let at = 0; at < 100; at += 1) await quiet.tick();
const perQuietTickMs = (performance.now() - quietMs) / 100;
const state = JSON.stringify(feed.state());
const [key] = keys;
const points = key === undefined ? 0 : feed.series(metricId(key)).values.length;
const grown = (name: keyof typeof before): string => `${(after[name] - before[name]).toFixed(1)} MB`;
console.log(`${metrics} metrics, ${points} points each; history ${(feed.historyBytes / 1e6).toFixed(2)} MB`);
console.log(
  `heap +${grown('heap')}, buffers +${grown('buffers')}, RSS +${grown('rss')} (${after.rss.toFixed(0)} MB)`,
);
console.log(
  `one look and sample ${perTickMs.toFixed(1)} ms where all has changed, ${perQuietTickMs.toFixed(1)} ms where nothing has; a whole state ${(state.length / 1e6).toFixed(2)} MB of JSON`,
);
