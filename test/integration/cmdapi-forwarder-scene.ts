import type { IncomingHttpHeaders } from 'node:http';
import { createServer, type Socket } from 'node:net';
import {
  Forwarder,
  type ForwarderOptions,
  type ForwarderPorts,
  type Leadership,
} from '../../cmdapi/forwarder.js';
import { systemClock } from '../../core/clock.js';
import { createLogger } from '../../core/log.js';
import { createRegistry } from '../../core/telemetry.js';
import type { Request, RequestHandler, Response } from '../../http/exchanges.js';
import { servername } from '../unit/http/https-clients.js';
import { type HandFeed, tlsScene } from '../unit/http/tls-scene.js';
import { CommandClient } from './cmdapi-scene.js';

/** A request as it came to a leader. */
export interface Seen {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Answering = (seen: Seen, response: Response) => void;

/** Says yes, and by its length how long the body was. */
export const answerYes: Answering = ({ body }, response) => {
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({ yes: body.length }));
};

/** A leader whose answers are written by hand. It shows a certificate of `feed`. */
export async function startLeader(
  feed: HandFeed,
  answering: Answering = answerYes,
  port: number = 0,
): Promise<{ readonly port: number; readonly seen: Seen[]; readonly stop: () => Promise<void> }> {
  const seen: Seen[] = [];
  const handler: RequestHandler = (request, response) => {
    void bodyOf(request).then((body) => {
      const { method = '', url = '', headers } = request;
      seen.push({ method, target: url, headers, body });
      answering({ method, target: url, headers, body }, response);
    });
  };
  const scene = await tlsScene({ feed, handler, port, drainMs: 100, lingerMs: 10 });
  return {
    port: scene.port,
    seen,
    stop: async () => {
      scene.stop.abort();
      await scene.ended;
    },
  };
}

export interface Knowledge {
  readonly leader: ReturnType<Leadership['leader']>;
  /** Where the pod `leader` is. */
  readonly port: number | undefined;
  readonly caPem: string | undefined;
}

/** A replica that passes on everything, with what it knows changed by hand. */
export async function startFollower(
  feed: HandFeed,
  first: Partial<Knowledge>,
  options: Partial<ForwarderOptions> = {},
) {
  let knowledge: Knowledge = {
    leader: { who: 'other', name: 'leader' },
    port: undefined,
    caPem: feed.caPem,
    ...first,
  };
  const lines: string[] = [];
  const registry = createRegistry({ withProcessMetrics: false });
  const ports: ForwarderPorts = {
    leadership: { leader: () => knowledge.leader },
    addresses: {
      addressOf: (name) =>
        name === 'leader' && knowledge.port !== undefined
          ? { host: '127.0.0.1', port: knowledge.port }
          : undefined,
    },
    trust: { current: () => ({ caPem: knowledge.caPem }) },
    clock: systemClock,
    log: createLogger('debug', (text) => text, { write: (line) => lines.push(line) }),
    registry,
  };
  const forwarder = new Forwarder(ports, {
    service: 'datadog/datadog-cluster-agent',
    serverName: servername,
    ...options,
  });
  const scene = await tlsScene({
    feed,
    drainMs: 100,
    lingerMs: 10,
    handler: (request, response) => void pass(forwarder, request, response),
  });
  const client = new CommandClient(scene.port);
  return {
    client,
    port: scene.port,
    ca: scene.ca,
    lines,
    registry,
    know: (more: Partial<Knowledge>): void => {
      knowledge = { ...knowledge, ...more };
    },
    close: async (): Promise<void> => {
      client.close();
      await forwarder.close();
    },
  };
}

/** 299 stands for "this replica leads". */
async function pass(forwarder: Forwarder, request: Request, response: Response): Promise<void> {
  const reply = await forwarder.forward(request, 'test');
  response.statusCode = reply?.status ?? 299;
  for (const [name, value] of Object.entries(reply?.headers ?? {})) response.setHeader(name, value);
  response.end(Buffer.isBuffer(reply?.body) ? reply.body : '');
}

/** Takes connections and says nothing on any; what it was sent is counted. */
export async function startMute(): Promise<{
  readonly port: number;
  readonly connections: () => number;
  readonly stop: () => Promise<void>;
}> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {
      // Whoever it was gave up.
    });
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    connections: () => sockets.size,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: Request): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}
