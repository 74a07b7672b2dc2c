import { newMaterial } from '../../../certs/authority.js';
import { carryOut } from '../../../certs/carry-out.js';
import type { SharedCertificates } from '../../../certs/shared-certificates.js';
import { type Clock, systemClock } from '../../../core/clock.js';
import { createLogger } from '../../../core/log.js';
import { createRegistry } from '../../../core/telemetry.js';
import type { RequestHandler } from '../../../http/exchanges.js';
import { TlsListener } from '../../../http/listener.js';
import { createListenerMetrics } from '../../../http/listener-metrics.js';
import type { ListenerOptions } from '../../../http/server-life.js';
import type { StreamHandler } from '../../../http/stream-exchange.js';

const dayMs = 86_400_000;
const rules = { leafLifeMs: dayMs, authorityLifeMs: 10 * dayMs, propagationMs: 0, backdateMs: 300_000 };

/** A certificate feed whose certificate is changed by hand; all its leaves are of one authority. */
export class HandFeed {
  #certificates: SharedCertificates;
  #isEmpty: boolean;
  readonly #listeners = new Set<() => void>();

  constructor(options: { readonly isEmpty?: boolean; readonly madeAtMs?: number } = {}) {
    this.#isEmpty = options.isEmpty ?? false;
    this.#certificates = carryOut(
      { step: 'begin', salvage: [], why: '' },
      this.#workshop(options.madeAtMs ?? systemClock.nowMs()),
    );
  }

  get caPem(): string {
    return this.#certificates.signer.certPem;
  }

  current(): { readonly certPem: string; readonly keyPem: string } | undefined {
    return this.#isEmpty ? undefined : this.#certificates.leaf;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  renew(): void {
    this.#isEmpty = false;
    const workshop = this.#workshop(systemClock.nowMs());
    this.#certificates = carryOut(
      { step: 'reissue', of: this.#certificates, names: workshop.names, why: '' },
      workshop,
    );
    for (const listener of this.#listeners) listener();
  }

  #workshop(nowMs: number) {
    return { nowMs, names: ['metrics.datadog.svc', 'localhost', '127.0.0.1'], rules, newMaterial };
  }
}

export interface SceneOptions extends Partial<ListenerOptions> {
  readonly handler?: RequestHandler;
  readonly streamHandler?: StreamHandler;
  readonly feed?: HandFeed;
  readonly clock?: Clock;
  readonly isWanted?: () => boolean;
}

const scenes = new Set<() => Promise<void>>();

/** Stops the listeners of all scenes that still run; for `afterEach`, so that a failed test leaves nothing behind. */
export async function endScenes(): Promise<void> {
  const ends = [...scenes];
  scenes.clear();
  await Promise.all(ends.map((end) => end()));
}

/** A listener that runs on a free loopback port until the test ends. */
export async function tlsScene(options: SceneOptions = {}) {
  const {
    handler = answerOk,
    streamHandler,
    feed = new HandFeed(),
    clock = systemClock,
    isWanted = () => true,
    ...listenerOptions
  } = options;
  const lines: string[] = [];
  const registry = createRegistry({ withProcessMetrics: false });
  const log = createLogger('debug', (text) => text, { write: (line) => lines.push(line) });
  const listener = new TlsListener(
    {
      certificate: feed,
      handler,
      ...(streamHandler === undefined ? {} : { streamHandler }),
      clock,
      log,
      metrics: createListenerMetrics(registry),
      isWanted,
    },
    { name: 'test', host: '127.0.0.1', port: 0, drainMs: 2_000, lingerMs: 100, ...listenerOptions },
  );
  const stop = new AbortController();
  const ended = listener.run(stop.signal);
  scenes.add(async () => {
    stop.abort();
    await ended.catch(() => {});
  });
  await Promise.race([ended, until(() => listener.address() !== undefined || feed.current() === undefined)]);
  return {
    listener,
    feed,
    lines,
    registry,
    stop,
    ended,
    port: listener.address()?.port ?? 0,
    ca: feed.caPem,
  };
}

export const answerOk: RequestHandler = (_request, response) => {
  response.setHeader('Content-Type', 'text/plain');
  response.end('ok');
};

/** Resolves when `isTrue`, looked at every few milliseconds; rejects after 5 s. */
export async function until(isTrue: () => boolean, what = 'what was waited for'): Promise<void> {
  const patience = new AbortController();
  for (let waitedMs = 0; !isTrue(); waitedMs += 5) {
    if (waitedMs > 5_000) throw new Error(`${what} did not come`);
    await systemClock.sleep(5, patience.signal);
  }
}

export function pause(ms: number): Promise<void> {
  return systemClock.sleep(ms, new AbortController().signal);
}
