import { until } from '../../control-plane/waiting.js';
import type { Client } from '../client.js';
import { apiServicePath } from '../cluster-watch.js';
import { check } from '../expect.js';
import type { Scenario, Size } from '../scenario.js';
import type { FaultWorld } from '../world.js';

const inNamespace = '/api/v1/namespaces/datadog';
const secretPath = `${inNamespace}/secrets/datadog-custom-metrics-server-cert`;
const leasePath = '/apis/coordination.k8s.io/v1/namespaces/datadog/leases/datadog-leader-election';

/** Who starts at one instant, in each round. */
const starts: Readonly<Record<Size, readonly (readonly string[])[]>> = {
  short: [['dca-0', 'dca-1']],
  long: [...Array.from({ length: 2 }, () => ['dca-0', 'dca-1']), ['dca-0', 'dca-1', 'dca-2']],
};

/** The first two replicas of a cluster start side by side: nothing is there, and each would make all of it. */
export const freshStart: Scenario = {
  id: '8',
  title: 'replicas start at once on an empty cluster',
  refusals: [
    // Nobody runs, or nobody is ready.
    /^error trying to reach service: .*(connection refused|connection reset|EOF)/,
    /^service unavailable\s*$/,
    // kube-apiserver trusts nobody until it has the new authority.
    /^error trying to reach service: .*x509: certificate signed by unknown authority/,
    // The ConfigMaps were empty, and Datadog is asked for the first time.
    /^pending: no value has been read from Datadog yet/,
    /^no autoscaler of namespace "\w+" is known to ask for external metric/,
  ],
  async run(world, size) {
    const seconds: number[] = [];
    let races = 0;
    for (const names of starts[size]) {
      const isBack = world.recorder.outage('all replicas');
      await empty(world);
      const fromMs = await startAtOnce(world, names);
      isBack();
      seconds.push(await world.untilWell('the start', { fromMs }));
      races += await checkMadeOnce(world, fromMs);
      if (names.includes('dca-2')) await world.fleet.terminate('dca-2');
    }
    const recoverySeconds = Math.max(...seconds);
    check(races > 0, () => 'no replica was second to create anything: there was no race');
    const note = `${seconds.length} starts: each object made once, ${races} creations came second`;
    return { recoverySeconds, note };
  },
};

/** As before the first installation, but for the APIService. */
async function empty({ fleet, cluster }: FaultWorld): Promise<void> {
  await Promise.all(fleet.names().map((name) => fleet.terminate(name)));
  const list = (await cluster.json(`${inNamespace}/configmaps`)) as {
    readonly items: readonly { readonly metadata: { readonly name: string } }[];
  };
  const shards = list.items
    .map(({ metadata }) => metadata.name)
    .filter((name) => name.startsWith('datadog-custom-metrics'));
  check(shards.length > 0, () => 'there was no ConfigMap to delete');
  for (const name of shards) await remove(cluster, `${inNamespace}/configmaps/${name}`);
  await remove(cluster, secretPath);
  await remove(cluster, leasePath);
  const sent = { body: { spec: { caBundle: null } }, contentType: 'application/merge-patch+json' };
  const { status, body } = await cluster.send('PATCH', apiServicePath, sent);
  check(status === 200, () => `the caBundle could not be removed: ${status} ${body}`);
}

async function remove(cluster: Client, path: string): Promise<void> {
  const { status, body } = await cluster.send('DELETE', path);
  check(status === 200, () => `DELETE ${path}: ${status} ${body}`);
}

/**
 * All find nothing at one instant: their first requests are held back until each has sent one. Readers trust the new
 * authority before any replica is ready. Answers when the requests went on.
 */
async function startAtOnce({ fleet, cluster }: FaultWorld, names: readonly string[]): Promise<number> {
  const startedAtMs = Date.now();
  await Promise.all(names.map((name) => fleet.start(name, { isAtOnce: true })));
  const proxies = names.map((name) => fleet.proxy(name));
  for (const proxy of proxies) proxy.freeze();
  await until('each replica to ask for something', async () =>
    proxies.every(({ requests }) => requests.some((one) => one.startedAtMs >= startedAtMs))
      ? true
      : undefined,
  );
  for (const proxy of proxies) proxy.thaw();
  const fromMs = Date.now();
  const bundle = await until(
    'a caBundle',
    async () => ((await cluster.json(apiServicePath)) as ApiService).spec?.caBundle,
    { pollMs: 20 },
  );
  fleet.trust(Buffer.from(bundle, 'base64').toString());
  await Promise.all(names.map((name) => fleet.untilRunning(name)));
  return fromMs;
}

interface ApiService {
  readonly spec?: { readonly caBundle?: string };
}

/** Of each object one creation was accepted, and all trust one authority; answers how many creations came second. */
async function checkMadeOnce({ fleet, cluster }: FaultWorld, fromMs: number): Promise<number> {
  const posts = (await fleet.traffic())
    .flatMap(({ apiRequests }) => apiRequests)
    .filter(({ method, startedAtMs, path }) => method === 'POST' && startedAtMs >= fromMs && isKept(path));
  for (const kind of ['configmaps', 'secrets', 'leases']) {
    const statuses = posts.filter(({ path }) => path.endsWith(`/${kind}`)).map(({ status }) => status);
    check(
      statuses.filter((status) => status === 201).length === 1 &&
        statuses.every((status) => status === 201 || status === 409),
      () => `creations of ${kind} were answered with ${statuses.join(', ')}`,
    );
  }
  const bundle = Buffer.from(
    ((await cluster.json(apiServicePath)) as ApiService).spec?.caBundle ?? '',
    'base64',
  ).toString();
  const authorities = bundle.split('-----BEGIN CERTIFICATE-----').length - 1;
  check(authorities === 1, () => `${authorities} authorities were made`);
  return posts.filter(({ status }) => status === 409).length;
}

function isKept(path: string): boolean {
  return /\/(configmaps|secrets|leases)$/.test(path);
}
