import { expect } from 'chai';
import { shardName } from '../../../metricsstore/shard-content.js';
import { fieldAt, listAt, textAt } from '../../../simulator/cluster/object.js';
import { shardLimits } from '../../../wiring/external-metrics.js';
import { documentsOf, objectOf } from './manifests.js';
import { shippedConfig } from './shipped-config.js';

const file = 'base/rbac.yaml';
const agent = { kind: 'ServiceAccount', name: 'datadog-cluster-agent', namespace: 'datadog' };

interface Rule {
  readonly resources: readonly unknown[];
  readonly names: readonly unknown[];
  readonly verbs: readonly unknown[];
}

describe('the rights in deploy/base', () => {
  it('name the ConfigMaps and the Lease that the program keeps, and the id that it makes once', () => {
    const { externalMetrics, leaderElection } = shippedConfig();
    expect(rulesOf('Role', 'datadog-cluster-agent')).to.deep.equal([
      { resources: ['configmaps'], names: [], verbs: ['create'] },
      { resources: ['leases'], names: [], verbs: ['create'] },
      {
        resources: ['configmaps'],
        names: shardNames(externalMetrics.configMapName),
        verbs: ['get', 'list', 'watch', 'update', 'delete'],
      },
      { resources: ['configmaps'], names: ['datadog-cluster-id'], verbs: ['get'] },
      {
        resources: ['leases'],
        names: [leaderElection.leaseName],
        verbs: ['get', 'list', 'watch', 'update'],
      },
    ]);
  });

  it('name the Secret and the APIService of a certificate of its own, apart from the rest', () => {
    const { certificate } = shippedConfig();
    expect(rulesOf('Role', 'datadog-cluster-agent:certificate')).to.deep.equal([
      { resources: ['secrets'], names: [], verbs: ['create'] },
      { resources: ['secrets'], names: [certificate.secretName], verbs: ['get', 'list', 'watch', 'update'] },
    ]);
    expect(rulesOf('ClusterRole', 'datadog-cluster-agent:certificate')).to.deep.equal([
      {
        resources: ['apiservices'],
        names: ['v1beta1.external.metrics.k8s.io'],
        verbs: ['get', 'list', 'watch', 'patch'],
      },
    ]);
  });

  it('reach beyond the namespace for autoscalers and what node agents ask, never for pods, and change nothing there', () => {
    expect(rulesOf('ClusterRole', 'datadog-cluster-agent')).to.deep.equal([
      { resources: ['horizontalpodautoscalers'], names: [], verbs: ['list', 'watch'] },
      { resources: ['nodes', 'namespaces'], names: [], verbs: ['list', 'watch'] },
      { resources: ['endpointslices'], names: [], verbs: ['list', 'watch'] },
      { resources: ['componentstatuses'], names: [], verbs: ['list'] },
    ]);
  });

  it('never say "all" to the Cluster Agent', () => {
    const mine = documentsOf(file).filter((object) =>
      textAt(object, 'metadata', 'name')?.startsWith(agent.name),
    );
    const words = mine.flatMap((object) =>
      listAt(object, 'rules').flatMap((rule) => [
        ...listAt(rule, 'apiGroups'),
        ...listAt(rule, 'resources'),
        ...listAt(rule, 'verbs'),
      ]),
    );
    expect(words).to.not.include('*');
  });

  it('are bound, each role once, to the one service account', () => {
    const bindings = documentsOf(file)
      .filter((object) => textAt(object, 'kind')?.endsWith('Binding'))
      .map((object) => ({
        place: textAt(object, 'metadata', 'namespace'),
        role: textAt(object, 'roleRef', 'name'),
        subjects: listAt(object, 'subjects'),
      }));
    const roleOf = (place: string | undefined, role: string, subject: object = agent) => ({
      place,
      role,
      subjects: [subject],
    });
    const reader = { kind: 'ServiceAccount', name: 'horizontal-pod-autoscaler', namespace: 'kube-system' };
    expect(bindings).to.have.deep.members([
      roleOf(undefined, 'datadog-cluster-agent'),
      roleOf('datadog', 'datadog-cluster-agent'),
      roleOf(undefined, 'datadog-cluster-agent:certificate'),
      roleOf('datadog', 'datadog-cluster-agent:certificate'),
      roleOf(undefined, 'system:auth-delegator'),
      roleOf('kube-system', 'extension-apiserver-authentication-reader'),
      roleOf(undefined, 'external-metrics-reader', reader),
    ]);
    expect(objectOf(file, 'ServiceAccount', agent.name)).to.have.property(
      'automountServiceAccountToken',
      false,
    );
  });

  it('to the certificate go, all four of them, where cert-manager makes it', () => {
    const ofCertificate = (path: string): readonly unknown[] =>
      documentsOf(path)
        .filter((object) => textAt(object, 'metadata', 'name') === 'datadog-cluster-agent:certificate')
        .map((object) => [textAt(object, 'kind'), fieldAt(object, 'metadata', 'namespace')]);
    expect(ofCertificate(file)).to.have.length(4);
    expect(ofCertificate('overlays/cert-manager/rbac.yaml')).to.deep.equal(ofCertificate(file));
    for (const object of documentsOf('overlays/cert-manager/rbac.yaml'))
      expect(object).to.have.property('$patch', 'delete');
  });
});

function rulesOf(kind: string, name: string): readonly Rule[] {
  return listAt(objectOf(file, kind, name), 'rules').map((rule) => ({
    resources: listAt(rule, 'resources'),
    names: listAt(rule, 'resourceNames'),
    verbs: listAt(rule, 'verbs'),
  }));
}

/** As many as app.ts lets the store fill. */
function shardNames(base: string): readonly string[] {
  const count = shardLimits.maxShards;
  return Array.from({ length: count }, (_, index) => shardName(base, index));
}
