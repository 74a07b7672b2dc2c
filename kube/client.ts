import { type Dispatcher, request as send } from 'undici';
import type { Clock } from '../core/clock.js';
import { Fault } from '../core/fault.js';
import type { ForeignClock } from '../core/foreign-clock.js';
import type { Logger } from '../core/log.js';
import { fail, ok, type Result } from '../core/result.js';
import type { Registry } from '../core/telemetry.js';
import type { Call, KubeApi, Method, Query, StreamCall, TextAnswer, TextApi, TextCall } from './api.js';
import { ApiTraffic } from './api-traffic.js';
import { Connection, type Line } from './connection.js';
import { JsonLines } from './lines.js';
import { faultOfSilence, isBrokenConnection, isTooLate } from './no-answer.js';
import { aggregatorWords, faultOfRefusal } from './status.js';
import type { KubeTarget } from './target.js';
import { startTimeLimit, type TimeLimit } from './time-limit.js';

export interface KubeClientPorts {
  readonly target: KubeTarget;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry?: Registry;
  /** The API server's clock, which learns from each answer. */
  readonly clusterClock?: ForeignClock;
}

export interface KubeClientOptions {
  /** For a whole request, its answer included; streams have their own bound. */
  readonly requestTimeoutMs: number;
  readonly userAgent: string;
  /** How long credentials are used before they are read again; default 20 s. */
  readonly credentialsRefreshMs?: number;
}

type Reply = Dispatcher.ResponseData;

/** Talks HTTP/1.1 to the API server over one pool of kept-alive connections, with an end to every wait. */
export class KubeClient implements KubeApi, TextApi {
  readonly #ports: KubeClientPorts;
  readonly #options: KubeClientOptions;
  readonly #connection: Connection;
  readonly #traffic: ApiTraffic;

  constructor(ports: KubeClientPorts, options: KubeClientOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#connection = new Connection(ports, { refreshMs: options.credentialsRefreshMs ?? 20_000 });
    this.#traffic = new ApiTraffic(ports.registry);
  }

  async request(
    method: Method,
    path: string,
    call: Call,
    signal: AbortSignal,
  ): Promise<Result<unknown, Fault>> {
    return await this.#ask(
      {
        method,
        path,
        call,
        isAnswer: isSuccess,
        read: async (reply) => parseBody(`${method} ${path}`, await reply.body.text()),
      },
      signal,
    );
  }

  async text(path: string, call: TextCall, signal: AbortSignal): Promise<Result<TextAnswer, Fault>> {
    const { alsoAnswers, ...rest } = call;
    return await this.#ask(
      {
        method: 'GET',
        path,
        call: { ...rest, accept: 'text/plain, */*' },
        isAnswer: (status) => isSuccess(status) || alsoAnswers.includes(status),
        read: async ({ statusCode, body }) => ok({ status: statusCode, text: await body.text() }),
      },
      signal,
    );
  }

  async *stream(
    path: string,
    call: StreamCall,
    signal: AbortSignal,
  ): AsyncGenerator<Result<readonly unknown[], Fault>, void, undefined> {
    const limit = startTimeLimit(this.#ports.clock, call.silenceMs, signal);
    let reply: Reply | undefined;
    let line: Result<Line, Fault> | undefined;
    try {
      line = await within(limit, this.#connection.line());
      if (!line.ok) return yield line;
      reply = await this.#send(line.value, 'GET', path, call, limit.signal);
      this.#traffic.count('WATCH', reply.statusCode);
      if (reply.statusCode === 401) this.#connection.refused();
      if (reply.statusCode !== 200) return yield fail(await this.#refusal(`GET ${path}`, reply));
      limit.heard();
      yield ok([]);
      yield* this.#lines(path, reply, { limit, inBrief: call.inBrief });
    } catch (error: unknown) {
      if (reply === undefined) this.#traffic.count('WATCH', undefined);
      if (line?.ok === true && limit.hasExpired()) this.#connection.silent(line.value);
      yield fail(
        faultOfSilence(`GET ${path}`, error, {
          limit,
          parent: signal,
          expired: `silent for ${call.silenceMs} ms`,
        }),
      );
    } finally {
      limit.release();
      reply?.body.on('error', () => {}).destroy();
    }
  }

  /** Ends all connections at once; what is under way ends in `kube.unreachable`. */
  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #ask<T>(question: Question<T>, signal: AbortSignal): Promise<Result<T, Fault>> {
    const ms = question.call.timeoutMs ?? this.#options.requestTimeoutMs;
    const limit = startTimeLimit(this.#ports.clock, ms, signal);
    try {
      const first = await this.#attempt(question, limit, signal);
      return first.again ? (await this.#attempt(question, limit, signal)).result : first.result;
    } finally {
      limit.release();
    }
  }

  async *#lines(
    path: string,
    reply: Reply,
    { limit, inBrief }: { readonly limit: TimeLimit; readonly inBrief: StreamCall['inBrief'] },
  ): AsyncGenerator<Result<readonly unknown[], Fault>> {
    const lines = new JsonLines(inBrief);
    const garbled = (problem: string): Result<never, Fault> =>
      fail(new Fault('kube.unreachable', `GET ${path}: the API server sent ${problem}`));
    for await (const chunk of reply.body) {
      limit.heard();
      const batch = lines.push(chunk);
      if (!batch.ok) return yield garbled(batch.error);
      if (batch.value.length > 0) yield batch;
    }
    const last = lines.end();
    if (!last.ok) yield garbled(last.error);
    else if (last.value.length > 0) yield last;
  }

  /**
   * `again`: it never reached the server, or the server did not know credentials that may have been replaced.
   */
  async #attempt<T>(
    { method, path, call, isAnswer, read }: Question<T>,
    limit: TimeLimit,
    parent: AbortSignal,
  ): Promise<{ readonly result: Result<T, Fault>; readonly again: boolean }> {
    const name = `${method} ${path}`;
    let line: Result<Line, Fault> | undefined;
    try {
      line = await within(limit, this.#connection.line());
      if (!line.ok) return { result: line, again: false };
      const reply = await this.#send(line.value, method, path, call, limit.signal);
      this.#traffic.count(method, reply.statusCode);
      if (!isAnswer(reply.statusCode)) {
        const again = reply.statusCode === 401 && this.#connection.refused();
        return { result: fail(await this.#refusal(name, reply)), again };
      }
      return { result: await read(reply), again: false };
    } catch (error: unknown) {
      this.#traffic.count(method, undefined);
      const isSilent = limit.hasExpired() || isTooLate(parent);
      if (line?.ok === true && isSilent) this.#connection.silent(line.value);
      const expired = `no answer within ${call.timeoutMs ?? this.#options.requestTimeoutMs} ms`;
      const fault = faultOfSilence(name, error, { limit, parent, expired });
      const isRepeatable = call.repeatable ?? method === 'GET';
      return {
        result: fail(fault),
        again: isRepeatable && isBrokenConnection(error) && !limit.signal.aborted,
      };
    }
  }

  async #send(
    line: Line,
    method: Method,
    path: string,
    call: Call | StreamCall,
    signal: AbortSignal,
  ): Promise<Reply> {
    const body = 'body' in call && call.body !== undefined ? JSON.stringify(call.body) : undefined;
    const contentType = 'contentType' in call ? call.contentType : undefined;
    const sentAtMs = this.#ports.clock.monotonicMs();
    const reply = await send(`${this.#ports.target.server}${path}${queryText(call.query)}`, {
      method,
      dispatcher: line.dispatcher,
      signal,
      headers: {
        ...line.headers,
        accept: call.accept ?? 'application/json',
        'user-agent': this.#options.userAgent,
        ...(body === undefined ? {} : { 'content-type': contentType ?? 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
    });
    this.#ports.clusterClock?.observe(reply.headers, sentAtMs);
    const verb = 'silenceMs' in call ? 'WATCH' : method;
    this.#traffic.answered(verb, reply.statusCode, this.#ports.clock.monotonicMs() - sentAtMs);
    return reply;
  }

  async #refusal(call: string, reply: Reply): Promise<Fault> {
    const retryAfter = reply.headers['retry-after'];
    const text = await reply.body.text();
    const parsed = parseBody(call, text);
    return faultOfRefusal({
      call,
      status: reply.statusCode,
      body: parsed.ok ? parsed.value : aggregatorWords(text),
      retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
    });
  }
}

interface Question<T> {
  readonly method: Method;
  readonly path: string;
  readonly call: Call;
  /** Whether an answer of this status is read; any other is a refusal. */
  readonly isAnswer: (status: number) => boolean;
  readonly read: (reply: Reply) => Promise<Result<T, Fault>>;
}

function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299;
}

/** Reading credentials knows no signal of ours: the wait for it does. */
async function within<T>(limit: TimeLimit, work: Promise<T>): Promise<T> {
  if (limit.signal.aborted) throw limit.signal.reason;
  let stop = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(limit.signal.reason);
    limit.signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    limit.signal.removeEventListener('abort', stop);
  }
}

function queryText(query: Query | undefined): string {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
  return pairs.length === 0
    ? ''
    : `?${new URLSearchParams(Object.fromEntries(pairs.map(([key, value]) => [key, String(value)])))}`;
}

function parseBody(call: string, text: string): Result<unknown, Fault> {
  if (text === '') return ok(undefined);
  try {
    return ok(JSON.parse(text));
  } catch {
    // The parser's message would quote the answer; what matters is that something else than the API server
    // answered.
    return fail(new Fault('kube.unreachable', `${call}: the answer is not JSON; is this the API server?`));
  }
}
