import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/**
 * `count` different ports of 127.0.0.1 that were free a moment ago; another process may still take one first,
 * so that whoever uses them must be ready to ask again.
 */
export async function freePorts(count: number): Promise<number[]> {
  const holders = await Promise.all(Array.from({ length: count }, hold));
  const ports = holders.map(portOf);
  // All are held until all are known, so that no port is handed out twice.
  await Promise.all(holders.map(release));
  return ports;
}

async function hold(): Promise<Server> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`no port in ${String(address)}`);
  return address.port;
}

async function release(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
