import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/log.js';
import type { Request, RequestHandler, Response } from '../http/exchanges.js';
import { harden, readBody, sendFile, sendJson, sendText } from './answer.js';
import type { PageState, SeriesReply } from './model/state.js';
import { type PageFile, type PageFileName, readPageFiles } from './page-files.js';
import { Seal, UsedCodes } from './seal.js';
import { hasSession, hostOf, isOwnHost, isOwnOrigin, sessionCookie } from './session.js';

/** What the page is made of, and who may see it. */
export interface PageServerPorts {
  readonly feed: {
    state(): PageState;
    series(metric: string): SeriesReply;
    readonly streams: { add(response: Response, first: unknown): boolean };
  };
  /** Why an autoscaler (`namespace/name`) has the replicas that it has, as a text; left out where this replica cannot tell. */
  readonly explain?: ((autoscaler: string) => Promise<string>) | undefined;
  /** The wall clock of this machine, by which `launch-gui` makes its codes. */
  readonly clock: Clock;
  readonly log: Logger;
}

/** One request. */
interface Exchange {
  readonly request: Request;
  readonly response: Response;
  readonly query: URLSearchParams;
}

const mostBodyBytes = 1_000;

/**
 * The page and what it asks, to be put behind a listener on the loopback address. Who has no session gets a page that says
 * how to come by one: a code of `launch-gui`, good once and for five minutes, is exchanged for a cookie.
 *
 * @param options `secret`: the token of the commands on this machine
 */
export function createPageServer(
  ports: PageServerPorts,
  options: { readonly secret: string },
): RequestHandler {
  const { feed, clock, log, explain } = ports;
  const seal = new Seal(options.secret, clock);
  const used = new UsedCodes();
  let files: ReadonlyMap<PageFileName, PageFile> | undefined;

  const file = ({ request, response }: Exchange, name: PageFileName, status = 200): void => {
    files ??= readPageFiles();
    const found = files.get(name);
    if (found === undefined) sendText(response, 404, 'not found');
    else sendFile(request, response, status, found);
  };
  const enter = async ({ request, response }: Exchange): Promise<void> => {
    const code = (await readBody(request, mostBodyBytes))?.trim() ?? '';
    const endsAtMs = isOwnOrigin(request) ? seal.open('entry', code) : undefined;
    if (endsAtMs === undefined || !used.use(code, endsAtMs, clock.nowMs())) {
      log.warn({}, 'the page was asked for with a code that is wrong, too old, or was used before');
      return sendText(response, 401, 'this code is wrong, too old, or was used before; run launch-gui again');
    }
    response.setHeader('Set-Cookie', sessionCookie(request, seal));
    log.info({ host: hostOf(request) }, 'the page was opened');
    sendText(response, 200, 'welcome');
  };
  const tellWhy = async (response: Response, told: Promise<string>): Promise<void> => {
    try {
      sendText(response, 200, await told);
    } catch (error: unknown) {
      log.error({ err: error }, 'an autoscaler could not be explained');
      sendText(response, 500, 'it could not be explained; the log says why');
    }
  };
  const open: Readonly<Record<string, (exchange: Exchange) => void>> = {
    'GET /': (exchange) =>
      hasSession(exchange.request, seal) ? file(exchange, 'page.html') : file(exchange, 'enter.html', 401),
    'GET /page.js': (exchange) => file(exchange, 'page.js'),
    'GET /page.css': (exchange) => file(exchange, 'page.css'),
    'GET /enter.js': (exchange) => file(exchange, 'enter.js'),
    'GET /icon.svg': (exchange) => file(exchange, 'icon.svg'),
    'POST /session': (exchange) => void enter(exchange),
  };
  const closed: typeof open = {
    'GET /api/state': ({ response }) => sendJson(response, feed.state()),
    'GET /api/series': ({ response, query }) => sendJson(response, feed.series(query.get('metric') ?? '')),
    'GET /api/stream': ({ response }) => {
      if (!feed.streams.add(response, feed.state())) sendText(response, 503, 'too many pages are open');
    },
    'GET /api/explain': ({ response, query }) => {
      const autoscaler = query.get('autoscaler') ?? '';
      if (explain === undefined) sendText(response, 404, 'this replica cannot explain it');
      else if (!/^[^/]+\/[^/]+$/.test(autoscaler))
        sendText(response, 400, 'expected ?autoscaler=<namespace>/<name>');
      else void tellWhy(response, explain(autoscaler));
    },
  };
  return (request, response) => {
    harden(response);
    if (!isOwnHost(request)) {
      return sendText(
        response,
        421,
        'this page answers to 127.0.0.1 and localhost only; use kubectl port-forward',
      );
    }
    const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
    const exchange = { request, response, query: new URLSearchParams(query) };
    const route = `${request.method === 'HEAD' ? 'GET' : request.method} ${path}`;
    const answer = Object.hasOwn(open, route) ? open[route] : undefined;
    if (answer !== undefined) return answer(exchange);
    if (!hasSession(request, seal)) return sendText(response, 401, 'no session; run launch-gui');
    const inside = Object.hasOwn(closed, route) ? closed[route] : undefined;
    if (inside === undefined) return sendText(response, 404, 'not found');
    inside(exchange);
  };
}
