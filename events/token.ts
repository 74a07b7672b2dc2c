import type { Clock } from '../core/clock.js';
import { isRevision } from '../core/cluster-event.js';
import type { Fault } from '../core/fault.js';
import { ok, type Result } from '../core/result.js';

/** A ConfigMap. */
export interface StoredToken {
  readonly data: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly revision: string;
}

/** ConfigMaps by name, compared and swapped. Faults of a write: `kube.conflict`, `kube.not_found`, and others. */
export interface TokenBox {
  read(name: string, signal: AbortSignal): Promise<Result<StoredToken | undefined, Fault>>;
  write(
    name: string,
    content: {
      readonly data: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    },
    revision: string | undefined,
    signal: AbortSignal,
  ): Promise<Result<StoredToken, Fault>>;
}

/** What the ConfigMap says: up to where Datadog has the events, and when that was written. */
export interface Token {
  readonly position: string;
  readonly savedAtMs: number | undefined;
}

/** The keys of the original agent's ConfigMap, which ours can go on from, and it from ours. */
const positionKey = 'event.tokenKey';
const timestampKey = 'event.tokenTimestamp';
const maxAttempts = 5;

/** Keeps in a ConfigMap up to where Datadog has the cluster's events, whoever led. */
export class TokenKeeper {
  readonly #ports: { readonly box: TokenBox; readonly clock: Clock };
  readonly #name: string;
  #stored: StoredToken | undefined;

  constructor(ports: { readonly box: TokenBox; readonly clock: Clock }, options: { readonly name: string }) {
    this.#ports = ports;
    this.#name = options.name;
  }

  /** `undefined`: there is none, or what there is is no revision, as the `0` of a fresh original. */
  async load(
    signal: AbortSignal,
  ): Promise<Result<{ readonly token: Token | undefined; readonly found: string | undefined }, Fault>> {
    const read = await this.#ports.box.read(this.#name, signal);
    if (!read.ok) return read;
    this.#stored = read.value;
    const found = read.value?.data[positionKey];
    if (found === undefined || !isRevision(found)) return ok({ token: undefined, found });
    return ok({ token: { position: found, savedAtMs: toInstantMs(read.value?.data[timestampKey]) }, found });
  }

  /** Writes over whatever is there; other keys stay. `maySave` is asked before each attempt; the answer is whether it was done. */
  async save(position: string, maySave: () => boolean, signal: AbortSignal): Promise<Result<boolean, Fault>> {
    const { box, clock } = this.#ports;
    for (let attempt = 1; ; attempt += 1) {
      if (!maySave()) return ok(false);
      const time = new Date(clock.nowMs()).toISOString().replace(/\.\d+Z$/, 'Z');
      const data = { ...this.#stored?.data, [positionKey]: position, [timestampKey]: time };
      const written = await box.write(this.#name, { data, annotations: {} }, this.#stored?.revision, signal);
      if (written.ok) {
        this.#stored = written.value;
        return ok(true);
      }
      const isLost = written.error.code === 'kube.conflict' || written.error.code === 'kube.not_found';
      if (!isLost || attempt === maxAttempts) return written;
      const read = await box.read(this.#name, signal);
      if (!read.ok) return read;
      this.#stored = read.value;
    }
  }
}

/** RFC 3339, as newer originals write it, or RFC 822 as those of 2018 did: `02 Jan 06 15:04 MST`. */
function toInstantMs(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}
