import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/log.js';
import type { Registry } from '../core/telemetry.js';
import type { Request, RequestHandler, Response } from '../http/exchanges.js';
import { absentRoutes } from './absent-routes.js';
import { refusalOf } from './admission.js';
import { type ExplainPorts, explainRoutes } from './explain-routes.js';
import { type FlarePorts, flareRoutes } from './flare-routes.js';
import { answeredMark } from './forwarded-headers.js';
import { type MetadataPorts, metadataRoutes } from './metadata-routes.js';
import { type ProcessPorts, processRoutes } from './process-routes.js';
import { RefusalLog } from './refusal-log.js';
import { type Reply, textReply } from './reply.js';
import { parseTarget, type RequestTarget } from './request-target.js';
import type { Question, Route } from './route.js';
import { RouteTable, type Way } from './route-table.js';
import { send } from './send.js';
import type { Token, Tokens } from './token.js';
import { CommandTraffic } from './traffic.js';

/** What the server asks and hands on to. */
export interface CommandApiPorts extends MetadataPorts, ProcessPorts, ExplainPorts, FlarePorts {
  readonly tokens: Tokens;
  /** Passes on what only the leader can answer; `undefined`: this replica leads. */
  readonly forwarder: { forward(request: Request, handler: string): Promise<Reply | undefined> };
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Everything that can be asked on the port of the node agents and the operators. */
export function commandRoutes(
  ports: MetadataPorts & ProcessPorts & ExplainPorts & FlarePorts,
): readonly Route[] {
  return [
    ...metadataRoutes(ports),
    ...processRoutes(ports),
    ...explainRoutes(ports),
    ...flareRoutes(ports),
    ...absentRoutes(),
  ];
}

/** One request and where it leads. */
interface Exchange {
  readonly request: Request;
  readonly response: Response;
  readonly target: RequestTarget;
  readonly way: Way;
  readonly startedMs: number;
}

/**
 * The API of node agents and operators, to be put behind a listener. Who may ask is decided by the route that the parsed
 * path leads to, before anything else happens; what leads nowhere needs either token. Thousands of node agents ask little
 * things, so that an answer from memory passes through no more than is needed (ADR 29).
 */
export function createCommandApi(ports: CommandApiPorts): RequestHandler {
  const { tokens, clock, forwarder, log } = ports;
  const table = new RouteTable(commandRoutes(ports));
  const traffic = new CommandTraffic(ports);
  const refusals = new RefusalLog(ports);
  const anyToken = Object.values(tokens);

  const finish = ({ request, response, way, startedMs }: Exchange, reply: Reply): void => {
    send(response, reply, request.method === 'HEAD');
    const { status } = reply;
    const handler = way.kind === 'route' ? way.route.handler : 'other';
    const isForwarded = reply.headers[answeredMark] !== undefined;
    const elapsedMs = clock.monotonicMs() - startedMs;
    traffic.answered({ handler, status, isForwarded }, elapsedMs);
    const path = request.url?.split('?', 1)[0]?.slice(0, 200) ?? '';
    if (status === 401 || status === 403) {
      refusals.refused(request.socket.remoteAddress ?? 'unknown', status, path);
    }
    log.debug({ method: request.method, path, status, elapsedMs }, 'request answered');
  };
  const fail = (exchange: Exchange, error: unknown): void => {
    log.error(
      { err: error, url: exchange.request.url },
      'request failed by a bug; the client got status 500',
    );
    finish(exchange, textReply(500, "Internal error: this is a bug; the replica's log holds its trace"));
  };
  const forward = async (exchange: Exchange, route: Route, question: Question): Promise<void> => {
    try {
      const passedOn = await forwarder.forward(exchange.request, route.handler);
      finish(exchange, passedOn ?? (await route.answer(question)));
    } catch (error: unknown) {
      fail(exchange, error);
    }
  };

  const answer = (exchange: Exchange, route: Route, question: Question): void => {
    const reply = route.answer(question);
    if (reply instanceof Promise)
      reply.then(
        (late) => finish(exchange, late),
        (error: unknown) => fail(exchange, error),
      );
    else finish(exchange, reply);
  };

  return (request, response) => {
    const target = parseTarget(request.url ?? '');
    const way = table.find(request.method ?? '', target.segments);
    const exchange = { request, response, target, way, startedMs: clock.monotonicMs() };
    try {
      const refusal = refusalOf(request.headers.authorization, acceptedBy(way, tokens, anyToken));
      if (refusal !== undefined) return finish(exchange, refusal);
      if (way.kind !== 'route') return finish(exchange, strayReply(way));
      const question = questionOf(way.names, target);
      if (way.route.isLeaderOnly === true) void forward(exchange, way.route, question);
      else answer(exchange, way.route, question);
    } catch (error: unknown) {
      fail(exchange, error);
    }
  };
}

function acceptedBy(way: Way, tokens: Tokens, anyToken: readonly Token[]): readonly Token[] {
  return way.kind === 'route' ? [tokens[way.route.credential]] : anyToken;
}

function questionOf(names: Readonly<Record<string, string>>, { query }: RequestTarget): Question {
  return {
    names,
    query: (parameter) => (query === '' ? [] : new URLSearchParams(query).getAll(parameter)),
  };
}

/** A path that exists with another method, or none at all. */
function strayReply(way: Exclude<Way, { readonly kind: 'route' }>): Reply {
  if (way.kind === 'nowhere') return textReply(404, '404 page not found');
  const allow = way.methods.join(', ');
  return textReply(405, `method not allowed; allowed: ${allow}`, { allow });
}
