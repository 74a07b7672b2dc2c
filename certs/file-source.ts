import { createSecureContext } from 'node:tls';
import { type Clock, every } from '../core/clock.js';
import type { Health } from '../core/component.js';
import { messageOf } from '../core/fault.js';
import { Listeners } from '../core/listeners.js';
import type { Logger } from '../core/log.js';
import { fail, ok, type Result } from '../core/result.js';
import { chooseServing } from './file-choice.js';
import { readPair, splitPem } from './pair.js';
import type { CertificateSource, ServingCertificate } from './source.js';

import { Trouble } from './trouble.js';

export interface FileSourcePorts {
  /** Reads a file as text; rejects as `node:fs` does. */
  readonly read: (path: string) => Promise<string>;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface FileSourceOptions {
  readonly certPath: string;
  readonly keyPath: string;
  /** What clients should trust; a file that is not there counts as left out. */
  readonly caPath?: string;
}

/** Kubernetes swaps a symbolic link when it renews a mounted Secret, which file watchers miss; so the content is read again. */
const pollMs = 10_000;

/**
 * A certificate that others renew, such as cert-manager, mounted as files. A pair that is half written or does not belong
 * together leaves the one before it in use until the next look.
 */
export class FileSource implements CertificateSource {
  readonly name = 'certificate';
  readonly #ports: FileSourcePorts;
  readonly #options: FileSourceOptions;
  readonly #trouble: Trouble;
  readonly #listeners = new Listeners();
  #current: ServingCertificate | undefined;

  constructor(ports: FileSourcePorts, options: FileSourceOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#trouble = new Trouble(ports, { recovery: 'the mounted serving certificate is good again' });
  }

  current(): ServingCertificate | undefined {
    return this.#current;
  }

  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  health(): Health {
    const { text } = this.#trouble;
    if (this.#current === undefined)
      return { state: 'starting', detail: text ?? 'the serving certificate is not read yet' };
    return text === undefined ? { state: 'ready' } : { state: 'degraded', detail: text };
  }

  run(signal: AbortSignal): Promise<void> {
    return every(this.#ports.clock, pollMs, () => this.#look(), signal);
  }

  async #look(): Promise<void> {
    const choice = chooseServing(this.#current, await this.#read(), this.#ports.clock.nowMs());
    if (choice.trouble === undefined) this.#trouble.gone();
    else this.#trouble.met(`${this.#options.certPath}: ${choice.trouble}`);

    const before = this.#current;
    this.#current = choice.serving;
    if (before?.certPem === choice.serving?.certPem && before?.caPem === choice.serving?.caPem) return;
    this.#ports.log.info({ path: this.#options.certPath }, 'serving certificate read from its files');
    this.#listeners.notify();
  }

  async #read(): Promise<Result<ServingCertificate, string>> {
    const { certPath, keyPath, caPath } = this.#options;
    try {
      const [certPem, keyPem, caText] = await Promise.all([
        this.#ports.read(certPath),
        this.#ports.read(keyPath),
        caPath === undefined ? '' : this.#readIfThere(caPath),
      ]);
      const pair = readPair(certPem, keyPem);
      if (!pair.ok) return fail(pair.error);
      // OpenSSL has the last word on a stranger's certificate: it also refuses weak keys and broken chains.
      createSecureContext({ cert: certPem, key: keyPem });
      const { notBeforeMs, notAfterMs } = pair.value;
      return ok({ certPem, keyPem, caPem: splitPem(caText).join('') || undefined, notBeforeMs, notAfterMs });
    } catch (error: unknown) {
      return fail(`cannot be used: ${messageOf(error)}; mount a certificate and its key there`);
    }
  }

  async #readIfThere(path: string): Promise<string> {
    try {
      return await this.#ports.read(path);
    } catch (error: unknown) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
      throw error;
    }
  }
}
