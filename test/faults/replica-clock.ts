import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '../project-root.js';
import { type FaultWorld, logsFolder } from './world.js';

const preload = pathToFileURL(join(projectRoot, 'dist/test/faults/shifted-clock.js')).href;

/** The wall clock of one replica, to be set wrong and right; the replica is restarted for it, its clock right at first. */
export class ReplicaClock {
  readonly #world: FaultWorld;
  readonly #name: string;
  readonly #file: string;

  constructor(world: FaultWorld, name: string) {
    this.#world = world;
    this.#name = name;
    this.#file = join(logsFolder, `${name}.clock`);
  }

  async install(): Promise<void> {
    const { fleet } = this.#world;
    writeFileSync(this.#file, '0');
    if (fleet.phase(this.#name) !== 'gone') await fleet.terminate(this.#name);
    await fleet.start(this.#name, {
      nodeOptions: ['--import', preload],
      settings: { SHIFTED_CLOCK: this.#file },
    });
  }

  /** Milliseconds ahead of the truth; negative for behind. */
  set(offsetMs: number): void {
    writeFileSync(this.#file, String(offsetMs));
    process.kill(this.#world.fleet.replica(this.#name).process.pid, 'SIGUSR2');
  }
}
