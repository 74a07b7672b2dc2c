import type { Logger } from '../core/log.js';

/** A lasting trouble of one kind: logged when it begins, changes or ends, and not each time that it is met. */
export class Trouble {
  readonly #log: Logger;
  readonly #recovery: string;
  #text: string | undefined;

  constructor(ports: { readonly log: Logger }, options: { readonly recovery: string }) {
    this.#log = ports.log;
    this.#recovery = options.recovery;
  }

  /** What is wrong now, for health. */
  get text(): string | undefined {
    return this.#text;
  }

  met(text: string): void {
    if (text !== this.#text) this.#log.warn({}, text);
    this.#text = text;
  }

  gone(): void {
    if (this.#text !== undefined) this.#log.info({}, this.#recovery);
    this.#text = undefined;
  }
}
