import { setTimeout as sleep } from 'node:timers/promises';
import { benchNamespace } from './metric-set.js';
import type { Stage } from './stage.js';
import { untilValue } from './start.js';

/**
 * From the request that creates an autoscaler to the first value for it, in seconds, one for each trial. They come a
 * batch window apart, so that each is the first of a quiet
 * time, with an odd rest, so that they fall anywhere in a refresh period.
 */
export async function measureFirstValues(stage: Stage): Promise<readonly number[]> {
  const { scale, cluster, datadog } = stage;
  const settings = { DD_EXTERNAL_METRICS_PROVIDER_BATCH_WINDOW: `${scale.batchWindowSeconds}` };
  const { port } = await stage.startProduct({ name: 'dca-0', serving: cluster.serving, settings });
  const seconds: number[] = [];
  for (let trial = 0; trial < scale.firstValueTrials; trial += 1) {
    await sleep(scale.batchWindowSeconds * 1_000 + 300 + 37 * trial);
    const name = `bench.first_${trial}`;
    await datadog.ask('haveAnother', name);
    const startedAtMs = performance.now();
    await cluster.wantAnother(name);
    await untilValue(
      stage,
      port,
      `/apis/external.metrics.k8s.io/v1beta1/namespaces/${benchNamespace}/${name}`,
    );
    seconds.push((performance.now() - startedAtMs) / 1_000);
  }
  await stage.clear();
  await cluster.forgetStoredMaps();
  return seconds;
}
