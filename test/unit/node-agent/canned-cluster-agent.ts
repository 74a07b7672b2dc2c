import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { createAuthority } from '../../control-plane/certificates.js';
import { settle } from '../../fake-clock.js';

/** How a request is answered: with 200 and JSON, as it says, or not at all. */
export type Reply =
  | { readonly json: unknown }
  | { readonly status: number; readonly text: string }
  | ((response: ServerResponse) => void);

/** A request as it came; TLS as it was agreed upon. */
export interface Seen {
  /** Such as `GET /version`. */
  readonly call: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly httpVersion: string;
  readonly tls: string | null;
}

const leaf = createAuthority('nobody trusts this').issue({
  commonName: 'cluster-agent',
  purpose: 'server',
  hosts: ['elsewhere.example'],
});

const running = new Set<() => Promise<void>>();

/** Stops every Cluster Agent of these tests; for `afterEach`, so that a failed test leaves nothing behind. */
export async function stopClusterAgents(): Promise<void> {
  const stops = [...running];
  running.clear();
  await Promise.all(stops.map((stop) => stop()));
}

/** A Cluster Agent whose answers are written by hand, by call (`GET /version`); 404 to all else. They may be changed. */
export async function startClusterAgent(given: Readonly<Record<string, Reply>>) {
  const replies = new Map(Object.entries(given));
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer({ cert: leaf.certificatePem, key: leaf.keyPem }, (request, response) => {
    void readBody(request).then((body) => {
      const call = `${request.method} ${request.url}`;
      const { headers, httpVersion } = request;
      seen.push({ call, headers, body, httpVersion, tls: (request.socket as TLSSocket).getProtocol() });
      answer(response, replies.get(call) ?? { status: 404, text: '404 page not found\n' });
    });
  });
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  running.add(async () => {
    cut();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `https://127.0.0.1:${port}`,
    replies,
    seen,
    /** What was asked, in order. */
    calls: () => seen.map(({ call }) => call),
    /** How many there were, and how many there are. */
    connections: () => connections,
    openConnections: () => sockets.size,
    /** Ends all connections without a word, as a restart does. */
    cut,
  };
}

function answer(response: ServerResponse, reply: Reply): void {
  if (typeof reply === 'function') reply(response);
  else if ('json' in reply) {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(reply.json));
  } else {
    response.statusCode = reply.status;
    response.end(reply.text);
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString('latin1');
}

/** The answer to `GET /version` of a Cluster Agent of `major.minor`. */
export function version(major: number, minor: number): Reply {
  return { json: { Major: major, Minor: minor, Patch: 0, Pre: '', Meta: '', Commit: 'abc' } };
}

/** Lets what is ready run until `isTrue`; fails when that takes too many turns. */
export async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; !isTrue(); turn += 1) {
    if (turn > 10_000) throw new Error('what was waited for did not come');
    await settle();
  }
}

/** What `work` rejects with; fails when it does not. */
export async function failureOf(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error: unknown) {
    if (error instanceof Error) return error;
    throw new Error(`rejected with ${String(error)}, which is no error`);
  }
  throw new Error('did not reject');
}
