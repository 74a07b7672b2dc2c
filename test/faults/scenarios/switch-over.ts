import { outputOf } from '../../control-plane/kubectl.js';
import { reachLoopback } from '../../control-plane/loopback.js';
import { until } from '../../control-plane/waiting.js';
import { serviceName } from '../../e2e/world.js';
import { AnotherServer } from '../another-server.js';
import { check } from '../expect.js';
import type { Scenario } from '../scenario.js';
import { unavailableMs } from '../table.js';
import type { FaultWorld } from '../world.js';

const original = 'datadog-cluster-agent-metrics-api';
const apiService = 'v1beta1.external.metrics.k8s.io';

/** The registration goes to another server and comes back, each by the one command of docs/migrating.md. */
export const switchOver: Scenario = {
  id: '11',
  title: 'a switch to another server and back',
  async run(world) {
    const server = new AnotherServer(world.plane.serverCertificate());
    const port = await server.start();
    await world.plane.apply(reachLoopback({ name: original, namespace: 'datadog', port }));
    try {
      await point(world, { name: original, port }, { caBundle: null, insecureSkipTLSVerify: true });
      await until('the other server to be asked', async () => (server.answered > 40 ? true : undefined));
      check(world.balancer.ready().length === 2, () => 'our replicas are not ready beside another server');
      await point(world, { name: serviceName, port: world.balancer.port }, await ownTrust(world));
      await untilUnasked(server);
      await world.untilWell('the switch');
    } finally {
      await server.stop();
    }
    const recording = await world.record();
    const failed = recording.answers.filter(({ outcome }) => outcome.kind !== 'value');
    check(failed.length === 0, () => `reads failed: ${JSON.stringify(failed[0])}`);
    const awayMs = unavailableMs(recording);
    check(awayMs === 0, () => `the APIService was unavailable for ${awayMs} ms`);
    return { note: `the other server answered ${server.answered} reads, and both ways none failed` };
  },
};

async function point(
  { plane }: FaultWorld,
  service: { readonly name: string; readonly port: number },
  trust: object,
): Promise<void> {
  const patch = { spec: { service: { ...service, namespace: 'datadog' }, ...trust } };
  const args = ['patch', 'apiservice', apiService, '--type=merge', '-p', JSON.stringify(patch)];
  await outputOf(plane.kubectl, args);
}

async function ownTrust({ plane }: FaultWorld): Promise<object> {
  const path = 'jsonpath={.data.ca\\.crt}';
  const args = ['get', 'secret', 'datadog-custom-metrics-server-cert', '-n', 'datadog', '-o', path];
  return { caBundle: await outputOf(plane.kubectl, args), insecureSkipTLSVerify: null };
}

async function untilUnasked(server: AnotherServer): Promise<void> {
  let before = -1;
  await until(
    'the other server to be asked no more',
    async () => {
      const isQuiet = server.answered === before;
      before = server.answered;
      return isQuiet ? true : undefined;
    },
    { pollMs: 1_000 },
  );
}
