import {
  type HttpLibrary,
  type RequestContext,
  ResponseContext,
} from '@datadog/datadog-api-client/dist/packages/datadog-api-client-common/http/http.js';
import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { type Clock, deadline } from '../core/clock.js';
import type { ForeignClock } from '../core/foreign-clock.js';
import { withoutBareNumbers } from './bare-numbers.js';
import type { Headers } from './rate-limit.js';

/** How Datadog is reached: directly, or through the company's proxy. */
export interface ProxyOptions {
  readonly https: string | undefined;
  readonly http: string | undefined;
  /** Hosts that are reached directly. */
  readonly noProxy: readonly string[];
}

/** One kept-alive pool for all calls; the SDK's own transport opens a connection for each. */
export function createDispatcher(proxy: ProxyOptions): Dispatcher {
  const pool = { keepAliveTimeout: 60_000, connect: { timeout: 5_000 } };
  if (proxy.https === undefined && proxy.http === undefined) return new Agent(pool);
  return new EnvHttpProxyAgent({
    ...pool,
    // Empty texts, so that the environment is not asked: settings are read in one place only.
    httpProxy: proxy.http ?? '',
    httpsProxy: proxy.https ?? '',
    noProxy: proxy.noProxy.join(','),
  });
}

export interface ExchangePorts {
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  /** Datadog's clock, which learns from each answer. */
  readonly datadogClock?: ForeignClock;
  /** Puts answers that came together one after another: reading one costs milliseconds. Default: none waits. */
  readonly turns?: { take(): Promise<void> };
}

/** The transport of one call, which remembers the answer's status and headers: the SDK hands on neither. */
export class Exchange implements HttpLibrary {
  readonly #ports: ExchangePorts;
  readonly #timeoutMs: number;
  readonly #userAgent: string;
  readonly #signal: AbortSignal;
  status: number | undefined;
  headers: Headers = {};

  constructor(
    ports: ExchangePorts,
    options: { readonly timeoutMs: number; readonly userAgent: string },
    signal: AbortSignal,
  ) {
    this.#ports = ports;
    this.#timeoutMs = options.timeoutMs;
    this.#userAgent = options.userAgent;
    this.#signal = signal;
  }

  /** The whole answer is read within the time-out, so that a body that trickles cannot hold the caller. */
  async send(context: RequestContext): Promise<ResponseContext> {
    const { clock, datadogClock } = this.#ports;
    const bound = deadline(clock, this.#timeoutMs, this.#signal);
    const sentAtMs = clock.monotonicMs();
    try {
      const body = context.getBody();
      const answer = await request(context.getUrl(), {
        method: context.getHttpMethod(),
        headers: { ...context.getHeaders(), 'user-agent': this.#userAgent },
        dispatcher: this.#ports.dispatcher,
        signal: bound.signal,
        ...(typeof body === 'string' || body instanceof Buffer ? { body } : {}),
      });
      datadogClock?.observe(answer.headers, sentAtMs);
      const text = await answer.body.text();
      await this.#ports.turns?.take();
      this.status = answer.statusCode;
      this.headers = flatten(answer.headers);
      const readable = { text: async () => withoutBareNumbers(text), binary: async () => Buffer.from(text) };
      return new ResponseContext(answer.statusCode, { ...this.headers }, readable);
    } finally {
      bound.release();
    }
  }
}

function flatten(headers: Readonly<Record<string, string | string[] | undefined>>): Headers {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}
