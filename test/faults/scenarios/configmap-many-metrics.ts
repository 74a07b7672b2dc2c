import { until } from '../../control-plane/waiting.js';
import {
  askForBulk,
  type BulkMetric,
  bulkMetrics,
  bulkNamespace,
  ceaseToAsk,
  countServed,
  forgetBulk,
  shapeBulk,
} from '../bulk.js';
import { check, since } from '../expect.js';
import { replaceAll } from '../replace-all.js';
import type { Scenario, Size } from '../scenario.js';
import { type Box, entriesOf, firstBox, readBoxes } from '../shared-metrics.js';
import { readTelemetry } from '../telemetry.js';
import { watchedMetrics } from '../watched.js';
import type { FaultWorld } from '../world.js';

/** In the short run just too many for one ConfigMap. */
const counts: Readonly<Record<Size, number>> = { short: 1_500, long: 5_000 };

/** Of this machine one part is Datadog, another kube-apiserver and etcd: all values each second is too much for it. */
const settings = {
  DD_EXTERNAL_METRICS_PROVIDER_REFRESH_PERIOD: '10',
  DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE: '45',
  DD_EXTERNAL_METRICS_PROVIDER_LOCAL_COPY_REFRESH_RATE: '15',
  DD_LEADER_LEASE_DURATION: '30',
};
/** etcd's bound for one object. */
const mebibyte = 1_048_576;
/** Reading all ConfigMaps is work for everybody on this machine. */
const readingMs = 2_000;

/** More metrics with long labels than one ConfigMap may hold, and back again. */
export const configMapManyMetrics: Scenario = {
  id: '5f',
  title: 'thousands of metrics with long labels',
  maxAgeMs: 45_000,
  async run(world, size) {
    const metrics = bulkMetrics(counts[size]);
    await replaceAll(world, settings);
    await world.plane.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: bulkNamespace } });
    shapeBulk(world, metrics);
    const grown = await grow(world, metrics);
    const shrunkSeconds = await shrink(world, metrics);
    await replaceAll(world);
    const recoverySeconds = await world.untilWell('the many metrics');
    return {
      recoverySeconds,
      note: `${metrics.length} ${grown}; back to one ConfigMap after ${shrunkSeconds.toFixed(1)} s`,
    };
  },
};

async function grow(world: FaultWorld, metrics: readonly BulkMetric[]): Promise<string> {
  const fromMs = Date.now();
  await askForBulk(world, metrics);
  const askedSeconds = since(fromMs);
  await untilCounted(world, metrics.length + watchedMetrics.length);
  const validSeconds = since(fromMs);
  const boxes = await until(
    'all metrics to be valid in the ConfigMaps',
    async () => {
      const found = await readBoxes(world);
      return validIn(found) === metrics.length + watchedMetrics.length ? found : undefined;
    },
    { timeoutMs: 60_000, pollMs: readingMs },
  );
  const storedSeconds = since(fromMs);
  check(boxes.length > 1, () => 'they all fit into one ConfigMap');
  const sizes = boxes.map(sizeOf);
  check(Math.max(...sizes) < mebibyte, () => `a ConfigMap of ${Math.max(...sizes)} bytes`);
  for (const replica of world.fleet.names()) {
    const served = await countServed(world, replica, metrics);
    check(served === metrics.length, () => `${replica} serves ${served} of ${metrics.length}`);
  }
  const kib = sizes.map((size) => Math.round(size / 1024)).join(' + ');
  return `asked for within ${askedSeconds.toFixed(1)} s, valid after ${validSeconds.toFixed(1)} s, shared after ${storedSeconds.toFixed(1)} s in ${kib} KiB, all served by both`;
}

async function shrink(world: FaultWorld, metrics: readonly BulkMetric[]): Promise<number> {
  await ceaseToAsk(world);
  const fromMs = Date.now();
  forgetBulk(world, metrics);
  await untilCounted(world, watchedMetrics.length);
  await until(
    'the ConfigMaps to shrink back',
    async () => {
      const boxes = await readBoxes(world);
      const isOne = boxes.length === 1 && boxes[0]?.name === firstBox;
      return isOne && validIn(boxes) === watchedMetrics.length ? true : undefined;
    },
    { pollMs: readingMs },
  );
  for (const replica of world.fleet.names()) {
    const served = await countServed(world, replica, metrics.slice(0, 8));
    check(served === 0, () => `${replica} serves ${served} of 8 that nobody wants`);
  }
  return since(fromMs);
}

/** Waits until the leader says that so many of its metrics have a value, and none has not. */
function untilCounted(world: FaultWorld, valid: number): Promise<true> {
  return until(
    `${valid} valid metrics`,
    async () => {
      const samples = await readTelemetry(world.fleet.replica(await world.holder()));
      const [isValid, isNot] = ['true', 'false'].map((value) =>
        samples.get(`external_metrics{valid="${value}"}`),
      );
      return isValid === valid && isNot === 0 ? true : undefined;
    },
    { timeoutMs: 60_000, pollMs: 250 },
  );
}

function validIn(boxes: readonly Box[]): number {
  return boxes.flatMap((box) => [...entriesOf(box).values()]).filter(({ state }) => state === 'valid').length;
}

function sizeOf({ data }: Box): number {
  return Object.entries(data).reduce(
    (sum, [key, text]) => sum + Buffer.byteLength(key) + Buffer.byteLength(text),
    0,
  );
}
