import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type Clock, systemClock } from '../core/clock.js';
import { messageOf } from '../core/fault.js';
import type { RecordedCall, Violation } from './datadog/call-log.js';
import { compress, deliver } from './datadog/delivery.js';
import { type FaultPlan, noFaults, toFaultPlan } from './datadog/fault-plan.js';
import { FaultBook, queryPath } from './datadog/faults.js';
import { type AcceptedKeys, Gate } from './datadog/gate.js';
import { Intake } from './datadog/intake.js';
import { QueryEndpoint } from './datadog/query-endpoint.js';
import { RateLimit, type RateLimitOptions } from './datadog/rate-limit.js';
import { Recent } from './datadog/recent.js';
import { html, json, type Reply, refuse } from './datadog/reply.js';
import { type Request, readBody, readRequest } from './datadog/request.js';
import { type MetricUnit, SeriesStore, type Tags } from './datadog/series-store.js';
import { toStatusReply } from './datadog/status-reply.js';
import type { Shape } from './datadog-shapes.js';

/** Everything that can be chosen about the stand-in; all of it may be left out. */
export interface DatadogSimulatorOptions {
  /** 0 by default: any free port. A restart takes the same one again. */
  readonly port?: number;
  /** PEM; with it the stand-in speaks HTTPS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** By default any key is accepted that is not empty. */
  readonly keys?: AcceptedKeys;
  /** By default ten million requests a minute to `/api/v1/query`. */
  readonly rateLimit?: RateLimitOptions;
  /** Characters of path and query string; 7,607 by default, where the real service stops. */
  readonly maxUrlLength?: number;
  /** Queries in one request; 35 by default, the most that a cluster agent sends. */
  readonly maxQueries?: number;
  /** So many calls, events, checks and series are remembered; 5,000 of each by default. */
  readonly maxRecords?: number;
  /** Seconds between the samples of a series; 10 by default, as agents send them. */
  readonly sampleSeconds?: number;
  /** Seconds that a sample takes to arrive; 0 by default. */
  readonly delaySeconds?: number;
  /** Gzips answers for clients that accept it, as the real service does; off by default, for speed. */
  readonly isCompressing?: boolean;
}

/**
 * A stand-in for the Datadog API on loopback: metric queries over series that a test sets, the intake of events,
 * service checks and metrics, key validation, rate limits, and faults on demand. It remembers every call.
 */
export class DatadogSimulator {
  /** Orders for things to go wrong. */
  readonly faults = new FaultBook();
  /** What was taken in by POST. */
  readonly intake: Intake;
  /** The budget of `/api/v1/query`. */
  readonly rateLimit: RateLimit;
  readonly #clock: Clock;
  readonly #tls: DatadogSimulatorOptions['tls'];
  readonly #isCompressing: boolean;
  readonly #store: SeriesStore;
  readonly #queries: QueryEndpoint;
  readonly #calls: Recent<RecordedCall>;
  readonly #gate: Gate;
  #server: Server | undefined;
  #port: number;
  #stopping = new AbortController();
  #connectionCount = 0;

  constructor(ports: { readonly clock?: Clock } = {}, options: DatadogSimulatorOptions = {}) {
    const {
      maxRecords = 5_000,
      sampleSeconds = 10,
      delaySeconds = 0,
      maxUrlLength = 7_607,
      maxQueries = 35,
    } = options;
    this.#clock = ports.clock ?? systemClock;
    this.#tls = options.tls;
    this.#isCompressing = options.isCompressing ?? false;
    this.#port = options.port ?? 0;
    this.#store = new SeriesStore({ clock: this.#clock });
    this.rateLimit = new RateLimit(
      { clock: this.#clock },
      options.rateLimit ?? { limit: 10_000_000, periodSeconds: 60 },
    );
    this.#queries = new QueryEndpoint(
      { store: this.#store, rateLimit: this.rateLimit, clock: this.#clock },
      { sampleSeconds, delaySeconds },
    );
    this.intake = new Intake({ clock: this.#clock }, { maxRecords });
    this.#calls = new Recent(maxRecords);
    this.#gate = new Gate({ limits: { maxUrlLength, maxQueries }, keys: options.keys ?? {}, maxRecords });
  }

  /**
   * Listens on loopback; rejects when the port is taken. After a `stop` it may be started again, on the same port and
   * with all its series.
   */
  async start(): Promise<{ readonly url: string; readonly port: number }> {
    if (this.#server !== undefined) throw new Error('the simulated Datadog runs already; stop it first');
    const server = this.#createServer();
    server.on('connection', () => {
      this.#connectionCount += 1;
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#stopping = new AbortController();
    this.#server = server;
    const address = server.address();
    if (typeof address === 'object' && address !== null) this.#port = address.port;
    const scheme = this.#tls === undefined ? 'http' : 'https';
    return { url: `${scheme}://127.0.0.1:${this.#port}`, port: this.#port };
  }

  #createServer(): Server {
    // Room for URLs above the limit, so that they are answered with 414 and not refused by the HTTP parser.
    const limits = { maxHeaderSize: 256 * 1024, keepAliveTimeout: 60_000 };
    const listener = (message: IncomingMessage, response: ServerResponse): void =>
      this.#receive(message, response);
    return this.#tls === undefined
      ? createServer(limits, listener)
      : createTlsServer({ ...limits, ...this.#tls }, listener);
  }

  /** Breaks all connections, those with an answer outstanding too, and frees the port. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    this.#stopping.abort();
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    server.closeAllConnections();
    await closed;
  }

  /** Gives a series this value from now on. For a value that also fills its past use `shape` with `constant`. */
  set(metric: string, tags: Tags, value: number): void {
    this.#store.set(metric, tags, value);
  }

  /** Gives a series this run for all time, the past included. */
  shape(metric: string, tags: Tags, shape: Shape): void {
    this.#store.shape(metric, tags, shape);
  }

  /** Forgets a tag set, or the whole metric: its queries are then answered without a series. */
  remove(metric: string, tags?: Tags): void {
    this.#store.remove(metric, tags);
  }

  /** Gives a metric a unit; without one its answers say `unit: null`. */
  describe(metric: string, unit: MetricUnit): void {
    this.#store.describe(metric, unit);
  }

  clearSeries(): void {
    this.#store.clear();
  }

  /** Accepts these keys alone from now on, as after a rotation. */
  acceptKeys(keys: AcceptedKeys): void {
    this.#gate.acceptKeys(keys);
  }

  /** The latest calls, oldest first; a new list each time. */
  get calls(): readonly RecordedCall[] {
    return this.#calls.list;
  }

  /** What no correct client does: keys in a URL, URLs too long, batches too large. */
  get violations(): readonly Violation[] {
    return this.#gate.violations;
  }

  /** Connections accepted since the first start; few of them for many calls shows that they are kept alive. */
  get connectionCount(): number {
    return this.#connectionCount;
  }

  clearCalls(): void {
    this.#calls.clear();
    this.#gate.clearViolations();
  }

  #receive(message: IncomingMessage, response: ServerResponse): void {
    const request = readRequest(message, this.#clock.monotonicMs());
    this.#calls.add(request.call);
    this.#gate.judge(request);
    if (request.call.method === 'GET' && this.faults.isEmpty) {
      this.#send(request, response, { reply: this.#get(request, noFaults), plan: noFaults });
      return;
    }
    void this.#serve(request, message, response);
  }

  /** The road of whatever has to wait: for a body, or for a fault. */
  async #serve(request: Request, message: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(message);
    if (body === undefined) return;
    const plan = toFaultPlan(this.faults.take(request.call.path, request.call.queries));
    if (plan.latencyMs > 0) await this.#clock.sleep(plan.latencyMs, this.#stopping.signal);
    const reply =
      request.call.method === 'POST' ? await this.#post(request, plan, body) : this.#get(request, plan);
    this.#send(request, response, { reply, plan });
  }

  #get(request: Request, plan: FaultPlan): Reply {
    const early = this.#replacement(plan) ?? this.#gate.refusal(request);
    if (early !== undefined) return early;
    if (request.call.path !== queryPath) return json(200, '{"valid":true}');
    try {
      return this.#queries.reply({ params: request.params, queries: request.call.queries }, plan);
    } catch (error: unknown) {
      return refuse(500, `a shape of the simulated Datadog failed: ${messageOf(error)}`);
    }
  }

  async #post(request: Request, plan: FaultPlan, body: Buffer): Promise<Reply> {
    const early = this.#replacement(plan) ?? this.#gate.refusal(request);
    return early ?? this.intake.receive(request.call.path, body, request.contentEncoding);
  }

  /** The answer of a fault that stands in for the true one. */
  #replacement({ replacement }: FaultPlan): Reply | undefined {
    switch (replacement?.fault.kind) {
      case 'status':
        return toStatusReply(replacement.fault, replacement.query, this.rateLimit);
      case 'html':
        return html(
          200,
          '<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Sign in</body></html>\n',
        );
      case 'errorBody':
      case undefined:
        return undefined;
    }
  }

  #send(
    { call, acceptEncoding }: Request,
    response: ServerResponse,
    { reply, plan }: { readonly reply: Reply; readonly plan: FaultPlan },
  ): void {
    if (response.destroyed) return;
    const sent = this.#isCompressing ? compress(reply, acceptEncoding) : reply;
    if (!deliver(response, sent, plan.delivery)) return;
    call.status = sent.status;
    call.sentBytes = Buffer.byteLength(sent.body);
  }
}
