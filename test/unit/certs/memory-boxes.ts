import type { BundleSink } from '../../../certs/bundle-publisher.js';
import type { SecretData } from '../../../certs/secret-codec.js';
import type { SecretBox } from '../../../certs/secret-keeper.js';
import { Fault } from '../../../core/fault.js';
import { fail, ok } from '../../../core/result.js';

/** Those who follow a box. */
class Followers {
  readonly #all = new Set<() => void>();

  tell(): void {
    for (const follower of this.#all) follower();
  }

  async follow(onChange: () => void, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.#all.add(onChange);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    this.#all.delete(onChange);
  }
}

/** One replica's way to something in the cluster; `fault` is what it meets there instead. */
export interface Road {
  fault: Fault | undefined;
}

/** A Secret in memory with the compare-and-swap of an API server. */
export class MemorySecret {
  data: SecretData | undefined;
  writes = 0;
  conflicts = 0;
  readonly #followers = new Followers();
  #revision = 0;

  /** Somebody else's change. */
  replace(data: SecretData | undefined): void {
    this.data = data;
    this.#revision += 1;
    this.#followers.tell();
  }

  box(road: Road = { fault: undefined }): SecretBox {
    return {
      read: async () => {
        await turn();
        if (road.fault !== undefined) return fail(road.fault);
        return ok(
          this.data === undefined ? undefined : { data: this.data, revision: String(this.#revision) },
        );
      },
      write: async (data, revision) => {
        await turn();
        if (road.fault !== undefined) return fail(road.fault);
        const present = this.data === undefined ? undefined : String(this.#revision);
        if (revision !== present) {
          this.conflicts += 1;
          return fail(new Fault('kube.conflict', 'the object has been modified'));
        }
        this.writes += 1;
        this.replace(data);
        return ok(String(this.#revision));
      },
      follow: (onChange, signal) => this.#followers.follow(onChange, signal),
    };
  }
}

/** The caBundle of an APIService in memory. */
export class MemoryBundle {
  caPem = '';
  changes = 0;
  readonly #followers = new Followers();

  /** Somebody else's change. */
  replace(caPem: string): void {
    this.caPem = caPem;
    this.changes += 1;
    this.#followers.tell();
  }

  sink(road: Road = { fault: undefined }): BundleSink {
    return {
      publish: async (caPem) => {
        await turn();
        if (road.fault !== undefined) return fail(road.fault);
        if (caPem === this.caPem) return ok('unchanged');
        this.replace(caPem);
        return ok('changed');
      },
      follow: (onChange, signal) => this.#followers.follow(onChange, signal),
    };
  }
}

/** Every answer takes a turn of the loop, so that two who ask at once really race. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
