import { readFileSync } from 'node:fs';
import type { ControlPlane } from '../control-plane/control-plane.js';
import type { Place } from './client.js';

/** How to reach kube-apiserver as an administrator. */
export function administrator(plane: ControlPlane): Place {
  const { users } = JSON.parse(readFileSync(plane.adminKubeconfigPath, 'utf8')) as {
    readonly users: readonly [{ readonly user: Readonly<Record<string, string>> }];
  };
  const { user } = users[0];
  const text = (field: string): string => Buffer.from(user[field] ?? '', 'base64').toString();
  return {
    port: Number(new URL(plane.url).port),
    ca: readFileSync(plane.clusterCaFile, 'utf8'),
    credentials: {
      kind: 'certificate',
      cert: text('client-certificate-data'),
      key: text('client-key-data'),
    },
  };
}
