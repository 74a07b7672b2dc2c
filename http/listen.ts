import type { Server } from 'node:net';

/** Where a listener listens. */
export interface ListenAddress {
  readonly port: number;
  /** Left out: all addresses of this machine, IPv6 and IPv4. */
  readonly host?: string;
  /** The setting that holds the port, for the remedy in error messages. */
  readonly portSetting?: string;
}

/** Resolves with the port once `server` accepts connections (for port 0, the one that was chosen); else says what to do. */
export function listen(name: string, server: Server, address: ListenAddress): Promise<number> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException): void => reject(listenError(name, address, error));
    server.once('error', refuse);
    server.listen(
      { port: address.port, ...(address.host === undefined ? {} : { host: address.host }) },
      () => {
        server.off('error', refuse);
        const bound = server.address();
        resolve(bound !== null && typeof bound === 'object' ? bound.port : address.port);
      },
    );
  });
}

/** What a person needs to know of a port that could not be had. */
export function listenError(name: string, address: ListenAddress, error: NodeJS.ErrnoException): Error {
  const where = `${address.host ?? '*'}:${address.port}`;
  const setting = address.portSetting ?? 'its port setting';
  return new Error(`${name} cannot listen on ${where}: ${explain(error, setting)}`, { cause: error });
}

function explain(error: NodeJS.ErrnoException, setting: string): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `the port is taken by another process. Stop that process, or set ${setting} to a free port.`;
    case 'EACCES':
      return (
        `this process may not open that port. Set ${setting} to 1024 or above and let the Service's targetPort ` +
        'point to it, or give the container the capability NET_BIND_SERVICE.'
      );
    case 'EADDRNOTAVAIL':
      return 'no interface of this machine has that address. Listen on another one.';
    default:
      return error.message;
  }
}
