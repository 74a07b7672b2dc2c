import { createServer, type Server } from 'node:http';
import type { Clock } from '../core/clock.js';
import type { Component, Health } from '../core/component.js';
import type { Logger } from '../core/log.js';
import type { RequestHandler } from './exchanges.js';
import { defaultLimits, type HttpLimits } from './limits.js';
import type { ListenerMetrics } from './listener-metrics.js';
import { http1Settings, type ListenerOptions, type ListenerReport, ServerLife } from './server-life.js';
import { Traffic } from './traffic.js';

export interface PlainListenerPorts {
  readonly handler: RequestHandler;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: ListenerMetrics;
}

/** HTTP/1.1 without TLS, for what only this machine or a kubelet asks. It stops as `TlsListener` does. */
export class PlainListener implements Component {
  readonly name: string;
  readonly #ports: PlainListenerPorts;
  readonly #limits: HttpLimits;
  readonly #traffic: Traffic;
  readonly #life: ServerLife;

  constructor(ports: PlainListenerPorts, options: ListenerOptions) {
    this.name = options.name;
    this.#ports = ports;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#traffic = new Traffic(ports, this.#limits);
    this.#life = new ServerLife({ ...ports, traffic: this.#traffic }, options);
  }

  /** The port while it listens; for the option 0, the one that the system chose. */
  address(): { readonly port: number } | undefined {
    return this.#life.port === undefined ? undefined : { port: this.#life.port };
  }

  /** For a status page. */
  describe(): ListenerReport {
    const connections = this.#traffic.openConnections;
    return { name: this.name, port: this.#life.port ?? null, connections };
  }

  health(): Health {
    if (this.#life.isStopping) return { state: 'unready', detail: 'stopping' };
    return this.#life.port === undefined
      ? { state: 'starting', detail: 'not listening yet' }
      : { state: 'ready' };
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#life.run(this.#createServer(), signal);
  }

  #createServer(): Server {
    const { handler, metrics } = this.#ports;
    const traffic = this.#traffic;
    const server = createServer({ ...http1Settings(this.#limits), keepAlive: true, noDelay: true });
    server.maxHeadersCount = 0;
    server.maxConnections = this.#limits.maxConnections;
    server.on('connection', (socket) => {
      traffic.connected(socket);
      traffic.speaksHttp1(socket);
    });
    server.on('request', (request, response) => traffic.serve(handler, request, response));
    metrics?.follow(this.name, traffic);
    return server;
  }
}
