import { at, entriesOf, listAt, type Manifest, without } from './manifest.js';
import { bindingsOf, permissionsOf } from './manifest-rights.js';

/** What must be the same in base and chart, without labels and with lists in one order. */
export function essentialsOf(objects: readonly Manifest[]): unknown {
  const one = (kind: string, name?: string): unknown => {
    const found = objects.find(
      (object) => object.kind === kind && (name === undefined || object.name === name),
    );
    if (found === undefined) throw new Error(`no ${kind} ${name ?? ''}`);
    return found.content;
  };
  const deployment = at(one('Deployment'), 'spec');
  const template = at(deployment, 'template');
  const pod = at(template, 'spec');
  const [container] = listAt(pod, 'containers');
  return {
    deployment: without(deployment, 'selector', 'template'),
    annotations: Object.fromEntries(
      [...entriesOf(at(template, 'metadata', 'annotations'))].filter(([key]) => !key.startsWith('checksum/')),
    ),
    pod: without(pod, 'containers', 'volumes', 'topologySpreadConstraints'),
    spread: listAt(pod, 'topologySpreadConstraints').map((each) => without(each, 'labelSelector')),
    // Settings come by a file in the base and by the environment in the chart; what is in effect is compared apart.
    container: without(container, 'env', 'volumeMounts'),
    writable: {
      volumes: listAt(pod, 'volumes').filter((volume) => at(volume, 'emptyDir') !== undefined),
      mounts: listAt(container, 'volumeMounts').filter((mount) => at(mount, 'readOnly') !== true),
    },
    secrets: listAt(container, 'env').filter(
      (variable) => at(variable, 'valueFrom', 'secretKeyRef') !== undefined,
    ),
    heap: listAt(container, 'env').find((variable) => at(variable, 'name') === 'NODE_OPTIONS'),
    serviceAccount: at(one('ServiceAccount', 'datadog-cluster-agent'), 'automountServiceAccountToken'),
    permissions: [...permissionsOf(objects)].toSorted(),
    bindings: bindingsOf(objects),
    services: ['datadog-cluster-agent', 'datadog-custom-metrics-server'].map((name) =>
      without(at(one('Service', name), 'spec'), 'selector', 'clusterIP', 'clusterIPs'),
    ),
    apiService: at(one('APIService'), 'spec'),
    budget: without(at(one('PodDisruptionBudget'), 'spec'), 'selector'),
    network: networkOf(at(one('NetworkPolicy'), 'spec')),
  };
}

/** Who may come and go, with the pods of the policy itself called by one name: their labels differ. */
function networkOf(spec: unknown): unknown {
  const own = JSON.stringify(at(spec, 'podSelector'));
  const egress = listAt(spec, 'egress').map((rule) => {
    const peers = listAt(rule, 'to').map((peer) =>
      JSON.stringify(at(peer, 'podSelector')) === own ? 'the replicas' : peer,
    );
    return { ...without(rule, 'to'), peers };
  });
  return { ...without(spec, 'podSelector', 'egress'), egress };
}
