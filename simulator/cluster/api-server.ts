import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../core/clock.js';
import { messageOf } from '../../core/fault.js';
import type { User } from '../../core/user.js';
import { ActiveWatches } from './active-watches.js';
import { ApiError, conflict, expired, type Subject, unauthorized } from './api-error.js';
import { type Outlet, openStream, sendDocument } from './delivery.js';
import { type FaultAction, Faults } from './faults.js';
import type { Identities } from './identities.js';
import { toListOptions } from './list-options.js';
import { expiredListing } from './listing.js';
import type { Recorder } from './recorder.js';
import { readBody } from './request-body.js';
import { type RequestInfo, toRequestInfo } from './request-info.js';
import { type Answer, type DocumentAnswer, refusal } from './resources.js';
import type { Router } from './router.js';
import type { ObjectStore } from './store.js';
import { WatchStream } from './watch-stream.js';

export interface ApiServerPorts {
  readonly clock: Clock;
  readonly store: ObjectStore;
  readonly router: Router;
  readonly identities: Identities;
  readonly recorder: Recorder;
  /** Breaks the connection of a request. */
  readonly reset: (request: IncomingMessage) => void;
}

/** One request on its way through the server. */
interface Exchange {
  readonly info: RequestInfo;
  readonly user: User;
  readonly request: IncomingMessage;
  readonly outlet: Outlet;
  /** Aborts when the client has its answer or has gone. */
  readonly closed: AbortSignal;
}

/** From a request to its answer: who asks, what fault lies in wait, and how the answer leaves. */
export class ApiServer {
  readonly faults = new Faults();
  readonly watches = new ActiveWatches();
  readonly #ports: ApiServerPorts;

  constructor(ports: ApiServerPorts) {
    this.#ports = ports;
  }

  /** Never rejects: what goes wrong inside is a 500 with the error's text. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const info = toRequestInfo(request.method ?? 'GET', request.url ?? '/');
    const user = this.#authenticate(request);
    const record = this.#ports.recorder.begin(info, user, request.headers['user-agent'] ?? '');
    const { latencyMs, action } = this.faults.plan(info, user);
    const closed = closeSignal(response);
    if (latencyMs > 0) await this.#ports.clock.sleep(latencyMs, closed);
    const resetAfterBytes = action?.kind === 'reset' ? action.afterBytes : undefined;
    const outlet = { response, record, reset: () => this.#ports.reset(request), resetAfterBytes };
    if (user === undefined) {
      send(request, outlet, refusal(unauthorized()));
      return;
    }
    try {
      await this.#serve({ info, user, request, outlet, closed }, action);
    } catch (error: unknown) {
      send(request, outlet, failure(error));
    }
  }

  async #serve(exchange: Exchange, action: FaultAction | undefined): Promise<void> {
    const { info, request, outlet } = exchange;
    switch (action?.kind) {
      case 'silent':
        return;
      case 'reset':
        if (action.afterBytes === undefined) outlet.reset();
        else await this.#answer(exchange);
        return;
      case 'dies-after-commit':
        await this.#work(exchange);
        outlet.reset();
        return;
      case 'stalled':
        if (info.target?.verb === 'watch') openStream(outlet);
        else await this.#answer(exchange);
        return;
      case 'status':
        send(request, outlet, injectedStatus(action));
        return;
      case 'conflict':
        send(request, outlet, refusal(conflict(subjectOf(info))));
        return;
      case 'expired':
        this.#expire(exchange);
        return;
      case 'slow':
      case undefined:
        await this.#answer(exchange);
    }
  }

  async #answer(exchange: Exchange): Promise<void> {
    const answer = await this.#work(exchange);
    if (exchange.closed.aborted) return;
    if (answer.kind === 'document') send(exchange.request, exchange.outlet, answer);
    else this.#watch(exchange, answer);
  }

  async #work(exchange: Exchange): Promise<Answer> {
    const { info, user, request, outlet, closed } = exchange;
    try {
      const { bytes, ...body } = await readBody(request);
      outlet.record.requestBytes = bytes;
      return await this.#ports.router.route({ info, user, request, body }, closed);
    } catch (error: unknown) {
      return failure(error);
    }
  }

  #watch({ info, user, outlet }: Exchange, answer: Extract<Answer, { kind: 'watch' }>): void {
    const { store, clock } = this.#ports;
    const ports = { table: answer.table, store, clock, sink: openStream(outlet) };
    const stream = new WatchStream(ports, answer.options);
    this.watches.add(info, user, stream);
    outlet.response.once('close', () => stream.release());
    stream.start();
  }

  #expire({ info, request, outlet }: Exchange): void {
    const options = toListOptions(info.query);
    if (info.target?.verb !== 'watch') {
      send(request, outlet, refusal(expiredListing(options)));
      return;
    }
    const error = expired(
      `too old resource version: ${options.revision ?? 0} (${this.#ports.store.revision})`,
    );
    const sink = openStream(outlet);
    sink.write(`{"type":"ERROR","object":${JSON.stringify(error.status)}}\n`);
    sink.end();
  }

  /** `undefined` for a credential that proves nothing. */
  #authenticate(request: IncomingMessage): User | undefined {
    try {
      return this.#ports.identities.authenticate(request);
    } catch (error: unknown) {
      if (error instanceof ApiError) return undefined;
      throw error;
    }
  }
}

/** A body that nobody has read yet must not stand in the way of the next request on the connection. */
function send(request: IncomingMessage, outlet: Outlet, answer: DocumentAnswer): void {
  request.resume();
  sendDocument(outlet, answer);
}

function failure(error: unknown): DocumentAnswer {
  if (error instanceof ApiError) return refusal(error);
  return refusal(new ApiError(500, 'InternalError', `Internal error occurred: ${messageOf(error)}`));
}

function closeSignal(response: ServerResponse): AbortSignal {
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  return closed.signal;
}

function subjectOf({ target }: RequestInfo): Subject {
  return { group: target?.group ?? '', resource: target?.resource ?? '', name: target?.name ?? '' };
}

const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

function injectedStatus(action: Extract<FaultAction, { kind: 'status' }>): DocumentAnswer {
  const { status, retryAfterSeconds } = action;
  const message = action.message ?? `the stand-in answers ${status} because it was told to`;
  const details = retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } };
  return refusal(new ApiError(status, action.reason ?? reasons[status] ?? '', message, details));
}
