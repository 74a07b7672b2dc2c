import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { fieldAt, listAt, textAt } from '../../../simulator/cluster/object.js';
import { container, deployFolder, documentsOf, objectOf } from './manifests.js';

const daemonSet = (folder: string): unknown =>
  objectOf(`${folder}/daemonset.yaml`, 'DaemonSet', 'datadog-agent');
const agent = (folder: string): unknown =>
  fieldAt(daemonSet(folder), 'spec', 'template', 'spec', 'containers', 0);

function environmentOf(folder: string): Readonly<Record<string, unknown>> {
  const entries = listAt(agent(folder), 'env').map((entry): [string, unknown] => [
    textAt(entry, 'name') ?? '',
    fieldAt(entry, 'value') ?? fieldAt(entry, 'valueFrom'),
  ]);
  return Object.fromEntries(entries);
}

describe('deploy/node-agent', () => {
  it('knows the Cluster Agent by its Service, and shows it the shared token', () => {
    const service = objectOf('base/service.yaml', 'Service', 'datadog-cluster-agent');
    expect(environmentOf('node-agent')).to.deep.include({
      DD_CLUSTER_AGENT_ENABLED: 'true',
      DD_CLUSTER_AGENT_KUBERNETES_SERVICE_NAME: textAt(service, 'metadata', 'name'),
      DD_CLUSTER_AGENT_AUTH_TOKEN: { secretKeyRef: { name: 'datadog-auth-token', key: 'token' } },
      DD_KUBERNETES_KUBELET_HOST: { fieldRef: { fieldPath: 'status.hostIP' } },
      DD_KUBERNETES_COLLECT_METADATA_TAGS: 'true',
      DD_KUBERNETES_METADATA_TAG_UPDATE_FREQ: '60',
    });
    const { metadata, spec } = daemonSet('node-agent') as {
      readonly metadata: unknown;
      readonly spec: unknown;
    };
    // The agent reads the Service's address from variables that only pods of the same namespace get.
    expect(textAt(metadata, 'namespace')).to.equal(textAt(service, 'metadata', 'namespace'));
    expect(fieldAt(spec, 'template', 'spec', 'enableServiceLinks')).to.equal(true);
    const server = listAt(container(), 'env').map((entry) => [
      textAt(entry, 'name'),
      fieldAt(entry, 'valueFrom'),
    ]);
    expect(Object.fromEntries(server)).to.deep.include({
      DD_CLUSTER_AGENT_AUTH_TOKEN: environmentOf('node-agent')['DD_CLUSTER_AGENT_AUTH_TOKEN'],
    });
  });

  it('reports to the same site', () => {
    const site = textAt(documentsOf('base/datadog-cluster.yaml')[0], 'site');
    expect(environmentOf('node-agent')['DD_SITE']).to.equal(site);
  });

  it('may read its kubelet and nothing else', () => {
    const rules = listAt(objectOf('node-agent/rbac.yaml', 'ClusterRole', 'datadog-agent'), 'rules');
    expect(rules).to.deep.equal([
      {
        apiGroups: [''],
        resources: ['nodes/metrics', 'nodes/spec', 'nodes/stats', 'nodes/proxy'],
        verbs: ['get'],
      },
    ]);
  });

  it('is a version by its number', () => {
    const kustomization = documentsOf('node-agent/kustomization.yaml')[0];
    expect(fieldAt(kustomization, 'images', 0, 'name')).to.equal(textAt(agent('node-agent'), 'image'));
    expect(textAt(kustomization, 'images', 0, 'newTag')).to.match(/^7\.\d+\.\d+$/);
  });

  it('reads what it mounts of the node, and writes there only how far logs were read', () => {
    const folders = [
      'node-agent',
      ...readdirSync(join(deployFolder, 'components')).map((name) => `components/${name}`),
    ];
    const writable = folders
      .flatMap((folder) => listAt(agent(folder), 'volumeMounts'))
      .filter((mount) => fieldAt(mount, 'readOnly') !== true)
      .map((mount) => textAt(mount, 'mountPath'));
    expect(writable).to.deep.equal(['/opt/datadog-agent/run']);
  });
});

describe('deploy/components', () => {
  it('switch one thing on each', () => {
    expect(environmentOf('components/logs')).to.deep.equal({
      DD_LOGS_ENABLED: 'true',
      DD_LOGS_CONFIG_CONTAINER_COLLECT_ALL: 'true',
    });
    expect(environmentOf('components/apm')).to.include({ DD_APM_ENABLED: 'true' });
    expect(environmentOf('components/dogstatsd')).to.deep.equal({ DD_DOGSTATSD_NON_LOCAL_TRAFFIC: 'true' });
    expect(environmentOf('components/custom-integration')).to.deep.equal({});
  });

  it('open the ports that applications know', () => {
    const portsOf = (folder: string): readonly unknown[] =>
      listAt(agent(folder), 'ports').map((port) => [
        fieldAt(port, 'containerPort'),
        fieldAt(port, 'hostPort'),
        fieldAt(port, 'protocol'),
      ]);
    expect(portsOf('components/apm')).to.deep.equal([[8126, 8126, 'TCP']]);
    expect(portsOf('components/dogstatsd')).to.deep.equal([[8125, 8125, 'UDP']]);
  });

  it('mount only volumes that they bring along', () => {
    for (const name of readdirSync(join(deployFolder, 'components'))) {
      const folder = `components/${name}`;
      const volumes = listAt(daemonSet(folder), 'spec', 'template', 'spec', 'volumes');
      const mounts = listAt(agent(folder), 'volumeMounts');
      expect(
        mounts.map((mount) => textAt(mount, 'name')),
        name,
      ).to.deep.equal(volumes.map((volume) => textAt(volume, 'name')));
    }
  });

  it('are all in the overlay with node agents', () => {
    const components = listAt(documentsOf('overlays/with-node-agents/kustomization.yaml')[0], 'components');
    const folders = readdirSync(join(deployFolder, 'components')).map((name) => `../../components/${name}`);
    expect(components.toSorted()).to.deep.equal(folders.toSorted());
  });
});
