import Koa from 'koa';
import type { Clock } from '../core/clock.js';
import { Fault, messageOf } from '../core/fault.js';
import type { Logger } from '../core/log.js';
import type { MetricId } from '../core/metric.js';
import type { Registry } from '../core/telemetry.js';
import type { Request, Response } from '../http/exchanges.js';
import type { StreamRequest, StreamResponse } from '../http/stream-exchange.js';
import { allEncodings, faultAnswer } from './answer.js';
import { AnswerLog } from './answer-log.js';
import { Authenticator, type TokenReviewer } from './authn.js';
import { type AccessReviewer, Authorizer } from './authz.js';
import type { AuthenticationConfigSource } from './connection-trust.js';
import { DiscoveredNames } from './discovery.js';
import {
  createDocumentRouter,
  type DocumentState,
  isServedPath,
  reply,
  resourceListHandler,
} from './documents.js';
import { ExternalMetrics, type RecordReader, type WantedMetrics } from './external-metrics.js';
import { FirstRecord } from './first-record.js';
import { Gate } from './gate.js';
import type { HealthChecks } from './health.js';
import { LastAnswers, type PastAnswers } from './last-answers.js';
import type { ReplicaView } from './messages.js';
import { MetricLane, toFault } from './metric-lane.js';
import { Negotiator } from './negotiator.js';
import { accessOf, parseRequestPath, type Route } from './request-path.js';
import type { StatusDetails } from './status.js';
import { Traffic } from './traffic.js';
import type { VersionInfo } from './version.js';

/** What the server reads and asks. */
export interface ApiServerPorts {
  readonly records: RecordReader;
  readonly wanted: WantedMetrics;
  readonly accessReviewer: AccessReviewer;
  readonly tokenReviewer: TokenReviewer;
  readonly authentication: AuthenticationConfigSource;
  readonly replica: ReplicaView;
  readonly readiness: HealthChecks;
  readonly liveness: HealthChecks;
  readonly registry: Registry;
  readonly clock: Clock;
  /** Judges the certificates of callers; by default `clock`. */
  readonly certificateClock?: Clock;
  readonly log: Logger;
}

/** What is chosen for the server. */
export interface ApiServerOptions {
  /** The oldest that a served point may be. */
  readonly maxAgeMs: number;
  /** How long a metric that an autoscaler asks for is waited for; 0 never waits. */
  readonly firstRecordWaitMs: number;
  /** How many metrics discovery shows. */
  readonly maxListedMetrics: number;
  readonly version: VersionInfo;
}

/** What to choose where nothing speaks against it. */
export const defaultApiServerOptions = { firstRecordWaitMs: 2_000, maxListedMetrics: 500 } as const;

/** The server, to be put behind a listener. */
export interface ApiServer {
  /** Answers a request of either HTTP version; fits `http2.createSecureServer` with `requestCert` and without `rejectUnauthorized`. */
  handle(request: Request, response: Response): void;
  /** Answers a request over HTTP/2 if it is a metric's GET; else the result is `false`, and `handle` is to be asked. */
  handleStream(request: StreamRequest, response: StreamResponse): boolean;
  /** What this server last answered about a metric; `undefined` when nobody has asked it. */
  lastAnswers(id: MetricId): PastAnswers | undefined;
  /** Stops following the records; requests under way are still answered. */
  close(): void;
}

/** The HPA controller may ask before this replica's watch has seen the autoscaler. */
const unknownWaitMs = 300;
const maxFirstRecordWaiters = 1_000;
const maxWaitingForReview = 400;

/**
 * The external metrics API server, whole but for its listener. A metric's GET is answered on a lane of its own, since
 * it is nearly all of the traffic; every other request goes through koa.
 */
export function createApiServer(ports: ApiServerPorts, options: ApiServerOptions): ApiServer {
  const { clock, records, wanted, replica, registry } = ports;
  const log = new AnswerLog({ log: ports.log, clock });
  const traffic = new Traffic(registry);
  const negotiator = new Negotiator();
  const gate = new Gate(
    {
      authenticator: new Authenticator({ ...ports, clock: ports.certificateClock ?? clock }),
      authorizer: new Authorizer(ports),
      onRefusal: (refusals) => log.refused(refusals),
    },
    { maxWaiting: maxWaitingForReview },
  );
  const names = new DiscoveredNames({ records }, { maxListed: options.maxListedMetrics });
  const waits = {
    firstRecordWaitMs: options.firstRecordWaitMs,
    unknownWaitMs,
    maxWaiters: maxFirstRecordWaiters,
  };
  const lastAnswers = new LastAnswers();
  const lane = new MetricLane({
    gate,
    metrics: new ExternalMetrics({ records, wanted, clock }, options),
    firstRecord: new FirstRecord({ records, wanted, clock }, waits),
    witnesses: { records, replica, clock, maxAgeMs: options.maxAgeMs },
    negotiator,
    traffic,
    log,
    lastAnswers,
    clock,
  });
  const router = createDocumentRouter({ ...ports, names, negotiator }, options.version);
  const others = createApp({ gate, negotiator, traffic, log, clock, router, plainLog: ports.log }).callback();
  return {
    handle: (request, response) => {
      if (!lane.take(request, response)) void others(request, response);
    },
    handleStream: (request, response) => lane.take(request, response),
    lastAnswers: (id) => lastAnswers.of(id),
    close: names.follow(),
  };
}

interface AppPorts {
  readonly gate: Gate;
  readonly negotiator: Negotiator;
  readonly traffic: Traffic;
  readonly log: AnswerLog;
  readonly clock: Clock;
  readonly router: ReturnType<typeof createDocumentRouter>;
  readonly plainLog: Logger;
}

/** All that is not a metric's GET: faults and counting around the gate around the documents. */
function createApp({
  gate,
  negotiator,
  traffic,
  log,
  clock,
  router,
  plainLog,
}: AppPorts): Koa<DocumentState> {
  const app = new Koa<DocumentState>();
  app.on('error', (error: unknown) => plainLog.debug({ cause: messageOf(error) }, 'a response was cut off'));

  app.use(async (context, next) => {
    const startedMs = clock.monotonicMs();
    const target = context.req.url ?? '';
    try {
      await next();
    } catch (error: unknown) {
      const fault = toFault(error, log, target);
      const form = negotiator.formOf(context.req, allEncodings, undefined) ?? 'json';
      reply(context, faultAnswer(fault, form, detailsOf(fault, parseRequestPath(target))));
    }
    const handler = context.state.handler ?? 'other';
    const elapsedMs = clock.monotonicMs() - startedMs;
    if (handler === resourceListHandler)
      traffic.metricAnswered(resourceListHandler, context.status, elapsedMs);
    else traffic.answered(handler, context.status);
    plainLog.debug({ method: context.method, target, status: context.status, elapsedMs }, 'request answered');
  });

  app.use(async (context, next) => {
    const route = parseRequestPath(context.req.url ?? '');
    if (route.kind === 'malformed') {
      await gate.recognize(context.req);
      throw route.fault;
    }
    await gate.admit(context.req, accessOf(route, context.method));
    if (route.kind === 'stray') throw notFound();
    if (route.kind === 'metric') throw methodNotAllowed();
    await next();
  });

  app.use(router.routes());
  app.use((context) => {
    throw isServedPath(router, context.path) ? methodNotAllowed() : notFound();
  });
  return app;
}

function notFound(): Fault {
  return new Fault('request.not_found', 'the server could not find the requested resource');
}

function methodNotAllowed(): Fault {
  return new Fault(
    'request.method_not_allowed',
    'the server does not allow this method on the requested resource',
  );
}

/** What a refusal is about, as Kubernetes tells it. */
function detailsOf(fault: Fault, route: Route): StatusDetails | undefined {
  if (fault.code !== 'request.forbidden' || (route.kind !== 'metric' && route.kind !== 'stray'))
    return undefined;
  const access = accessOf(route, 'GET');
  return access.kind === 'resource' ? { group: access.group, kind: access.resource } : undefined;
}
