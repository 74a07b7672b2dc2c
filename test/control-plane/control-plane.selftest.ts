import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findBinaries } from './binaries.js';
import { createAuthority } from './certificates.js';
import type { ComponentName } from './components.js';
import { type ConstantMetricServer, startConstantMetricServer } from './constant-metric-server.js';
import { type ControlPlane, startControlPlane } from './control-plane.js';
import { outputOf } from './kubectl.js';
import { reachLoopback } from './loopback.js';
import { until } from './waiting.js';

/**
 * Boots the control plane, shows that every part of it which the end-to-end tests build upon works, and prints
 * how long each took. Run it with node after `npm run build`.
 */
async function main(): Promise<void> {
  const found = await timed('find the programs', findBinaries);
  if (!found.found) throw new Error(found.reason);
  console.log(`  programs from: ${found.origin}`);
  const plane = await timed('start until ready', () => startControlPlane({ binaries: found.binaries }));
  try {
    await printVersions(plane);
    await timed('deployment makes a replica set and a pod', () => checkDeployment(plane));
    await timed('RBAC judges a user and a service account', () => checkAccess(plane));
    await timed('HPA without a metrics server says FailedGetExternalMetric', () =>
      checkUnservedMetric(plane),
    );
    await checkScaling(plane);
    for (const name of ['kube-apiserver', 'etcd', 'kube-controller-manager'] as const)
      await timed(`${name} is killed and started again`, () => checkRestart(plane, name));
    await timed('namespace is deleted', () => outputOf(plane.kubectl, ['delete', 'namespace', 'shop']));
    await printMemory(plane);
  } finally {
    await timed('stop', () => plane.stop());
  }
  const pids = plane.processes.map(({ pid }) => pid);
  assert.deepEqual(pids.filter(isAlive), [], 'processes left');
  assert.equal(existsSync(dirname(plane.logsFolder)), false, 'folder left');
  console.log('all well: no process and no folder left');
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const startedAtMs = performance.now();
  const result = await work();
  console.log(`${((performance.now() - startedAtMs) / 1000).toFixed(2).padStart(7)} s  ${what}`);
  return result;
}

async function printVersions(plane: ControlPlane): Promise<void> {
  const { clientVersion, serverVersion } = JSON.parse(
    await outputOf(plane.kubectl, ['version', '-o', 'json']),
  ) as Record<'clientVersion' | 'serverVersion', { readonly gitVersion: string }>;
  console.log(`  kubectl ${clientVersion.gitVersion}, kube-apiserver ${serverVersion.gitVersion}`);
}

async function printMemory(plane: ControlPlane): Promise<void> {
  for (const { name, pid } of plane.processes) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1];
    if (kib !== undefined) console.log(`  ${name}: ${(Number(kib) / 1024).toFixed(0)} MiB resident`);
  }
}

async function checkDeployment(plane: ControlPlane): Promise<void> {
  await plane.apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
    deployment('till'),
    deployment('idle'),
  );
  for (const kind of ['replicaset', 'pod']) {
    await until(`a ${kind} of till`, async () => {
      const names = await outputOf(plane.kubectl, [
        'get',
        kind,
        '-n',
        'shop',
        '-l',
        'app=till',
        '-o',
        'name',
      ]);
      return names.trim() === '' ? undefined : names;
    });
  }
}

async function checkAccess(plane: ControlPlane): Promise<void> {
  await plane.apply(
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'clerk', namespace: 'shop' } },
    viewBinding('users', { kind: 'Group', name: 'buyers', apiGroup: 'rbac.authorization.k8s.io' }),
    viewBinding('clerks', { kind: 'ServiceAccount', name: 'clerk', namespace: 'shop' }),
  );
  const mayListPods = async (kubeconfigPath: string, namespace: string) => {
    const args = ['auth', 'can-i', 'list', 'pods', '-n', namespace];
    return (await plane.kubectlAs(kubeconfigPath, args)).stdout.trim();
  };
  const buyer = await plane.kubeconfigForUser('ada', ['buyers']);
  const stranger = await plane.kubeconfigForUser('eve');
  const clerk = await plane.kubeconfigForServiceAccount('shop', 'clerk');
  // `view` is filled by a controller, so that its rules may come a moment after readiness.
  await until('the view role', async () => ((await mayListPods(buyer, 'shop')) === 'yes' ? true : undefined));
  assert.equal(await mayListPods(clerk, 'shop'), 'yes');
  assert.equal(await mayListPods(clerk, 'default'), 'no');
  assert.equal(await mayListPods(stranger, 'shop'), 'no');
}

async function checkUnservedMetric(plane: ControlPlane): Promise<void> {
  await plane.apply(autoscaler('idle', { type: 'AverageValue', averageValue: '10' }));
  const reason = await until('a condition of the HPA', () => scalingActiveReason(plane, 'idle'));
  assert.equal(reason, 'FailedGetExternalMetric');
}

/** The same steps as the end-to-end scenario on `Value`, with a server that is nothing but a number. */
async function checkScaling(plane: ControlPlane): Promise<void> {
  const authority = createAuthority('metrics-ca');
  const hosts = ['metrics.shop.svc'];
  const certificate = authority.issue({ purpose: 'server', commonName: 'metrics', hosts });
  const server = await startConstantMetricServer(certificate);
  try {
    await timed('APIService reaches a loopback server with verified TLS', () =>
      register(plane, server, authority.certificatePem),
    );
    server.setValue(100);
    await plane.apply(autoscaler('till', { type: 'Value', value: '50' }));
    await until('the HPA to read 100', async () => ((await metricOf(plane)) === '100' ? true : undefined));
    await sleep(3000); // several syncs
    assert.equal(await replicasOf(plane), '1', 'no pod is ready, so that a Value target must not scale');
    await timed('Value target scales to 3 once pods are ready', () => followTo(plane, '3'));
    server.setValue(0);
    await timed('and back to 1', () => followTo(plane, '1'));
    assert.equal(await plane.markPodsReady('shop', 'app=till'), 0, 'marking again finds nothing to do');
    await outputOf(plane.kubectl, ['delete', 'apiservice', 'v1beta1.external.metrics.k8s.io']);
  } finally {
    await server.stop();
  }
}

async function register(plane: ControlPlane, server: ConstantMetricServer, caPem: string): Promise<void> {
  const service = { name: 'metrics', namespace: 'shop', port: server.port };
  await plane.apply(reachLoopback(service), {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1beta1.external.metrics.k8s.io' },
    spec: {
      group: 'external.metrics.k8s.io',
      version: 'v1beta1',
      groupPriorityMinimum: 100,
      versionPriority: 100,
      caBundle: Buffer.from(caPem).toString('base64'),
      service,
    },
  });
  const condition = ['--for=condition=Available', 'apiservice/v1beta1.external.metrics.k8s.io'];
  await outputOf(plane.kubectl, ['wait', ...condition, '--timeout=30s']);
}

async function followTo(plane: ControlPlane, replicas: string): Promise<void> {
  await until(`${replicas} replicas`, async () => {
    await plane.markPodsReady('shop', 'app=till');
    return (await replicasOf(plane)) === replicas ? true : undefined;
  });
}

async function checkRestart(plane: ControlPlane, name: ComponentName): Promise<void> {
  const pidOf = (): number | undefined => plane.processes.find((process) => process.name === name)?.pid;
  const before = pidOf();
  await plane.kill(name);
  assert.equal(before !== undefined && isAlive(before), false);
  await plane.start(name);
  assert.notEqual(pidOf(), before);
  await until('what was there before', async () => {
    const { stdout } = await plane.kubectl(['get', 'deployment/till', '-n', 'shop', '-o', 'name']);
    return stdout.trim() === 'deployment.apps/till' ? true : undefined;
  });
}

function replicasOf(plane: ControlPlane): Promise<string> {
  return outputOf(plane.kubectl, [
    'get',
    'deployment/till',
    '-n',
    'shop',
    '-o',
    'jsonpath={.status.replicas}',
  ]);
}

function metricOf(plane: ControlPlane): Promise<string> {
  const path = 'jsonpath={.status.currentMetrics[0].external.current.value}';
  return outputOf(plane.kubectl, ['get', 'hpa/till', '-n', 'shop', '-o', path]);
}

async function scalingActiveReason(plane: ControlPlane, name: string): Promise<string | undefined> {
  const path = 'jsonpath={.status.conditions[?(@.type=="ScalingActive")].reason}';
  const reason = await outputOf(plane.kubectl, ['get', `hpa/${name}`, '-n', 'shop', '-o', path]);
  return reason === '' ? undefined : reason;
}

function deployment(name: string): object {
  const labels = { app: name };
  const containers = [{ name: 'main', image: 'never-pulled' }];
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'shop' },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  };
}

function autoscaler(name: string, target: object): object {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace: 'shop' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      minReplicas: 1,
      maxReplicas: 3,
      metrics: [{ type: 'External', external: { metric: { name: 'queue.depth' }, target } }],
      behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
    },
  };
}

function viewBinding(name: string, subject: object): object {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name, namespace: 'shop' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [subject],
  };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // no such process
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
