import { Readable } from 'node:stream';
import Router from '@koa/router';
import Koa, { type Context } from 'koa';
import type { Clock } from '../core/clock.js';
import { messageOf } from '../core/fault.js';
import type { Logger } from '../core/log.js';
import type { Registry } from '../core/telemetry.js';
import type { Request, RequestHandler } from '../http/exchanges.js';
import { absentRoutes } from './absent-routes.js';
import { refusalOf } from './admission.js';
import { type MetadataPorts, metadataRoutes } from './metadata-routes.js';
import { type ProcessPorts, processRoutes } from './process-routes.js';
import { RefusalLog } from './refusal-log.js';
import { type Reply, textReply } from './reply.js';
import type { Question, Route } from './route.js';
import type { Tokens } from './token.js';
import { CommandTraffic } from './traffic.js';

/** What the server asks and hands on to. */
export interface CommandApiPorts extends MetadataPorts, ProcessPorts {
  readonly tokens: Tokens;
  /** Passes on what only the leader can answer; `undefined`: this replica leads. */
  readonly forwarder: { forward(request: Request, handler: string): Promise<Reply | undefined> };
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Everything that can be asked on the port of the node agents and the operators. */
export function commandRoutes(ports: MetadataPorts & ProcessPorts): readonly Route[] {
  return [...metadataRoutes(ports), ...processRoutes(ports), ...absentRoutes()];
}

interface State {
  /** Of the route that answered. */
  handler?: string;
}

/**
 * The API of node agents and operators, to be put behind a listener. Who may ask is decided by the route that the parsed
 * path leads to, before anything else happens; what leads nowhere needs either token.
 */
export function createCommandApi(ports: CommandApiPorts): RequestHandler {
  const { tokens, clock, log } = ports;
  const traffic = new CommandTraffic(ports);
  const refusals = new RefusalLog(ports);
  const router = new Router<State>({ strict: true, sensitive: true });
  for (const route of commandRoutes(ports)) {
    router.register(route.path, [route.method], async (context) => {
      context.state.handler = route.handler;
      write(context, await replyTo(context, route, ports));
    });
  }
  const app = new Koa<State>();
  app.on('error', (error: unknown) => log.debug({ cause: messageOf(error) }, 'a response was cut off'));
  app.use(async (context, next) => {
    const startedMs = clock.monotonicMs();
    try {
      await next();
    } catch (error: unknown) {
      log.error({ err: error, path: context.path }, 'request failed by a bug; the client got status 500');
      write(context, textReply(500, "Internal error: this is a bug; the replica's log holds its trace"));
    }
    const { status, method, path } = context;
    const handler = context.state.handler ?? 'other';
    const isForwarded = context.response.get('x-dca-forwarded') !== '';
    const elapsedMs = clock.monotonicMs() - startedMs;
    traffic.answered({ handler, status, isForwarded }, elapsedMs);
    if (status === 401 || status === 403) refusals.refused(context.ip, status, path.slice(0, 200));
    log.debug({ method, path, status, elapsedMs }, 'request answered');
  });
  app.use(router.routes());
  app.use((context) => {
    const accepted = Object.values(tokens);
    write(context, refusalOf(authorizationOf(context), accepted) ?? strayReply(router, context));
  });
  const handle = app.callback();
  return (request, response) => void handle(request, response);
}

async function replyTo(context: Context, route: Route, ports: CommandApiPorts): Promise<Reply> {
  const refusal = refusalOf(authorizationOf(context), [ports.tokens[route.credential]]);
  if (refusal !== undefined) return refusal;
  if (route.isLeaderOnly === true) {
    const forwarded = await ports.forwarder.forward(context.req, route.handler);
    if (forwarded !== undefined) return forwarded;
  }
  return route.answer(questionOf(context));
}

function questionOf(context: Context): Question {
  return {
    names: context['params'] as Readonly<Record<string, string>>,
    query: (parameter) => {
      const value = context.query[parameter];
      return value === undefined ? [] : [value].flat();
    },
  };
}

/** A path that exists with another method, or none at all. */
function strayReply(router: Router<State>, context: Context): Reply {
  const methods = [
    ...new Set(router.match(context.path, context.method).path.flatMap((layer) => layer.methods)),
  ];
  if (methods.length === 0) return textReply(404, '404 page not found');
  return textReply(405, `method not allowed; allowed: ${methods.join(', ')}`, { allow: methods.join(', ') });
}

function authorizationOf(context: Context): string | undefined {
  return context.req.headers.authorization;
}

function write(context: Context, reply: Reply): void {
  context.status = reply.status;
  context.set({ ...reply.headers });
  context.body =
    Buffer.isBuffer(reply.body) || reply.body instanceof Readable ? reply.body : Readable.from(reply.body);
}
