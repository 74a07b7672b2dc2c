import { Fault } from '../../../../core/fault.js';
import { fail, ok, type Result } from '../../../../core/result.js';
import type { Call, KubeApi, Method } from '../../../../kube/api.js';
import { type JsonObject, toObject, toText, valueAt } from '../../../../kube/json.js';
import type { SimulatedProcess, SimulatedTime } from './time.js';

/** The objects of a cluster by path, with the API server's rules: a PUT that changes nothing makes no revision. */
export class SimulatedStore {
  readonly #objects = new Map<string, JsonObject>();
  readonly #watchers = new Set<() => void>();
  #revision = 0;

  get(path: string): JsonObject | undefined {
    return this.#objects.get(path);
  }

  put(path: string, body: JsonObject): JsonObject {
    this.#revision += 1;
    const metadata = { ...toObject(body['metadata']), resourceVersion: String(this.#revision) };
    const stored = { ...body, metadata };
    this.#objects.set(path, stored);
    for (const tell of [...this.#watchers]) tell();
    return stored;
  }

  delete(path: string): void {
    this.#objects.delete(path);
    for (const tell of [...this.#watchers]) tell();
  }

  watch(tell: () => void): () => void {
    this.#watchers.add(tell);
    return () => void this.#watchers.delete(tell);
  }

  answer(method: Method, path: string, body: JsonObject): Result<unknown, Fault> {
    const found = this.#objects.get(path);
    if (method === 'POST') {
      const target = `${path}/${String(valueAt(body, 'metadata', 'name'))}`;
      return this.#objects.has(target) ? refuse('kube.conflict') : ok(this.put(target, body));
    }
    if (found === undefined) return refuse('kube.not_found');
    if (method === 'GET') return ok(found);
    if (revisionOf(body) !== revisionOf(found)) return refuse('kube.conflict');
    return ok(JSON.stringify(body) === JSON.stringify(found) ? found : this.put(path, body));
  }
}

/** How one replica reaches the API server. Chances are of 1; delays are drawn evenly below their bound. */
export interface Road {
  readonly lostRequests: number;
  readonly lostAnswers: number;
  readonly delayMs: number;
}

export interface NetworkPorts {
  readonly time: SimulatedTime;
  readonly store: SimulatedStore;
  readonly random: () => number;
}

/** The API as one process has it: each way takes its time, or never ends. */
export function simulatedApi(
  { time, store, random }: NetworkPorts,
  process: SimulatedProcess,
  road: () => Road,
): KubeApi {
  return {
    request: (method: Method, path: string, call: Call, signal: AbortSignal) =>
      new Promise((resolve) => {
        const gaveUp = (): void => resolve(fail(new Fault('kube.unreachable', 'no answer in time')));
        if (signal.aborted) return gaveUp();
        signal.addEventListener('abort', gaveUp, { once: true });
        const { lostRequests, lostAnswers, delayMs } = road();
        if (random() < lostRequests) return;
        // What was sent arrives, whatever becomes of its sender.
        time.at(time.nowMs + random() * delayMs, () => {
          const answer = store.answer(method, path, toObject(call.body) ?? {});
          if (random() < lostAnswers) return;
          time.at(time.nowMs + random() * delayMs, () => process.deliver(() => resolve(answer)));
        });
      }),
    stream: () => {
      throw new Error('events are told by the store');
    },
  };
}

function revisionOf(body: JsonObject): string | undefined {
  return toText(valueAt(body, 'metadata', 'resourceVersion'));
}

function refuse(code: 'kube.conflict' | 'kube.not_found'): Result<never, Fault> {
  return fail(new Fault(code, code));
}
