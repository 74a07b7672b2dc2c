import { readFile, writeFile } from 'node:fs/promises';
import type { FrontProxy } from '../../control-plane/site.js';
import { until } from '../../control-plane/waiting.js';
import { asHpaController, Client, type Place } from '../client.js';
import { check, neverUnavailable, since } from '../expect.js';
import type { Scenario, Size } from '../scenario.js';
import { ServingSecret } from '../serving-secret.js';
import { pathOf, watchedMetrics } from '../watched.js';
import { type FaultWorld, hpaToken } from '../world.js';

const rounds: Readonly<Record<Size, number>> = { short: 1, long: 4 };
const believedWithinSeconds = 10;
const configMap = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';

/** As kubeadm documents it: trust both authorities, change the client certificate, trust the new authority alone. */
export const frontProxyReplaced: Scenario = {
  id: '6e',
  title: 'request-header authority replaced',
  async run(world, size) {
    const fromMs = Date.now();
    const times: { readonly believed: number; readonly refused: number }[] = [];
    for (let round = 0; round < rounds[size]; round += 1) times.push(await replace(world));
    const recoverySeconds = await world.untilWell('the replacement', { fromMs });
    await neverUnavailable(world);
    const byToken = { kind: 'token', token: await hpaToken(world) } as const;
    check(
      (await statuses(world, byToken)).every((status) => status === 200),
      () => 'a token is not believed any more',
    );
    const believed = Math.max(...times.map((time) => time.believed)).toFixed(1);
    const refused = Math.max(...times.map((time) => time.refused)).toFixed(1);
    return {
      recoverySeconds,
      note: `the new one was believed after ${believed} s, the old one refused after ${refused} s`,
    };
  },
};

async function replace(world: FaultWorld): Promise<{ readonly believed: number; readonly refused: number }> {
  const { frontProxy } = world.plane;
  const read = (file: string): Promise<string> => readFile(file, 'utf8');
  const old: FrontProxy = {
    caPem: await read(frontProxy.caFile),
    certificatePem: await read(frontProxy.certificateFile),
    keyPem: await read(frontProxy.keyFile),
  };
  const fresh = frontProxy.issue();
  check(
    (await statuses(world, asProxy(fresh))).every((status) => status === 401),
    () => 'a stranger was believed',
  );

  const announcedMs = Date.now();
  await writeFile(frontProxy.caFile, old.caPem + fresh.caPem);
  await untilAnswered(world, fresh, 200);
  const believed = since(announcedMs);

  await useCertificate(world, fresh);
  world.fleet.renewClients();

  const withdrawnMs = Date.now();
  await writeFile(frontProxy.caFile, fresh.caPem);
  await untilPublished(world, fresh.caPem, old.caPem);
  await untilAnswered(world, old, 401);
  const refused = since(withdrawnMs);
  for (const seconds of [believed, refused])
    check(
      seconds <= believedWithinSeconds,
      () => `a change of the authority took effect after ${seconds} s only`,
    );
  return { believed, refused };
}

/** kube-apiserver takes a pair up once both files go together; the log is the only place where it tells. */
async function useCertificate({ plane }: FaultWorld, { certificatePem, keyPem }: FrontProxy): Promise<void> {
  const loaded = async (): Promise<number> =>
    (await plane.logTail('kube-apiserver', 1_000_000)).split('Loaded a new cert/key pair').length;
  const before = await loaded();
  await writeFile(plane.frontProxy.keyFile, keyPem);
  await writeFile(plane.frontProxy.certificateFile, certificatePem);
  await until('kube-apiserver to use the new client certificate', async () =>
    (await loaded()) > before ? true : undefined,
  );
}

/** kube-apiserver only ever adds authorities to its ConfigMap; it is deleted to be rid of one, and comes back. */
async function untilPublished({ cluster }: FaultWorld, fresh: string, old: string): Promise<void> {
  await until(
    'the old authority to be gone from the ConfigMap',
    async () => {
      const { status, body } = await cluster.get(configMap);
      if (status !== 200) return undefined;
      const { data } = JSON.parse(body) as { readonly data: Readonly<Record<string, string>> };
      const published = data['requestheader-client-ca-file'] ?? '';
      if (published.includes(fresh.trim()) && !published.includes(old.trim())) return true;
      await cluster.send('DELETE', configMap);
      return undefined;
    },
    { pollMs: 500 },
  );
}

/** Waits until every running replica gives this answer to a front proxy with that certificate. */
function untilAnswered(world: FaultWorld, proxy: FrontProxy, wanted: number): Promise<true> {
  return until(`${wanted} of every replica`, async () =>
    (await statuses(world, asProxy(proxy))).every((status) => status === wanted) ? true : undefined,
  );
}

type Credentials = Place['credentials'];

function asProxy({ certificatePem, keyPem }: FrontProxy): Credentials {
  return { kind: 'certificate', cert: certificatePem, key: keyPem, headers: asHpaController };
}

/** What each replica answers to a read by a client of these credentials. */
async function statuses(world: FaultWorld, credentials: Credentials): Promise<readonly number[]> {
  const { fleet } = world;
  const { caPem } = await new ServingSecret(world).published();
  const [metric] = watchedMetrics;
  if (metric === undefined) return [];
  return Promise.all(
    fleet.names().map(async (name) => {
      const client = new Client({
        port: fleet.replica(name).metricsPort,
        servername: 'datadog-custom-metrics-server.datadog.svc',
        ca: caPem,
        credentials,
      });
      const { status } = await client.get(pathOf(metric)).finally(() => client.close());
      return status;
    }),
  );
}
