import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

interface PodSpec {
  readonly securityContext: { readonly runAsUser: number; readonly runAsGroup: number };
  readonly containers: readonly Container[];
}

interface Container {
  readonly args: readonly string[];
  readonly ports: readonly { readonly containerPort: number }[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts: readonly { readonly mountPath: string; readonly readOnly?: boolean }[];
}

/** What the manifests say of the container that the image becomes. */
export interface ShippedPod {
  /** `uid:gid` */
  readonly user: string;
  readonly args: readonly string[];
  readonly ports: readonly number[];
  /** Only what stands there as a value; the rest comes from Secrets and from the pod. */
  readonly environment: Readonly<Record<string, string>>;
  /** The folders that the pod mounts and lets the program write to. */
  readonly writableFolders: readonly string[];
}

/** From `deploy/base` of the project in `root`. */
export function readShippedPod(root: string): ShippedPod {
  const { securityContext, containers } = readPodSpec(join(root, 'deploy/base/deployment.yaml'));
  const [container] = containers;
  if (container === undefined) throw new Error('deploy/base/deployment.yaml has no container');
  const values = container.env.flatMap(({ name, value }): [string, string][] =>
    value === undefined ? [] : [[name, value]],
  );
  return {
    user: `${securityContext.runAsUser}:${securityContext.runAsGroup}`,
    args: container.args,
    ports: container.ports.map(({ containerPort }) => containerPort),
    environment: Object.fromEntries(values),
    writableFolders: container.volumeMounts
      .filter(({ readOnly }) => readOnly !== true)
      .map(({ mountPath }) => mountPath),
  };
}

function readPodSpec(path: string): PodSpec {
  const deployment = parse(readFileSync(path, 'utf8')) as {
    readonly spec: { readonly template: { readonly spec: PodSpec } };
  };
  return deployment.spec.template.spec;
}
