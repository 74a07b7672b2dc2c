import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { systemClock } from '../../core/clock.js';
import { type Logger, silentLog } from '../../core/log.js';
import type { Registry } from '../../core/telemetry.js';
import { KubeClient, type KubeClientOptions } from '../../kube/client.js';
import { loadKubeTarget } from '../../kube/target.js';
import { type Authority, createAuthority } from '../control-plane/certificates.js';

export type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => void;

/** A server of HTTPS/1.1 on loopback that counts its connections. */
export interface Loopback {
  readonly port: number;
  readonly authority: Authority;
  readonly connections: () => number;
  readonly server: Server;
  /** Cuts all connections with a TCP reset. */
  reset(): void;
  close(): Promise<void>;
}

export async function startLoopback(
  handler: Handler,
  options: { readonly clientCaPem?: string } = {},
): Promise<Loopback> {
  const authority = createAuthority('loopback');
  const leaf = authority.issue({ commonName: 'api', purpose: 'server', hosts: ['127.0.0.1', 'localhost'] });
  const sockets = new Set<Duplex>();
  let connections = 0;
  const server = createServer(
    {
      cert: leaf.certificatePem,
      key: leaf.keyPem,
      ...(options.clientCaPem === undefined
        ? {}
        : { ca: options.clientCaPem, requestCert: true, rejectUnauthorized: false }),
    },
    (request, response) => handler(request, response, new URL(request.url ?? '/', 'https://loopback')),
  );
  server.on('connection', (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    authority,
    server,
    connections: () => connections,
    reset: () => {
      for (const socket of sockets) if (socket instanceof Socket) socket.resetAndDestroy();
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** A client that reads its token and its authority from files in a folder of its own, as in a pod. */
export interface Pod {
  readonly client: KubeClient;
  write(name: 'token' | 'ca.crt', text: string): void;
  leave(): Promise<void>;
}

export interface PodOptions extends Partial<KubeClientOptions> {
  readonly log?: Logger;
  readonly registry?: Registry;
}

export function startPod(
  loopback: { readonly port: number; readonly authority: Authority },
  options: PodOptions = {},
): Pod {
  const folder = mkdtempSync(join(tmpdir(), 'kube-pod-'));
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  write('token', 'token-1');
  write('ca.crt', loopback.authority.certificatePem);
  const environment = {
    KUBERNETES_SERVICE_HOST: '127.0.0.1',
    KUBERNETES_SERVICE_PORT: String(loopback.port),
  };
  const target = loadKubeTarget({ environment, serviceAccountFolder: folder });
  if (!target.ok) throw new Error(target.error);
  const { log = silentLog, registry, ...clientOptions } = options;
  const client = new KubeClient(
    { target: target.value, clock: systemClock, log, ...(registry === undefined ? {} : { registry }) },
    { requestTimeoutMs: 5000, userAgent: 'test/1', ...clientOptions },
  );
  return {
    client,
    write,
    leave: async () => {
      await client.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function json(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

export function refusal(response: ServerResponse, code: number, message: string): void {
  json(response, { kind: 'Status', status: 'Failure', code, message }, code);
}

/** Waits until `claim` holds; fails after `withinMs`. */
export async function until(claim: () => boolean, withinMs = 3000): Promise<void> {
  const endAtMs = Date.now() + withinMs;
  while (!claim()) {
    if (Date.now() > endAtMs) throw new Error(`not within ${withinMs} ms: ${claim}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
