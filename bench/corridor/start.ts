import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Contestant, orderIn } from './contestant.js';
import { metricPath } from './metric-set.js';
import type { Stage } from './stage.js';

/** From the start of a process until it answered a read with a value, in seconds. */
export interface StartResult {
  readonly contestant: Contestant;
  readonly trial: number;
  readonly seconds: number;
}

const patienceMs = 60_000;
const lookEveryMs = 5;

/**
 * The product begins with nothing: it makes its certificate or reads its own, leads, reads the autoscalers, asks Datadog,
 * and answers. The peer has its values from the beginning.
 */
export async function measureStarts(stage: Stage): Promise<readonly StartResult[]> {
  const results: StartResult[] = [];
  for (let trial = 0; trial < stage.scale.startTrials; trial += 1) {
    for (const contestant of orderIn(trial)) {
      const startedAtMs = performance.now();
      const { port } =
        contestant === 'peer' ? await stage.startPeer() : await stage.startProduct({ name: 'dca-0' });
      if (contestant === 'product' && trial === 0) await stage.cluster.registerFresh(port);
      await untilValue(stage, port, metricPath(0));
      results.push({ contestant, trial, seconds: (performance.now() - startedAtMs) / 1_000 });
      await stage.clear();
      await stage.cluster.forgetStoredMaps();
    }
  }
  return results;
}

/** Waits until a metric is answered with a value. */
export async function untilValue(stage: Stage, port: number, path: string): Promise<void> {
  let last = 'nothing';
  for (const startedAtMs = performance.now(); performance.now() - startedAtMs < patienceMs; ) {
    const answer = await ask(port, path, stage.token).catch((error: unknown) => String(error));
    if (answer === '200') return;
    last = answer;
    await sleep(lookEveryMs);
  }
  throw new Error(`GET ${path} on port ${port} had no value within ${patienceMs} ms; the last was ${last}`);
}

/** The status. The certificate is not verified, since a starting product has just made it. */
function ask(port: number, path: string, token: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        port,
        path,
        rejectUnauthorized: false,
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(5_000),
      },
      (answer) => {
        answer.resume();
        answer.once('end', () => resolve(`${answer.statusCode}`));
      },
    );
    call.once('error', reject);
    call.end();
  });
}
