import { type RequestOptions, request } from 'node:https';
import type { ControlPlane } from '../control-plane/control-plane.js';
import { outputOf } from '../control-plane/kubectl.js';
import type { Replica } from './replica.js';
import { serviceName } from './world.js';

/** Asks one replica itself, past the aggregation layer, with a token and verified TLS; the answer is the metric's value. */
export async function askDirectly(plane: ControlPlane, replica: Replica, path: string): Promise<string> {
  const bundle = await outputOf(plane.kubectl, [
    'get',
    'apiservice',
    'v1beta1.external.metrics.k8s.io',
    '-o',
    'jsonpath={.spec.caBundle}',
  ]);
  const token = (
    await outputOf(plane.kubectl, ['create', 'token', 'horizontal-pod-autoscaler', '-n', 'kube-system'])
  ).trim();
  const body = await get({
    host: '127.0.0.1',
    port: replica.metricsPort,
    path,
    servername: `${serviceName}.datadog.svc`,
    ca: Buffer.from(bundle, 'base64').toString(),
    headers: { authorization: `Bearer ${token}` },
  });
  const { items = [], message } = JSON.parse(body) as {
    items?: readonly { readonly value: string }[];
    message?: string;
  };
  return items.length === 1 ? (items[0]?.value ?? '') : `${items.length} items: ${message ?? ''}`;
}

function get(options: RequestOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    request(options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => resolve(Buffer.concat(chunks).toString()));
      answer.on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}
