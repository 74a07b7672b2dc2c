import { backoffMs } from '../core/backoff.js';
import { type Clock, deadline } from '../core/clock.js';
import type { Health } from '../core/component.js';
import { Listeners } from '../core/listeners.js';
import type { Logger } from '../core/log.js';
import { Wake } from '../core/wake.js';
import { BundlePublisher, type BundleSink } from './bundle-publisher.js';
import type { RenewalRules } from './renewal.js';
import { type SecretBox, SecretKeeper } from './secret-keeper.js';
import { bundleOf, type SharedCertificates } from './shared-certificates.js';
import type { CertificateSource, ServingCertificate } from './source.js';

export interface GeneratedSourcePorts {
  readonly secret: SecretBox;
  readonly bundle: BundleSink;
  readonly clock: Clock;
  readonly log: Logger;
  /** A number in [0, 1); spreads the retries of replicas that failed together. */
  readonly random: () => number;
}

export interface GeneratedSourceOptions {
  /** The names that the leaf must have; see `servingNames`. */
  readonly names: readonly string[];
  /** Default 90 days. */
  readonly leafLifeMs?: number;
  /** Default 2 years. */
  readonly authorityLifeMs?: number;
  /** How long a new authority is published before it signs. Default 10 minutes. */
  readonly propagationMs?: number;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** The wall clock is looked at this often, so that a process that was paused notices what it missed. */
const pollMs = minuteMs;
const roundMs = 30_000;
const backdateMs = 5 * minuteMs;
const retryBounds = { firstMs: 1_000, capMs: minuteMs };
/** News of a change cuts a wait short, but not this far. */
const shortestRetryMs = 1_000;
/** So many changes in a row, each undone by somebody, are a fight and no coincidence. */
const contestedAfter = 5;

/**
 * An authority and a leaf of our own, kept in a Secret that all replicas share, renewed at two thirds of their lives, with
 * the `caBundle` of the APIService kept in step: a new authority is published beside the old one before it signs.
 */
export class GeneratedSource implements CertificateSource {
  readonly name = 'certificate';
  readonly #ports: GeneratedSourcePorts;
  readonly #names: readonly string[];
  readonly #keeper: SecretKeeper;
  readonly #publisher: BundlePublisher;
  readonly #news = new Wake();
  readonly #listeners = new Listeners();
  #held: SharedCertificates | undefined;
  #current: ServingCertificate | undefined;
  #changesInARow = 0;

  constructor(ports: GeneratedSourcePorts, options: GeneratedSourceOptions) {
    this.#ports = ports;
    this.#names = options.names;
    this.#keeper = new SecretKeeper(ports, toRules(options));
    this.#publisher = new BundlePublisher(ports);
  }

  current(): ServingCertificate | undefined {
    return this.#current;
  }

  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  health(): Health {
    const troubles = [this.#keeper.trouble, this.#publisher.trouble, this.#contest()].filter(
      (text) => text !== undefined,
    );
    if (this.#current === undefined) {
      return {
        state: 'starting',
        detail: troubles.join('; ') || 'waits for the Secret of the serving certificate',
      };
    }
    return troubles.length === 0 ? { state: 'ready' } : { state: 'degraded', detail: troubles.join('; ') };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { secret, bundle } = this.#ports;
    await Promise.all([this.#loop(signal), this.#follow(secret, signal), this.#follow(bundle, signal)]);
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#ports;
    let failures = 0;
    while (!signal.aborted) {
      const isWell = await this.#round(signal);
      failures = isWell ? 0 : failures + 1;
      await clock.sleep(this.#quietMs(isWell), signal);
      await this.#news.wait(isWell ? pollMs : backoffMs(failures, retryBounds, random()), clock, signal);
    }
  }

  /** Resolves to whether all is as it should be. */
  async #round(signal: AbortSignal): Promise<boolean> {
    const limit = deadline(this.#ports.clock, roundMs, signal);
    try {
      const view = {
        names: this.#names,
        held: this.#held,
        publishedForMs: this.#publisher.publishedForMs(),
      };
      const { certificates, hasWritten } = await this.#keeper.round(view, limit.signal);
      if (certificates === undefined) return false;
      this.#hold(certificates);
      const hasPublished = await this.#publisher.publish(certificates, limit.signal);
      this.#changesInARow = hasWritten || hasPublished === true ? this.#changesInARow + 1 : 0;
      return hasPublished !== undefined && this.#keeper.trouble === undefined;
    } finally {
      limit.release();
    }
  }

  #hold(certificates: SharedCertificates): void {
    this.#held = certificates;
    const { leaf } = certificates;
    if (leaf === undefined) return;
    const { certPem, keyPem, notBeforeMs, notAfterMs } = leaf;
    const caPem = bundleOf(certificates, this.#ports.clock.nowMs());
    if (this.#current?.certPem === certPem && this.#current.caPem === caPem) return;
    this.#current = { certPem, keyPem, caPem, notBeforeMs, notAfterMs };
    this.#listeners.notify();
  }

  /** After a change the next look comes soon; in a fight with another writer, ever later. */
  #quietMs(isWell: boolean): number {
    if (this.#changesInARow > 0)
      return backoffMs(this.#changesInARow, { firstMs: 200, capMs: minuteMs }, this.#ports.random());
    return isWell ? 0 : shortestRetryMs;
  }

  #contest(): string | undefined {
    if (this.#changesInARow < contestedAfter) return undefined;
    return 'somebody undoes each change to the Secret of the serving certificate or to the caBundle of the APIService; let one party only manage them';
  }

  async #follow(followed: SecretBox | BundleSink, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await followed.follow(() => this.#news.wake(), signal);
      await this.#ports.clock.sleep(shortestRetryMs, signal);
    }
  }
}

function toRules(options: GeneratedSourceOptions): RenewalRules {
  return {
    leafLifeMs: options.leafLifeMs ?? 90 * dayMs,
    authorityLifeMs: options.authorityLifeMs ?? 730 * dayMs,
    propagationMs: options.propagationMs ?? 10 * minuteMs,
    backdateMs,
  };
}
