import { once } from 'node:events';
import { createServer } from 'node:https';
import type { KeyedCertificate } from './certificates.js';

const GROUP_VERSION = 'external.metrics.k8s.io/v1beta1';

/** The least that the HPA controller takes for an external metrics server: one value, for any metric. */
export interface ConstantMetricServer {
  readonly port: number;
  setValue(value: number): void;
  stop(): Promise<void>;
}

/** Serves a metric value on a free loopback port, to anybody; it shows the control plane to work, nothing else. */
export async function startConstantMetricServer(
  certificate: KeyedCertificate,
): Promise<ConstantMetricServer> {
  let value = 0;
  const server = createServer({ cert: certificate.certificatePem, key: certificate.keyPem });
  server.on('request', (request, response) => {
    const body = documentFor(request.url ?? '', value);
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? {}));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`no port in ${String(address)}`);
  return {
    port: address.port,
    setValue: (next) => {
      value = next;
    },
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function documentFor(url: string, value: number): object | undefined {
  const path = url.split('?')[0] ?? '';
  if (path === `/apis/${GROUP_VERSION}`) {
    const resource = { name: '*', singularName: '', namespaced: true, kind: 'ExternalMetricValueList' };
    const resources = [{ ...resource, verbs: ['get'] }];
    return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: GROUP_VERSION, resources };
  }
  const metric = path.startsWith(`/apis/${GROUP_VERSION}/namespaces/`) ? path.split('/')[6] : undefined;
  if (metric === undefined) return undefined;
  const timestamp = `${new Date().toISOString().slice(0, 19)}Z`;
  const item = { metricName: metric, metricLabels: {}, timestamp, value: String(value) };
  return { kind: 'ExternalMetricValueList', apiVersion: GROUP_VERSION, metadata: {}, items: [item] };
}
