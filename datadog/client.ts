import {
  type Configuration,
  createConfiguration,
} from '@datadog/datadog-api-client/dist/packages/datadog-api-client-common/configuration.js';
import { BaseServerConfiguration } from '@datadog/datadog-api-client/dist/packages/datadog-api-client-common/servers.js';
import { AuthenticationApi } from '@datadog/datadog-api-client/dist/packages/datadog-api-client-v1/apis/AuthenticationApi.js';
import { Fault } from '../core/fault.js';
import { fail, ok, type Result } from '../core/result.js';
import { createScrub, type Scrub } from '../core/scrub.js';
import { counter, histogram, type Registry } from '../core/telemetry.js';
import { type Purpose, requestStatus, toFault } from './faults.js';
import { Exchange, type ExchangePorts } from './transport.js';

export interface DatadogClientPorts extends ExchangePorts {
  readonly registry: Registry;
}

export interface DatadogClientOptions {
  /** Scheme and host, e.g. `https://api.datadoghq.com`. */
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  /** Queries need it, the intake does not. */
  readonly appKey: string | undefined;
  readonly purpose: Purpose;
  readonly timeoutMs: number;
  readonly userAgent: string;
}

/** The road to Datadog: keys, site, pool, time-outs, and every failure as a `Fault`. */
export class DatadogClient {
  readonly #ports: DatadogClientPorts;
  readonly #options: DatadogClientOptions;
  readonly #scrub: Scrub;
  readonly #requests: ReturnType<typeof requestCounter>;
  readonly #seconds: ReturnType<typeof requestSeconds>;

  constructor(ports: DatadogClientPorts, options: DatadogClientOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#scrub = createScrub([options.apiKey, options.appKey]);
    this.#requests = requestCounter(ports.registry, options.purpose);
    this.#seconds = requestSeconds(ports.registry);
  }

  /**
   * Makes one call with the SDK.
   *
   * Faults: `datadog.denied`, `datadog.rejected`, `datadog.rate_limited`, `datadog.unreachable`.
   *
   * @param use calls the SDK with the configuration that it is given, and reads the answer
   * @param onAnswer sees the answer's status and headers, also of a refusal
   */
  async call<T>(
    use: (configuration: Configuration) => Promise<Result<T, Fault>>,
    onAnswer: (answer: Exchange) => void,
    signal: AbortSignal,
  ): Promise<Result<T, Fault>> {
    const missing = this.missingKeys();
    if (missing !== undefined) return fail(missing);
    const exchange = new Exchange(this.#ports, this.#options, signal);
    const startedAtMs = this.#ports.clock.monotonicMs();
    try {
      const result = await use(this.#configuration(exchange));
      onAnswer(exchange);
      this.#count(result.ok ? 'success' : 'response_error', startedAtMs);
      return result.ok ? result : fail(this.#withoutKeys(result.error));
    } catch (error: unknown) {
      onAnswer(exchange);
      this.#count(requestStatus(exchange.status), startedAtMs);
      return fail(this.#withoutKeys(toFault(error, exchange, this.#options)));
    }
  }

  /** Its message goes on to conditions of HPAs, probes and pages; who answered may have repeated what we sent. */
  #withoutKeys({ code, message, retryAfterSeconds }: Fault): Fault {
    const clean = this.#scrub(message);
    return new Fault(code, clean, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
  }

  #count(status: string, startedAtMs: number): void {
    this.#requests.inc({ status });
    const elapsedMs = this.#ports.clock.monotonicMs() - startedAtMs;
    this.#seconds.observe({ purpose: this.#options.purpose, status }, elapsedMs / 1000);
  }

  /** Said before any call, so that a forgotten key is named as such and not as a refusal of Datadog's. */
  missingKeys(): Fault | undefined {
    const names = [
      ...(this.#options.apiKey === undefined ? ['DD_API_KEY'] : []),
      ...(this.#options.appKey === undefined && this.#options.purpose === 'queries' ? ['DD_APP_KEY'] : []),
    ];
    if (names.length === 0) return undefined;
    if (this.#options.purpose === 'intake')
      return new Fault('datadog.denied', 'DD_API_KEY not set: nothing can be sent to Datadog without it');
    return new Fault(
      'datadog.denied',
      `${names.join(' and ')} not set: queries need an API key and an application key of the organization that owns the metrics`,
    );
  }

  /** Asks Datadog whether the API key is valid; it has no such question for application keys. */
  validate(signal: AbortSignal): Promise<Result<unknown, Fault>> {
    return this.call(
      async (configuration) => ok(await new AuthenticationApi(configuration).validate()),
      () => {},
      signal,
    );
  }

  #configuration(exchange: Exchange): Configuration {
    return createConfiguration({
      baseServer: new BaseServerConfiguration(this.#options.baseUrl, {}),
      httpApi: exchange,
      authMethods: { apiKeyAuth: this.#options.apiKey ?? '', appKeyAuth: this.#options.appKey ?? '' },
      enableRetry: false,
    });
  }
}

function requestCounter(registry: Registry, purpose: Purpose) {
  return purpose === 'queries'
    ? counter(registry, 'datadog_requests', 'Calls to Datadog, by how they ended.', ['status'])
    : counter(
        registry,
        'datadog_intake_requests',
        'Events and service checks sent, by how the calls ended.',
        ['status'],
      );
}

function requestSeconds(registry: Registry) {
  return histogram(
    registry,
    'datadog_request_seconds',
    'Seconds that a call to Datadog took, by its purpose and how it ended.',
    ['purpose', 'status'],
    [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  );
}
