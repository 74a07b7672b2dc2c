import { type Accounted, accounted } from './account.js';
import { type Contestant, orderIn } from './contestant.js';
import { runH2load } from './h2load.js';
import { type LoadResult, type LoadShape, loadShapes } from './load.js';
import { runLoader } from './loader.js';
import { metricPath, spread } from './metric-set.js';
import type { Stage } from './stage.js';

/** By whom, and over what. */
export type Way = 'bearer token' | 'front proxy' | 'aggregator';

/** One run of a load against one contestant. */
export interface ReadRun {
  readonly way: Way;
  readonly shape: string;
  readonly size: number;
  readonly contestant: Contestant;
  readonly round: number;
  readonly load: LoadResult;
  /** Of the contestant; for the aggregator kube-apiserver's is beside it. */
  readonly cpuMicrosPerRequest: number;
  readonly apiServerCpuMicrosPerRequest: number;
}

/** So many metrics are asked for by turns: each is a permission of its own, which both sides review again after 10 s. */
const maxTargets = 50;

const direct: readonly LoadShape[] = [
  loadShapes.one,
  loadShapes.sixteen,
  loadShapes.sixtyFour,
  loadShapes.http1,
];

/** All ways of reading, against both contestants by turns; their order is reversed every other round. */
export async function compareReads(stage: Stage): Promise<readonly ReadRun[]> {
  const runs: ReadRun[] = [];
  for (let round = 0; round < stage.scale.rounds; round += 1) {
    for (const contestant of orderIn(round)) {
      for (const shape of direct) runs.push(await readOnce(stage, 'bearer token', shape, contestant, round));
      for (const shape of direct) runs.push(await readOnce(stage, 'front proxy', shape, contestant, round));
      await stage.register(contestant);
      runs.push(await readOnce(stage, 'aggregator', loadShapes.sixtyFour, contestant, round));
    }
  }
  return runs;
}

export async function readOnce(
  stage: Stage,
  way: Way,
  shape: LoadShape,
  contestant: Contestant,
  round: number,
): Promise<ReadRun> {
  const { pid } = stage.contestant(contestant);
  const indexes = spread(stage.size, maxTargets);
  const pids = [pid, stage.cluster.pidOf('kube-apiserver')];
  const { result, cpuSeconds } = await run(stage, { way, shape, contestant, indexes, pids });
  stage.judge(`${way}, ${shape.name}, ${contestant}`, result);
  const micros = cpuSeconds.map((seconds) => (seconds * 1e6) / result.requests);
  return {
    way,
    shape: shape.name,
    size: stage.size,
    contestant,
    round,
    load: result,
    cpuMicrosPerRequest: micros[0] ?? Number.NaN,
    apiServerCpuMicrosPerRequest: micros[1] ?? Number.NaN,
  };
}

interface Order {
  readonly way: Way;
  readonly shape: LoadShape;
  readonly contestant: Contestant;
  readonly indexes: readonly number[];
  readonly pids: readonly number[];
}

async function run(stage: Stage, order: Order): Promise<Accounted<LoadResult>> {
  const { way, shape, contestant, indexes, pids } = order;
  const { scale, cluster } = stage;
  if (way === 'front proxy') {
    const once = (seconds: number): Promise<LoadResult> =>
      runLoader({
        file: stage.programs.loader,
        port: stage.contestant(contestant).port,
        caPem: stage.caPem,
        serverName: stage.serverName,
        frontProxy: cluster.plane.frontProxy,
        indexes,
        shape,
        warmSeconds: 0,
        seconds,
      });
    await once(scale.warmSeconds);
    return accounted(pids, () => once(scale.readSeconds));
  }
  const port = way === 'aggregator' ? Number(cluster.url.port) : stage.contestant(contestant).port;
  const paths = indexes.map(metricPath);
  const { token, folder } = stage;
  const once = (requests: number): Promise<LoadResult> =>
    runH2load({ port, token, paths, shape, requests, folder });
  const warm = await once(scale.warmRequests);
  // As many as fill the time at that pace.
  const requests = Math.max(scale.warmRequests, Math.round(warm.perSecond * scale.readSeconds));
  return accounted(pids, () => once(requests));
}
