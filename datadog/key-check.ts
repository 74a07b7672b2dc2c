import type { Clock } from '../core/clock.js';
import type { Component, Health } from '../core/component.js';
import type { Logger } from '../core/log.js';
import type { DatadogClient } from './client.js';

/** As often as the original agent. */
const periodMs = 3_600_000;
const retryMs = 60_000;

/** What is known of the API key. Datadog has no such question for application keys: a wrong one shows at the first query. */
type KeyState =
  | { readonly state: 'unknown' }
  | { readonly state: 'valid' }
  | { readonly state: 'trouble'; readonly detail: string; readonly isRefused: boolean };

/** What is known of a key: `unknown` also while Datadog cannot be asked. */
export interface KeyReport {
  readonly verdict: 'valid' | 'invalid' | 'unknown';
  readonly detail: string | null;
  /** RFC 3339. */
  readonly checkedAt: string | null;
}

interface KeyCheckPorts {
  readonly client: DatadogClient;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Asks Datadog at start, and each hour, whether the API key is valid, and says so plainly. */
export class KeyCheck implements Component {
  readonly name = 'datadog-keys';
  readonly #ports: KeyCheckPorts;
  readonly #consequence: string;
  #key: KeyState = { state: 'unknown' };
  #checkedAtMs: number | undefined;

  /** @param options `consequence`: what does not work without a valid key, for the log */
  constructor(ports: KeyCheckPorts, options: { readonly consequence: string }) {
    this.#ports = ports;
    this.#consequence = options.consequence;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#check(signal);
      await this.#ports.clock.sleep(this.#key.state === 'valid' ? periodMs : retryMs, signal);
    }
  }

  /** Never unready: without a valid key this replica still says why there is no value. */
  health(): Health {
    return this.#key.state === 'trouble'
      ? { state: 'degraded', detail: this.#key.detail }
      : { state: 'ready' };
  }

  /** For a status page. */
  describe(): KeyReport {
    const key = this.#key;
    const checkedAt = this.#checkedAtMs === undefined ? null : new Date(this.#checkedAtMs).toISOString();
    if (key.state !== 'trouble') return { verdict: key.state, detail: null, checkedAt };
    return { verdict: key.isRefused ? 'invalid' : 'unknown', detail: key.detail, checkedAt };
  }

  async #check(signal: AbortSignal): Promise<void> {
    const answer = await this.#ports.client.validate(signal);
    if (signal.aborted) return;
    this.#checkedAtMs = this.#ports.clock.nowMs();
    if (answer.ok) return this.#become({ state: 'valid' });
    const { code, message } = answer.error;
    this.#become({ state: 'trouble', detail: message, isRefused: code === 'datadog.denied' });
  }

  #become(next: KeyState): void {
    const before = this.#key;
    this.#key = next;
    if (next.state === 'trouble' && (before.state !== 'trouble' || before.detail !== next.detail)) {
      this.#ports.log.error(
        { detail: next.detail },
        `the Datadog API key could not be validated; ${this.#consequence} until this is mended`,
      );
    }
    if (next.state === 'valid' && before.state !== 'valid')
      this.#ports.log.info({}, 'Datadog accepts the API key');
  }
}
