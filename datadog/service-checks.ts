import { ServiceChecksApi } from '@datadog/datadog-api-client/dist/packages/datadog-api-client-v1/apis/ServiceChecksApi.js';
import type { Clock } from '../core/clock.js';
import { Fault } from '../core/fault.js';
import { fail, ok, type Result } from '../core/result.js';
import type { DatadogClient } from './client.js';
import { parseRateLimit, pauseSeconds } from './rate-limit.js';
import type { Exchange } from './transport.js';

/** What a service check says: https://docs.datadoghq.com/api/latest/service-checks/. */
export interface ServiceCheck {
  readonly name: string;
  readonly status: 'ok' | 'warning' | 'critical' | 'unknown';
  readonly message: string;
  readonly tags: readonly string[];
  /** Empty: of no host. */
  readonly host: string;
  /** Datadog takes what is up to ten minutes old. */
  readonly observedAtMs: number;
}

const statusNumbers = { ok: 0, warning: 1, critical: 2, unknown: 3 } as const;

/** Brings service checks to Datadog, within the budget that Datadog grants. */
export class ServiceChecks {
  readonly #ports: { readonly client: DatadogClient; readonly clock: Clock };
  #pausedUntilMs = 0;

  constructor(ports: { readonly client: DatadogClient; readonly clock: Clock }) {
    this.#ports = ports;
  }

  /**
   * One call for all; none for none, and none while the rate limit is used up. At most once: it is not repeated.
   * Faults: `datadog.rate_limited` (with `retryAfterSeconds`), `datadog.rejected`, `datadog.unreachable`, `datadog.denied`.
   */
  async submit(checks: readonly ServiceCheck[], signal: AbortSignal): Promise<Result<undefined, Fault>> {
    if (checks.length === 0) return ok(undefined);
    const paused = this.#pause();
    if (paused !== undefined) return fail(paused);
    const answer = await this.#ports.client.call(
      async (configuration) => {
        const accepted = await new ServiceChecksApi(configuration).submitServiceCheck({
          body: checks.map(toWire),
        });
        return accepted.status === 'ok' ? ok(undefined) : fail(unreadable());
      },
      (exchange) => this.#obey(exchange),
      signal,
    );
    const isLimited = !answer.ok && answer.error.code === 'datadog.rate_limited';
    return isLimited ? fail(this.#pause() ?? answer.error) : answer;
  }

  #obey(exchange: Exchange): void {
    if (exchange.status === undefined) return;
    const seconds = pauseSeconds(exchange.status, parseRateLimit(exchange.headers));
    if (seconds > 0) this.#pausedUntilMs = this.#ports.clock.monotonicMs() + seconds * 1000;
  }

  #pause(): Fault | undefined {
    const { clock } = this.#ports;
    const leftMs = this.#pausedUntilMs - clock.monotonicMs();
    if (leftMs <= 0) return undefined;
    // The instant and not the wait, so that the text stays the same from one attempt to the next.
    const resetAtMs = Math.round((clock.nowMs() + leftMs) / 1000) * 1000;
    const until = new Date(resetAtMs).toISOString().replace('.000Z', 'Z');
    return new Fault(
      'datadog.rate_limited',
      `Datadog's rate limit for service checks is used up; none is sent before ${until}`,
      { retryAfterSeconds: Math.ceil(leftMs / 1000) },
    );
  }
}

function toWire(check: ServiceCheck) {
  return {
    check: check.name,
    hostName: check.host,
    status: statusNumbers[check.status],
    message: check.message,
    tags: [...check.tags],
    timestamp: Math.floor(check.observedAtMs / 1000),
  };
}

/** The SDK makes an empty answer of whatever is not JSON, such as a proxy's page. */
function unreadable(): Fault {
  return new Fault(
    'datadog.unreachable',
    'Datadog, or a proxy on the way, did not say that it accepts the service checks',
  );
}
