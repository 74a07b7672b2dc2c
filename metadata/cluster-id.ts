import { backoffMs } from '../core/backoff.js';
import type { Clock } from '../core/clock.js';
import type { Component, Health } from '../core/component.js';
import type { Fault } from '../core/fault.js';
import type { Logger } from '../core/log.js';
import type { Result } from '../core/result.js';

/** One ConfigMap by name. */
export interface IdBox {
  /** `undefined`: it does not exist. */
  read(
    name: string,
    signal: AbortSignal,
  ): Promise<Result<{ readonly data: Readonly<Record<string, string>> } | undefined, Fault>>;
  /** With revision `undefined` it creates; `kube.conflict` when another was faster. */
  write(
    name: string,
    content: {
      readonly data: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    },
    revision: undefined,
    signal: AbortSignal,
  ): Promise<Result<unknown, Fault>>;
}

export interface ClusterIdPorts {
  readonly box: IdBox;
  /** The uid of the namespace kube-system, once it is known. */
  readonly systemUid: () => string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** A number in [0, 1), for jitter. */
  readonly random: () => number;
}

export interface ClusterIdOptions {
  /** How often it is seen to that the ConfigMap is there. */
  readonly checkMs: number;
}

/** As the original names and fills it, so that both see one cluster. */
const name = 'datadog-cluster-id';
const key = 'id';
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const retryBounds = { firstMs: 500, capMs: 30_000 };

/**
 * The id by which Datadog tells clusters apart: what the ConfigMap `datadog-cluster-id` says, which is made from the uid of
 * the namespace kube-system by whoever is first. So all replicas come to the same, whatever the race.
 */
export class ClusterId implements Component {
  readonly name = 'cluster-id';
  readonly #ports: ClusterIdPorts;
  readonly #options: ClusterIdOptions;
  #kept: string | undefined;
  #trouble: string | undefined;

  constructor(ports: ClusterIdPorts, options: ClusterIdOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** `undefined` until it is known. A ConfigMap that cannot be used takes nothing away: the uid is known without it. */
  current(): string | undefined {
    return this.#kept ?? this.#ports.systemUid();
  }

  health(): Health {
    if (this.current() === undefined)
      return {
        state: 'starting',
        detail: this.#trouble ?? 'the namespace kube-system has not been read yet',
      };
    return this.#trouble === undefined ? { state: 'ready' } : { state: 'degraded', detail: this.#trouble };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#ports;
    let failures = 0;
    while (!signal.aborted) {
      const isWell = await this.#look(signal);
      failures = isWell ? 0 : failures + 1;
      await clock.sleep(isWell ? this.#options.checkMs : backoffMs(failures, retryBounds, random()), signal);
    }
  }

  /** Resolves to whether the ConfigMap is there and sound. */
  async #look(signal: AbortSignal): Promise<boolean> {
    const read = await this.#ports.box.read(name, signal);
    if (signal.aborted) return true;
    if (!read.ok) return this.#met(`the ConfigMap ${name} cannot be read: ${read.error.message}`);
    if (read.value === undefined) return await this.#create(signal);
    const found = read.value.data[key]?.trim();
    if (found === undefined || !uuid.test(found))
      return this.#met(
        `the ConfigMap ${name} holds no id under the key ${key}; the uid of kube-system is used. Delete the ConfigMap, and it is made anew`,
      );
    this.#kept = found;
    return this.#well();
  }

  async #create(signal: AbortSignal): Promise<boolean> {
    const id = this.#ports.systemUid();
    if (id === undefined) return false;
    const made = await this.#ports.box.write(
      name,
      { data: { [key]: id }, annotations: {} },
      undefined,
      signal,
    );
    if (signal.aborted) return true;
    // Another was faster: the next look, which comes soon, shows what it wrote.
    if (!made.ok && made.error.code === 'kube.conflict') return false;
    if (!made.ok) return this.#met(`the ConfigMap ${name} cannot be created: ${made.error.message}`);
    this.#kept = id;
    this.#ports.log.info({ id }, `created the ConfigMap ${name}`);
    return this.#well();
  }

  #met(trouble: string): false {
    if (this.#trouble !== trouble) this.#ports.log.warn({}, trouble);
    this.#trouble = trouble;
    return false;
  }

  #well(): true {
    this.#trouble = undefined;
    return true;
  }
}
