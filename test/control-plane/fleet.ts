import type { ComponentName } from './components.js';
import { type HealthCheck, untilHealthy } from './health.js';
import { type ProcessSpec, type RunningProcess, startProcess } from './processes.js';

/** A process of the control plane, and how it is known to be ready. */
export interface Member {
  readonly spec: ProcessSpec;
  readonly check: HealthCheck;
}

/** From SIGTERM to SIGKILL; the API server waits for open watches longer than any test wants to. */
const STOP_BOUND_MS = 2000;

/** Processes that are started in order, each when the one before is ready, and may be killed and started again. */
export class Fleet {
  readonly #options: { readonly timeoutMs: number };
  readonly #members: readonly Member[];
  readonly #processes: RunningProcess[] = [];

  constructor(options: { readonly timeoutMs: number }, members: readonly Member[]) {
    this.#options = options;
    this.#members = members;
  }

  /** In the order of starting; each as it runs now, or ran last. */
  get processes(): readonly RunningProcess[] {
    return this.#processes;
  }

  /** Throws when one is not ready in time, which is shared by all. */
  async startAll(): Promise<void> {
    const deadlineAtMs = Date.now() + this.#options.timeoutMs;
    for (const { spec, check } of this.#members) {
      this.#processes.push(await startProcess(spec));
      await untilHealthy(check, this.#processes, deadlineAtMs);
    }
  }

  /** SIGKILL; returns when the process is gone. */
  async kill(name: ComponentName): Promise<void> {
    await this.#processes[this.#indexOf(name)]?.kill();
  }

  /** Runs the same again, with the same files and port; returns when it is ready. */
  async start(name: ComponentName): Promise<void> {
    const index = this.#indexOf(name);
    const member = this.#members[index];
    if (member === undefined || this.#processes[index]?.ending() === undefined)
      throw new Error(`${name} runs still: kill it before it is started again`);
    const process = await startProcess(member.spec);
    this.#processes[index] = process;
    await untilHealthy(member.check, [process], Date.now() + this.#options.timeoutMs);
  }

  /** The last started first, so that none is ended while another still needs it. */
  async stop(): Promise<void> {
    for (const process of this.#processes.toReversed()) await process.stop(STOP_BOUND_MS);
  }

  #indexOf(name: ComponentName): number {
    return this.#members.findIndex(({ spec }) => spec.name === name);
  }
}
