import { dirname } from 'node:path';
import { expect } from 'chai';
import type { Entry } from '../../config/entry.js';
import { type Config, loadConfig } from '../../config/load.js';
import { problemText } from '../../config/problem.js';
import { placedSettings } from '../../config/schema.js';
import { at, listAt, type Manifest, textAt } from './manifest.js';
import { neededPermissions, permissionsOf } from './manifest-rights.js';

/** Our container in a rendering, with the objects around it. */
export interface Deployed {
  readonly pod: unknown;
  readonly container: unknown;
  readonly objects: readonly Manifest[];
}

/** What Secrets and the downward API give, for settings that refuse nonsense. */
const stoodIn: Readonly<Record<string, string>> = {
  'api-key': 'a'.repeat(32),
  'app-key': 'b'.repeat(40),
  token: 'c'.repeat(48),
  'metadata.name': 'datadog-cluster-agent-7d4b9c-x2x4z',
  'metadata.namespace': 'datadog',
  'spec.nodeName': 'node-1',
};

/** The server among a rendering's objects; undefined where there is none. */
export function findServer(objects: readonly Manifest[]): Deployed | undefined {
  for (const { kind, content } of objects) {
    if (kind !== 'Deployment') continue;
    const pod = at(content, 'spec', 'template', 'spec');
    const container = listAt(pod, 'containers').find((one) => at(one, 'name') === 'cluster-agent');
    if (container !== undefined) return { pod, container, objects };
  }
  return undefined;
}

/** The server among a rendering's objects; throws where there is none. */
export function serverOf(objects: readonly Manifest[]): Deployed {
  const server = findServer(objects);
  if (server === undefined) throw new Error('there is no Deployment with a container cluster-agent');
  return server;
}

/** Names of `DD_` variables of our container that are no settings. */
export function unknownSettings({ container }: Deployed): readonly string[] {
  const known = new Set(
    placedSettings().flatMap(({ setting }) => [...setting.environment, ...(setting.commonEnvironment ?? [])]),
  );
  return listAt(container, 'env')
    .map((variable) => textAt(variable, 'name'))
    .filter((name) => name.startsWith('DD_') && !known.has(name));
}

/** The settings in effect in the pod, and everything that is questionable about them. */
export function settingsOf(deployed: Deployed): {
  readonly config: Config | undefined;
  readonly problems: readonly string[];
} {
  const file = settingsFileOf(deployed);
  const loaded = loadConfig({
    environment: environmentOf(deployed),
    flags: {},
    surroundings: { namespace: 'datadog', hostName: 'host' },
    ...(file === undefined ? {} : { file }),
  });
  if (!loaded.ok) return { config: undefined, problems: loaded.error.map(problemText) };
  return { config: loaded.value, problems: loaded.value.warnings.map(problemText) };
}

/** Each setting's value, by its place, but those that differ between any two deployments. */
export function valuesOf(config: Config): Readonly<Record<string, unknown>> {
  return Object.fromEntries(config.entries.map((entry: Entry) => [entry.path, entry.value]));
}

/** The settings exist, raise no question, and fit the rights, Services and ports that stand around the pod. */
export function expectGoodSettings(server: Deployed): void {
  expect(unknownSettings(server), 'variables that are no settings').to.deep.equal([]);
  const { config, problems } = settingsOf(server);
  expect(problems, 'problems of the settings').to.deep.equal([]);
  if (config === undefined) throw new Error('there are settings whenever there are no problems');
  const ports = new Map(
    listAt(server.container, 'ports').map((port) => [textAt(port, 'name'), at(port, 'containerPort')]),
  );
  expect(ports.get('metricsapi')).to.equal(config.externalMetrics.port);
  expect(ports.get('agentport')).to.equal(config.clusterAgent.commandPort);
  expect(ports.get('health')).to.equal(config.process.healthPort);
  expect(ports.get('telemetry')).to.equal(config.process.telemetryPort);
  const services = server.objects.filter(({ kind }) => kind === 'Service').map(({ name }) => name);
  expect(services).to.include(config.certificate.serviceName);
  expect(services).to.include(config.clusterAgent.serviceName);
  expect(writableFolders(server), 'folders that can be written to').to.include(
    dirname(config.clusterAgent.localTokenPath),
  );
  expect(config.clusterAgent.authToken, 'the token of node agents').to.equal(stoodIn['token']);
  const grace = at(server.pod, 'terminationGracePeriodSeconds');
  expect(grace).to.be.at.least(config.process.shutdownDelaySeconds + config.process.drainSeconds + 10);
  const granted = permissionsOf(server.objects);
  if (granted.size > 0) {
    const needed = new Set(neededPermissions(config));
    expect(
      [...needed].filter((right) => !granted.has(right)),
      'rights that are missing',
    ).to.deep.equal([]);
    expect(
      [...granted].filter((right) => !needed.has(right)),
      'rights beyond need',
    ).to.deep.equal([]);
  }
  for (const port of portsAmongReplicas(server)) expect(port).to.equal(config.clusterAgent.commandPort);
  expect(danglingPorts(server, [...ports.keys()]), 'names of ports that nothing has').to.deep.equal([]);
}

/** Ports that Services and policies call by names that the container does not have. */
function danglingPorts({ objects }: Deployed, known: readonly string[]): readonly unknown[] {
  const called = objects.flatMap(({ kind, content }) => {
    if (kind === 'Service') return listAt(content, 'spec', 'ports').map((port) => at(port, 'targetPort'));
    if (kind !== 'NetworkPolicy') return [];
    return listAt(content, 'spec', 'ingress').flatMap((rule) =>
      listAt(rule, 'ports').map((port) => at(port, 'port')),
    );
  });
  return called.filter((port) => typeof port === 'string' && !known.includes(port));
}

/** Ports to which the policies let our pods come from one another. */
function portsAmongReplicas({ objects }: Deployed): readonly unknown[] {
  const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy');
  return policies.flatMap(({ content }) => {
    const own = JSON.stringify(at(content, 'spec', 'podSelector'));
    const rules = listAt(content, 'spec', 'egress').filter((rule) =>
      listAt(rule, 'to').some((peer) => JSON.stringify(at(peer, 'podSelector')) === own),
    );
    expect(rules, 'ways to the other replicas').to.have.length(1);
    return rules.flatMap((rule) => listAt(rule, 'ports').map((port) => at(port, 'port')));
  });
}

/** Where the pod mounts memory of its own. */
function writableFolders({ pod, container }: Deployed): readonly unknown[] {
  const volumes = listAt(pod, 'volumes').filter((volume) => at(volume, 'emptyDir', 'medium') === 'Memory');
  const names = volumes.map((volume) => at(volume, 'name'));
  return listAt(container, 'volumeMounts')
    .filter((mount) => at(mount, 'readOnly') !== true && names.includes(at(mount, 'name')))
    .map((mount) => at(mount, 'mountPath'));
}

function environmentOf({ container }: Deployed): Readonly<Record<string, string>> {
  return Object.fromEntries(
    listAt(container, 'env').map((variable) => [textAt(variable, 'name'), textOf(variable)]),
  );
}

function textOf(variable: unknown): string {
  const value = at(variable, 'value');
  if (typeof value === 'string') return value;
  const source = at(variable, 'valueFrom');
  const key = at(source, 'secretKeyRef', 'key') ?? at(source, 'fieldRef', 'fieldPath');
  const standIn = typeof key === 'string' ? stoodIn[key] : undefined;
  if (standIn === undefined) throw new Error(`nothing stands in for ${JSON.stringify(variable)}`);
  return standIn;
}

/** The settings file that the pod mounts, from the ConfigMap of the same rendering. */
function settingsFileOf({ pod, objects }: Deployed) {
  const mounted = listAt(pod, 'volumes').map((volume) => at(volume, 'configMap', 'name'));
  for (const { kind, name, content } of objects) {
    if (kind !== 'ConfigMap' || !mounted.includes(name)) continue;
    const text = at(content, 'data', 'datadog-cluster.yaml');
    if (typeof text === 'string') return { path: `${name}/datadog-cluster.yaml`, text };
  }
  return undefined;
}
