import { until } from '../control-plane/waiting.js';
import { since } from './expect.js';
import { entriesOf, readBoxes } from './shared-metrics.js';
import type { Asked } from './storm.js';
import { readTelemetry } from './telemetry.js';
import { watchedMetrics } from './watched.js';
import type { FaultWorld } from './world.js';

/** Rounds of a second each, of which every one must show the same. */
const settledMs = 2_500;

/**
 * Waits until beside the watched metrics exactly these are wanted, by all that tells: the autoscalers of the API server,
 * the shared ConfigMaps, the gauge of the leader, and the queries that Datadog gets. The answer is in seconds.
 */
export async function untilWanted(world: FaultWorld, asked: readonly Asked[]): Promise<number> {
  const fromMs = Date.now();
  let why = '';
  await until(
    `exactly ${asked.length} more metrics to be wanted`,
    async () => {
      why = (await difference(world, asked)) ?? '';
      return why === '' ? true : undefined;
    },
    { timeoutMs: 20_000, pollMs: 250 },
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${why}`);
  });
  // What Datadog was asked in the last rounds is judged as well, so they are part of the wait and not of the time.
  return Math.max(0, since(fromMs) - settledMs / 1_000);
}

async function difference(world: FaultWorld, asked: readonly Asked[]): Promise<string | undefined> {
  const wanted = textOf(asked.map(({ namespace, metric }) => `${namespace}/${metric}`));
  const leader = await world.holder();
  const found = {
    'the API server': await autoscalersOf(world),
    'the shared ConfigMaps': (await readBoxes(world))
      .flatMap((box) => [...entriesOf(box).values()])
      .filter(({ metric, state }) => metric.startsWith('storm.') && state === 'valid')
      .map(({ namespace, metric }) => `${namespace}/${metric}`),
  };
  for (const [where, names] of Object.entries(found))
    if (textOf(names) !== wanted) return `${where} has ${names.length}: ${textOf(names).slice(0, 200)}`;

  const gauge = (await readTelemetry(world.fleet.replica(leader))).get('external_metrics{valid="true"}');
  if (gauge !== asked.length + watchedMetrics.length) return `the gauge of ${leader} says ${gauge}`;

  const queried = stormQueries(world, leader);
  const expected = textOf(asked.map(({ metric }) => metric));
  return textOf(queried) === expected
    ? undefined
    : `Datadog is asked for ${queried.length}: ${textOf(queried)}`;
}

async function autoscalersOf({ cluster }: FaultWorld): Promise<readonly string[]> {
  const { items } = (await cluster.json('/apis/autoscaling/v2/horizontalpodautoscalers')) as {
    readonly items: readonly {
      readonly metadata: { readonly namespace: string };
      readonly spec: {
        readonly metrics: readonly { readonly external?: { readonly metric: { readonly name: string } } }[];
      };
    }[];
  };
  return items
    .flatMap(({ metadata, spec }) =>
      spec.metrics.map(({ external }) => `${metadata.namespace}/${external?.metric.name}`),
    )
    .filter((name) => name.includes('/storm.'));
}

/** The metrics of the storm that the leader asked for in its last rounds. */
function stormQueries({ datadogs }: FaultWorld, leader: string): readonly string[] {
  const sinceMs = performance.now() - settledMs;
  const queries = datadogs
    .queriesOf(leader)
    .filter(({ atMonotonicMs }) => atMonotonicMs >= sinceMs)
    .flatMap((call) => call.queries);
  return [...new Set(queries.flatMap((query) => /storm\.[a-z]+\.\d+/.exec(query)?.[0] ?? []))];
}

function textOf(names: readonly string[]): string {
  return names.toSorted().join(' ');
}
