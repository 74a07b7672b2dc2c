import type { Clock } from '../core/clock.js';
import type { Component, Health } from '../core/component.js';
import { type Registry, readNumber } from '../core/telemetry.js';
import type { KubeApi } from './api.js';
import { registrationName as name, parseRegistration, registrationPath } from './registration.js';

/** How the cluster sees the one that answers external metrics; `problem` says why nothing newer is known. */
export interface RegistrationReport {
  readonly name: string;
  /** The condition `Available`, as the cluster last said. */
  readonly available: 'True' | 'False' | 'Unknown';
  readonly reason: string | null;
  readonly message: string | null;
  /** `namespace/name` of the Service that the cluster asks. */
  readonly service: string | null;
  /** Whether that is ours; `null` where we do not know the name of ours, or none was read. */
  readonly isOurs: boolean | null;
  /** RFC 3339; when this was read. */
  readonly readAt: string | null;
  readonly problem: string | null;
}

export interface RegistrationWatchPorts {
  readonly client: KubeApi;
  readonly clock: Clock;
  readonly registry: Registry;
}

const periodMs = 30_000;
/** A right that is missing seldom comes: with certificates of somebody else's there is none. */
const deniedPeriodMs = 600_000;
const unread: RegistrationReport = {
  name,
  available: 'Unknown',
  reason: null,
  message: null,
  service: null,
  isOurs: null,
  readAt: null,
  problem: 'not read yet',
};

/**
 * Looks twice a minute at the APIService of external metrics, for people: is it there, does it lead to us, and can the API
 * server reach us? Nothing rests on it, so that a missing right is told there and nowhere else.
 */
export class RegistrationWatch implements Component {
  readonly name = 'registration';
  readonly #ports: RegistrationWatchPorts;
  readonly #ours: string | undefined;
  #report = unread;

  /** @param options `service`: ours, as `namespace/name`; `undefined` where it may have any name */
  constructor(ports: RegistrationWatchPorts, options: { readonly service: string | undefined }) {
    this.#ports = ports;
    this.#ours = options.service;
    readNumber(
      ports.registry,
      {
        name: 'external_metrics_apiservice_available',
        help: 'Whether the APIService leads to our Service and the API server reaches it: 1 or 0; NaN while it cannot be read.',
      },
      () => availability(this.#report),
    );
  }

  describe(): RegistrationReport {
    return this.#report;
  }

  health(): Health {
    return { state: 'ready' };
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const waitMs = await this.#look(signal);
      await this.#ports.clock.sleep(waitMs, signal);
    }
  }

  /** Answers how long not to look again. */
  async #look(signal: AbortSignal): Promise<number> {
    const found = await this.#ports.client.request('GET', registrationPath, {}, signal);
    if (signal.aborted) return 0;
    const readAt = new Date(this.#ports.clock.nowMs()).toISOString();
    if (found.ok) this.#report = read(found.value, this.#ours, readAt);
    else if (found.error.code === 'kube.not_found')
      this.#report = {
        ...unread,
        readAt,
        problem: `there is no APIService ${name}: apply the one of our manifests`,
      };
    else this.#report = { ...this.#report, problem: `it cannot be read: ${found.error.message}` };
    return !found.ok && found.error.code === 'kube.denied' ? deniedPeriodMs : periodMs;
  }
}

function read(object: unknown, ours: string | undefined, readAt: string): RegistrationReport {
  const { service: leadsTo, available } = parseRegistration(object);
  const service = leadsTo === undefined ? null : `${leadsTo.namespace}/${leadsTo.name}`;
  const status = available?.status;
  return {
    name,
    available: status === 'True' || status === 'False' ? status : 'Unknown',
    reason: textOf(available?.reason),
    message: textOf(available?.message),
    service,
    isOurs: ours === undefined && service !== null ? null : service === ours,
    readAt,
    problem: null,
  };
}

function textOf(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}

/** A missing APIService was read, and is as bad as one that leads elsewhere. */
function availability({ available, isOurs, readAt }: RegistrationReport): number | undefined {
  if (readAt === null) return undefined;
  return isOurs !== false && available === 'True' ? 1 : 0;
}
