import type { Mirror } from './mirror.js';
import type { Slimmed, WatchEvent } from './view.js';

/** The objects of a collection that cannot be used. Each is told once, and again when its problem becomes another one. */
export class Problems implements Mirror<unknown> {
  readonly #tell: (key: string, problem: string) => void;
  readonly #known = new Map<string, string>();
  #listed = new Set<string>();

  constructor(ports: { readonly tell: (key: string, problem: string) => void }) {
    this.#tell = ports.tell;
  }

  begin(): void {
    this.#listed = new Set();
  }

  list(page: readonly Slimmed<unknown>[]): void {
    for (const slimmed of page) {
      this.#note(slimmed);
      if (slimmed.problem !== undefined) this.#listed.add(slimmed.key);
    }
  }

  complete(): boolean {
    for (const key of this.#known.keys()) if (!this.#listed.has(key)) this.#known.delete(key);
    return false;
  }

  apply(events: readonly WatchEvent<unknown>[]): boolean {
    for (const event of events) {
      if (event.kind === 'put') this.#note(event.slimmed);
      else if (event.kind === 'delete') this.#known.delete(event.key);
    }
    return false;
  }

  #note({ key, problem }: Slimmed<unknown>): void {
    if (problem === undefined) {
      this.#known.delete(key);
    } else if (this.#known.get(key) !== problem) {
      this.#known.set(key, problem);
      this.#tell(key, problem);
    }
  }
}
