import type { Clock } from './clock.js';
import type { Component, Health } from './component.js';

/**
 * A part without which the rest of the replica does its work: one that has not come up within `patienceMs` counts as
 * degraded, so that what it waits for (a right that nobody granted, say) takes nothing else away.
 */
export class Patient implements Component {
  readonly name: string;
  readonly #part: Component;
  readonly #clock: Clock;
  readonly #patienceMs: number;
  #startedAtMs: number | undefined;

  constructor(
    ports: { readonly part: Component; readonly clock: Clock },
    options: { readonly patienceMs: number },
  ) {
    this.name = ports.part.name;
    this.#part = ports.part;
    this.#clock = ports.clock;
    this.#patienceMs = options.patienceMs;
  }

  health(): Health {
    const health = this.#part.health();
    const isWaitedFor =
      this.#startedAtMs === undefined || this.#clock.monotonicMs() - this.#startedAtMs < this.#patienceMs;
    return health.state === 'starting' && !isWaitedFor
      ? { state: 'degraded', detail: `has not come up: ${health.detail}` }
      : health;
  }

  run(signal: AbortSignal): Promise<void> {
    this.#startedAtMs = this.#clock.monotonicMs();
    return this.#part.run(signal);
  }
}
