import { expect } from 'chai';
import { placedSettings } from '../../../config/schema.js';
import { fieldAt, listAt, textAt } from '../../../simulator/cluster/object.js';
import { container, documentsOf, manifestPaths, objectOf } from './manifests.js';
import { shippedConfig } from './shipped-config.js';

/** The container whose settings are ours; the node agent's are Datadog's. */
const ours = 'cluster-agent';

describe('settings in the manifests', () => {
  it('are settings that exist, wherever the Cluster Agent gets them from', () => {
    const known = new Set(placedSettings().flatMap(({ setting }) => setting.environment));
    const used = manifestPaths().flatMap((path) =>
      documentsOf(path)
        .flatMap((object) => listAt(object, 'spec', 'template', 'spec', 'containers'))
        .filter((each) => textAt(each, 'name') === ours)
        .flatMap((each) => listAt(each, 'env').map((entry) => textAt(entry, 'name') ?? ''))
        .map((name) => ({ path, name })),
    );
    expect(used.map(({ path }) => path)).to.include.members([
      'base/deployment.yaml',
      'overlays/cert-manager/deployment.yaml',
    ]);
    const wrong = used.filter(({ name }) => name !== 'NODE_OPTIONS' && !known.has(name));
    expect(wrong).to.deep.equal([]);
  });

  it('are right together, and nothing about them deserves a warning', () => {
    const config = shippedConfig();
    expect(config.warnings).to.deep.equal([]);
    expect(config.externalMetrics.enabled).to.equal(true);
    expect(config.leaderElection.enabled).to.equal(true);
    expect(config.kubernetes.namespace).to.equal('datadog');
  });

  it('hold no secret: keys and the token come from Secrets, without which no pod starts', () => {
    const references = listAt(container(), 'env')
      .map((entry) => [textAt(entry, 'name'), fieldAt(entry, 'valueFrom', 'secretKeyRef')])
      .filter(([, reference]) => reference !== undefined);
    expect(references).to.deep.equal([
      ['DD_API_KEY', { name: 'datadog-keys', key: 'api-key' }],
      ['DD_APP_KEY', { name: 'datadog-keys', key: 'app-key' }],
      ['DD_CLUSTER_AGENT_AUTH_TOKEN', { name: 'datadog-auth-token', key: 'token' }],
    ]);
    const secrets = new Set(
      placedSettings().flatMap(({ setting }) => (setting.secret === undefined ? [] : setting.environment)),
    );
    const written = listAt(container(), 'env').filter(
      (entry) => secrets.has(textAt(entry, 'name') ?? '') && fieldAt(entry, 'value') !== undefined,
    );
    expect(written).to.deep.equal([]);
  });

  it('mount the file where it is looked for', () => {
    const generators = listAt(documentsOf('base/kustomization.yaml')[0], 'configMapGenerator');
    expect(generators).to.deep.equal([
      { name: 'datadog-cluster-agent-config', namespace: 'datadog', files: ['datadog-cluster.yaml'] },
    ]);
    const pod = fieldAt(
      objectOf('base/deployment.yaml', 'Deployment', 'datadog-cluster-agent'),
      'spec',
      'template',
    );
    expect(listAt(pod, 'spec', 'volumes')).to.deep.equal([
      { name: 'config', configMap: { name: 'datadog-cluster-agent-config' } },
      { name: 'run', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    ]);
    const mounts = listAt(container(), 'volumeMounts').filter((mount) => textAt(mount, 'name') === 'config');
    expect(mounts).to.deep.equal([{ name: 'config', mountPath: '/etc/datadog-agent', readOnly: true }]);
  });
});
