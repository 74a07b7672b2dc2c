import type { Component, Health } from '../core/component.js';
import { Reflection, type ReflectionOptions, type ReflectionPorts } from './reflection.js';
import { Snapshot } from './snapshot.js';
import type { Items } from './view.js';

export type ReflectorPorts<T> = Omit<ReflectionPorts<T>, 'mirror'>;

/** Slim copies of a collection, kept in step with the API server and taken as one map that never changes. */
export class Reflector<T> implements Component {
  readonly name: string;
  readonly #snapshot: Snapshot<T>;
  readonly #reflection: Reflection<T>;

  constructor(ports: ReflectorPorts<T>, options: ReflectionOptions) {
    this.name = options.name;
    this.#snapshot = new Snapshot(ports.reflected.isEqual);
    this.#reflection = new Reflection({ ...ports, mirror: this.#snapshot }, options);
  }

  /** The slim copies by `namespace/name`. What was taken never changes. */
  items(): Items<T> {
    return this.#snapshot.items();
  }

  /** See `Reflection.hasSynced`. */
  hasSynced(): boolean {
    return this.#reflection.hasSynced();
  }

  /** See `Reflection.staleForMs`. */
  staleForMs(): number {
    return this.#reflection.staleForMs();
  }

  /** See `Reflection.onChange`. */
  onChange(listener: () => void): () => void {
    return this.#reflection.onChange(listener);
  }

  health(): Health {
    return this.#reflection.health();
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#reflection.run(signal);
  }
}
