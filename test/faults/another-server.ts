import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { KeyedCertificate } from '../control-plane/certificates.js';
import { pathOf, shapeOf, watchedMetrics } from './watched.js';

const groupVersion = 'external.metrics.k8s.io/v1beta1';

/** Another server of external metrics, such as the original agent: it answers the watched metrics, and is trusted blindly. */
export class AnotherServer {
  readonly #server: Server;
  /** Metrics that it was asked for so far. */
  answered = 0;

  constructor({ certificatePem, keyPem }: KeyedCertificate) {
    this.#server = createServer({ cert: certificatePem, key: keyPem }, (request, response) => {
      const document = this.#documentFor(request.url ?? '');
      response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(document ?? { kind: 'Status', status: 'Failure', reason: 'NotFound' }));
    });
  }

  async start(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #documentFor(url: string): object | undefined {
    if (url.split('?')[0] === `/apis/${groupVersion}`) {
      const resource = { name: 'externalmetrics', singularName: '', namespaced: true, verbs: ['get'] };
      const resources = [{ ...resource, kind: 'ExternalMetricValueList' }];
      return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
    }
    const asked = decodeURIComponent(url);
    const metric = watchedMetrics.find((other) => decodeURIComponent(pathOf(other)) === asked);
    if (metric === undefined) return undefined;
    this.answered += 1;
    const timeSeconds = Math.floor(Date.now() / 1000) - 2;
    const item = {
      metricName: metric.name,
      metricLabels: null,
      timestamp: new Date(timeSeconds * 1000).toISOString(),
      value: String(shapeOf(metric)(timeSeconds)),
    };
    return { kind: 'ExternalMetricValueList', apiVersion: groupVersion, metadata: {}, items: [item] };
  }
}
