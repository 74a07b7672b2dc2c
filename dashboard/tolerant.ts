import type { Clock } from '../core/clock.js';
import type { Component, Health } from '../core/component.js';
import { messageOf } from '../core/fault.js';
import type { Logger } from '../core/log.js';

const retryMs = 60_000;

/** Runs the page's listener, and tries again where its port is taken: no autoscaler must suffer for want of a page. */
export class Tolerant implements Component {
  readonly name: string;
  readonly #part: Component;
  readonly #ports: { readonly clock: Clock; readonly log: Logger };
  #trouble: string | undefined;

  constructor(part: Component, ports: { readonly clock: Clock; readonly log: Logger }) {
    this.name = part.name;
    this.#part = part;
    this.#ports = ports;
  }

  health(): Health {
    return this.#trouble === undefined ? { state: 'ready' } : { state: 'degraded', detail: this.#trouble };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#ports;
    while (!signal.aborted) {
      try {
        this.#trouble = undefined;
        await this.#part.run(signal);
      } catch (error: unknown) {
        this.#trouble = messageOf(error);
        log.warn({ reason: this.#trouble }, 'the page for operators is not served; all else is');
        await clock.sleep(retryMs, signal);
      }
    }
  }
}
