import { expect } from 'chai';
import { neededRights, type Right } from '../../../cli/check/rights.js';
import { type Config, loadConfig } from '../../../config/load.js';
import { listAt, textAt } from '../../../simulator/cluster/object.js';
import { documentsOf } from '../deploy/manifests.js';

function configOf(environment: Readonly<Record<string, string>>): Config {
  const keys = { DD_API_KEY: 'a'.repeat(32), DD_APP_KEY: 'b'.repeat(40) };
  const all = { ...keys, DD_KUBE_RESOURCES_NAMESPACE: 'datadog', ...environment };
  const loaded = loadConfig({ environment: all, flags: {} });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return loaded.value;
}

const metrics = { DD_EXTERNAL_METRICS_PROVIDER_ENABLED: 'true' };
const events = { DD_COLLECT_KUBERNETES_EVENTS: 'true' };

/** One right a line, as `where group/resource/name verb`. */
function linesOf(where: string, rule: Omit<Right, 'without'>): readonly string[] {
  const names = rule.names.length === 0 ? [''] : rule.names;
  return names.flatMap((name) =>
    rule.verbs.map((verb) => `${where} ${rule.group}/${rule.resource}/${name} ${verb}`),
  );
}

function needed(config: Config): readonly string[] {
  return neededRights(config)
    .filter(({ builtInRole }) => builtInRole === undefined)
    .flatMap((right) => linesOf(right.namespace ?? 'cluster', right))
    .toSorted();
}

/** What the roles of a file grant the Cluster Agent. */
function granted(...files: readonly string[]): readonly string[] {
  return files
    .flatMap((file) => documentsOf(file))
    .filter((one) => /^(Cluster)?Role$/.test(textAt(one, 'kind') ?? ''))
    .filter((one) => textAt(one, 'metadata', 'name')?.startsWith('datadog-cluster-agent') === true)
    .flatMap((role) => listAt(role, 'rules').flatMap((rule) => granting(role, rule)))
    .toSorted();
}

function granting(role: unknown, rule: unknown): readonly string[] {
  const where = textAt(role, 'metadata', 'namespace') ?? 'cluster';
  const texts = (field: string): readonly string[] => listAt(rule, field).map(String);
  return texts('apiGroups').flatMap((group) =>
    texts('resources').flatMap((resource) =>
      linesOf(where, { group, resource, names: texts('resourceNames'), verbs: texts('verbs') }),
    ),
  );
}

describe('the table of rights', () => {
  it('is what deploy/base grants, right by right, with the shipped features', () => {
    expect(needed(configOf(metrics))).to.deep.equal(granted('base/rbac.yaml'));
  });

  it('is what deploy/base and deploy/events grant together, with events', () => {
    expect(needed(configOf({ ...metrics, ...events }))).to.deep.equal(
      granted('base/rbac.yaml', 'events/rbac.yaml'),
    );
  });

  it("names Kubernetes' own roles that deploy/base binds", () => {
    const bound = documentsOf('base/rbac.yaml')
      .filter((one) => textAt(one, 'kind')?.endsWith('Binding') === true)
      .map((one) => [textAt(one, 'metadata', 'namespace'), textAt(one, 'roleRef', 'name')] as const)
      .filter(([, role]) => role?.startsWith('datadog') === false && role !== 'external-metrics-reader');
    const named = neededRights(configOf(metrics)).flatMap(({ namespace, builtInRole }) =>
      builtInRole === undefined ? [] : [`${namespace} ${builtInRole}`],
    );
    expect([...new Set(named)].toSorted()).to.deep.equal(
      bound.map(([namespace, role]) => `${namespace} ${role}`).toSorted(),
    );
  });

  it('asks for the lock that the settings choose, be it two', () => {
    const lockOf = (resource: string): readonly string[] =>
      needed(configOf({ ...metrics, DD_LEADER_ELECTION_DEFAULT_RESOURCE: resource })).filter((line) =>
        line.includes('datadog-leader-election'),
      );
    const rights = (kind: string): string[] =>
      ['get', 'list', 'update', 'watch'].map((verb) => `datadog ${kind}/datadog-leader-election ${verb}`);
    expect(lockOf('configmap')).to.deep.equal(rights('/configmaps'));
    expect(lockOf('endpointsleases')).to.deep.equal([
      ...rights('/endpoints'),
      ...rights('coordination.k8s.io/leases'),
    ]);
  });

  it('asks only for what the settings switch on', () => {
    const text = (environment: Readonly<Record<string, string>>): string =>
      needed(configOf(environment)).join('\n');
    expect(text({})).to.not.match(/horizontalpodautoscalers|leases|custom-metrics-1|events/);
    expect(text({ ...metrics, DD_EXTERNAL_METRICS_PROVIDER_CERTIFICATE_DIR: '/certs' })).to.not.match(
      /secrets|apiservices/,
    );
    expect(text({ DD_KUBERNETES_USE_ENDPOINT_SLICES: 'false' })).to.match(/cluster \/endpoints\/ watch/);
    expect(text({ ...metrics, DD_HPA_CONFIGMAP_NAME: 'others' })).to.contain('/configmaps/others-31 delete');
  });
});
