import { setTimeout as sleep } from 'node:timers/promises';
import { type Memory, readMemory } from './heap.js';
import type { FaultWorld } from './world.js';

/** Looks at the memory of the running replicas all the time. */
export class MemoryWatch {
  readonly #world: FaultWorld;
  readonly #stopping = new AbortController();
  #peak: Memory = { heap: 0, resident: 0 };
  #loop: Promise<void> = Promise.resolve();

  constructor(ports: { readonly world: FaultWorld }) {
    this.#world = ports.world;
  }

  /** The most that any of them had. */
  get peak(): Memory {
    return this.#peak;
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { fleet } = this.#world;
    for (; !this.#stopping.signal.aborted; await sleep(250)) {
      for (const name of fleet.names().filter((name) => fleet.phase(name) === 'running')) {
        const now = await readMemory(fleet.replica(name)).catch(() => undefined);
        if (now === undefined) continue; // a replica that does not answer is for the readers to judge
        const { heap, resident } = this.#peak;
        this.#peak = { heap: Math.max(heap, now.heap), resident: Math.max(resident, now.resident) };
      }
    }
  }
}
