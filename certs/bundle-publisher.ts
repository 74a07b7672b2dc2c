import type { Clock } from '../core/clock.js';
import { type Fault, messageOf } from '../core/fault.js';
import type { Logger } from '../core/log.js';
import type { Result } from '../core/result.js';
import { bundleOf, type SharedCertificates, trustedAuthorities } from './shared-certificates.js';
import { Trouble } from './trouble.js';

/** Where clients read which authorities to trust: the `caBundle` of the APIService. Every call settles when its signal aborts. */
export interface BundleSink {
  /**
   * Makes `caPem` the published bundle. Many may say the same at once. Faults: `kube.not_found` when there is no APIService,
   * `kube.rejected` when it is another's, `kube.denied`, `kube.unreachable`, `kube.conflict`.
   */
  publish(caPem: string, signal: AbortSignal): Promise<Result<'changed' | 'unchanged', Fault>>;
  /** Calls `onChange` after each change by anybody, until `signal` aborts. */
  follow(onChange: () => void, signal: AbortSignal): Promise<void>;
}

interface BundlePublisherPorts {
  readonly bundle: BundleSink;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Keeps the published bundle in step, and remembers since when each authority has stood in it without a break. */
export class BundlePublisher {
  readonly #ports: BundlePublisherPorts;
  readonly #trouble: Trouble;
  #sinceMs: ReadonlyMap<string, number> = new Map();

  constructor(ports: BundlePublisherPorts) {
    this.#ports = ports;
    this.#trouble = new Trouble(ports, { recovery: 'the caBundle of the APIService is in step again' });
  }

  get trouble(): string | undefined {
    return this.#trouble.text;
  }

  /** By fingerprint: for how long each authority has been published, as far as this replica saw; less than the truth, never more. */
  publishedForMs(): ReadonlyMap<string, number> {
    const nowMs = this.#ports.clock.monotonicMs();
    return new Map([...this.#sinceMs].map(([fingerprint, sinceMs]) => [fingerprint, nowMs - sinceMs]));
  }

  /** One publication. Resolves to whether the bundle was another before; `undefined` after a fault, which is remembered as `trouble`. */
  async publish(certificates: SharedCertificates, signal: AbortSignal): Promise<boolean | undefined> {
    const { bundle, clock, log } = this.#ports;
    const nowMs = clock.nowMs();
    const published = await bundle.publish(bundleOf(certificates, nowMs), signal);
    if (!published.ok) {
      this.#sinceMs = new Map();
      this.#trouble.met(`the caBundle of the APIService is not in step: ${messageOf(published.error)}`);
      return undefined;
    }
    this.#trouble.gone();
    const hasChanged = published.value === 'changed';
    const before = hasChanged ? new Map<string, number>() : this.#sinceMs;
    const authorities = trustedAuthorities(certificates, nowMs);
    this.#sinceMs = new Map(
      authorities.map(({ fingerprint }) => [fingerprint, before.get(fingerprint) ?? clock.monotonicMs()]),
    );
    if (hasChanged) log.info({ authorities: authorities.length }, 'caBundle of the APIService published');
    return hasChanged;
  }
}
