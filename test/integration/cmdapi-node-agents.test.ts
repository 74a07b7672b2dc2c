import { createServer, type Server, type Socket, connect as tcpConnect } from 'node:net';
import { expect } from 'chai';
import { systemClock } from '../../core/clock.js';
import { textAt, textsAt } from '../../simulator/cluster/object.js';
import { LargeCluster, smallSize } from '../../simulator/large-cluster.js';
import { tokens } from '../../simulator/stand-ins.js';
import { NewAgent, type NewAgentOptions, type NewLearned } from '../node-agent/new-agent.js';
import { OldAgent, type OldAgentOptions } from '../node-agent/old-agent.js';
import { type PodName, toPodKey } from '../node-agent/pod-name.js';
import { CommandScene, eventually } from './cmdapi-scene.js';

const forEver = new AbortController().signal;
const team = 'example.com/team';
const machine = 'cluster.k8s.io/machine';

/** A large cluster in small, and what is true of one of its nodes. */
class World {
  readonly scene = new CommandScene();
  readonly #agents: { close(): void }[] = [];
  node = '';
  /** Of the node: those of services, and one of none. */
  pods: readonly PodName[] = [];
  /** By pod, sorted. */
  services: Readonly<Record<string, readonly string[]>> = {};

  async start(): Promise<void> {
    await this.scene.start();
    const large = new LargeCluster(this.scene.cluster, smallSize);
    large.build();
    const [name, pods] = [...large.expected()][0] ?? ['', new Map<string, Set<string>>()];
    this.node = name;
    this.services = Object.fromEntries([...pods].map(([pod, names]) => [pod, [...names].sort()]));
    this.pods = [...pods.keys(), 'default/of-no-service'].map((key) => {
      const [namespace = '', podName = ''] = key.split('/');
      return { namespace, name: podName };
    });
    this.scene.cluster.merge('nodes', '', name, {
      metadata: { annotations: { [machine]: 'm-1', [team]: 'basket' } },
    });
  }

  metadataOf(resource: 'nodes' | 'namespaces', name: string) {
    const object = this.scene.cluster.get(resource, '', name);
    return {
      uid: textAt(object, 'metadata', 'uid'),
      labels: textsAt(object, 'metadata', 'labels'),
      annotations: textsAt(object, 'metadata', 'annotations'),
    };
  }

  newAgent(port: number, more: Partial<NewAgentOptions> = {}): NewAgent {
    return this.#keep(new NewAgent({ clock: systemClock }, { ...this.#about(port), ...more }));
  }

  oldAgent(port: number, more: Partial<OldAgentOptions> = {}): OldAgent {
    return this.#keep(new OldAgent({ clock: systemClock }, { ...this.#about(port), ...more }));
  }

  /** What an agent of 2018 is to learn. */
  get oldLearned() {
    const tags = this.pods.map((pod) => {
      const services = this.services[toPodKey(pod)] ?? [];
      return [toPodKey(pod), services.map((service) => `kube_service:${service}`)];
    });
    return { nodeLabels: this.metadataOf('nodes', this.node).labels, tags: Object.fromEntries(tags) };
  }

  async stop(): Promise<void> {
    for (const agent of this.#agents) agent.close();
    await this.scene.stop();
  }

  #about(port: number) {
    const { node, pods } = this;
    return { endpoint: `https://127.0.0.1:${port}`, token: tokens.agents, node, pods };
  }

  #keep<T extends { close(): void }>(agent: T): T {
    this.#agents.push(agent);
    return agent;
  }
}

describe('node agents', () => {
  let world: World;
  beforeEach(async () => {
    world = new World();
    await world.start();
  });
  afterEach(() => world.stop());

  it('of 2018 learn the labels of their node and the services of each of their pods', async () => {
    const { port } = await world.scene.replica();
    const agent = world.oldAgent(port);
    await agent.start(forEver);
    expect(Object.keys(world.services).length).to.be.greaterThan(15);
    for (let minute = 0; minute < 5; minute += 1)
      expect(await agent.poll(forEver)).to.deep.equal(world.oldLearned);
    expect(agent.connectionsOpened).to.equal(1);
  });

  it('of today learn all of their node at once, and go on without what is not served', async () => {
    const { port } = await world.scene.replica();
    const agent = world.newAgent(port);
    expect(await agent.start(forEver)).to.include({ Major: 7, Minor: 55 });
    const learned = await agent.poll(forEver);
    const { uid, labels } = world.metadataOf('nodes', world.node);
    expect(learned).to.deep.include({
      servicesFrom: 'node',
      services: world.services,
      nodeLabels: labels,
      nodeAnnotations: { [machine]: 'm-1' },
      nodeUid: uid,
      clusterId: world.metadataOf('namespaces', 'kube-system').uid,
    });
    const namespaces = [...new Set(world.pods.map(({ namespace }) => namespace))];
    expect(learned.namespaces).to.deep.equal(
      Object.fromEntries(
        namespaces.map((name) => {
          const { labels: ofIt, annotations } = world.metadataOf('namespaces', name);
          return [name, { labels: ofIt, annotations }];
        }),
      ),
    );
    expect(learned.failedCalls.map(({ call, status }) => `${call} ${status}`)).to.deep.equal([
      `POST api/v1/clusterchecks/status/${world.node} 404`,
      `GET api/v1/clusterchecks/configs/${world.node} 404`,
      `GET api/v1/endpointschecks/configs/${world.node} 404`,
      'POST api/v1/languagedetection 404',
    ]);
    for (let minute = 1; minute < 5; minute += 1) expect(await agent.poll(forEver)).to.deep.equal(learned);
    expect(agent.connectionsOpened).to.equal(1);
  });

  for (const filterForm of ['encoded', 'raw'] as const)
    it(`of today get the annotations that they filter for, ${filterForm}`, async () => {
      const { port } = await world.scene.replica();
      const agent = world.newAgent(port, { filterForm, annotationFilters: [team, machine, 'absent/x'] });
      const { nodeAnnotations } = await agent.poll(forEver);
      expect(nodeAnnotations).to.deep.equal({ [team]: 'basket', [machine]: 'm-1' });
    });

  it('of today make a new connection when it is time, and learn the same', async () => {
    const { port } = await world.scene.replica();
    const agent = world.newAgent(port, { reconnectMs: 1 });
    const { services } = await agent.poll(forEver);
    expect(services).to.deep.equal(world.services);
    expect(agent.connectionsOpened).to.be.greaterThan(5);
    expect(agent.failedRenewals).to.equal(0);
  });

  it('with a wrong token are told so, and learn all once they have the right one', async () => {
    const { port } = await world.scene.replica();
    const token = 'x'.repeat(64);
    const endpoint = `https://127.0.0.1:${port}`;
    const [old, young] = [world.oldAgent(port, { token }), world.newAgent(port, { token })];
    expect(await failure(old.poll(forEver))).to.equal('unexpected status code from cluster agent: 403');
    expect(await failure(young.poll(forEver))).to.equal(`remote service error: ${endpoint}/version: 403`);
    const local = world.newAgent(port, { token: tokens.local });
    expect(await failure(local.poll(forEver))).to.equal(`remote service error: ${endpoint}/version: 403`);
    expect((await world.newAgent(port).poll(forEver)).services).to.deep.equal(world.services);
  });

  it('work without services where the mapper is turned off', async () => {
    const { port } = await world.scene.replica({ settings: { DD_USE_METADATA_MAPPER: 'false' } });
    const learned = await world.newAgent(port).poll(forEver);
    expect([learned.servicesFrom, learned.services]).to.deep.equal(['node', {}]);
    expect(learned.nodeLabels).to.deep.equal(world.metadataOf('nodes', world.node).labels);
    const { tags } = await world.oldAgent(port).poll(forEver);
    expect(tags).to.deep.equal(Object.fromEntries(world.pods.map((pod) => [toPodKey(pod), []])));
  });

  it('are told to come again by a replica that is starting, and learn all a little later', async () => {
    world.scene.cluster.inject(
      { kind: 'slow', latencyMs: 700 },
      { verb: 'list', resource: 'endpointslices' },
    );
    const { port } = await world.scene.replica({}, { isStarting: true });
    const [old, young] = [world.oldAgent(port), world.newAgent(port)];
    await Promise.all([old.start(forEver), young.start(forEver)]);
    const url = `https://127.0.0.1:${port}/api/v1/tags/pod/${world.node}`;
    expect(await failure(young.poll(forEver))).to.equal(`remote service error: ${url}: 503`);
    expect(await failure(old.poll(forEver))).to.equal('unexpected status code from cluster agent: 503');
    let learned: string | NewLearned = '';
    await eventually(
      async () => {
        learned = await young.poll(forEver).catch(String);
      },
      () => typeof learned !== 'string',
      () => String(learned),
    );
    expect(learned).to.deep.include({ services: world.services });
    expect(await old.poll(forEver)).to.deep.equal(world.oldLearned);
    expect(young.connectionsOpened).to.equal(1);
  });

  it('go over to another replica when theirs stops, and lose no answer in its middle', async () => {
    const [first, second] = [await world.scene.replica(), await world.scene.replica()];
    const service = new ServiceAddress();
    const port = await service.open(first.port);
    const agents = Array.from({ length: 5 }, () => world.newAgent(port, { features: [] }));
    const olds = Array.from({ length: 5 }, () => world.oldAgent(port));
    const failures: string[] = [];
    const counts = { before: 0, after: 0 };
    let hasStopped = false;
    const until = performance.now() + 4_000;
    const busy = async (poll: () => Promise<unknown>): Promise<void> => {
      while (performance.now() < until) {
        try {
          await poll();
          counts[hasStopped ? 'after' : 'before'] += 1;
        } catch (error: unknown) {
          failures.push(String(error));
        }
      }
    };
    const work = [
      ...agents.map((agent) =>
        busy(async () => expect((await agent.poll(forEver)).services).to.deep.equal(world.services)),
      ),
      ...olds.map((agent) =>
        busy(async () => expect(await agent.poll(forEver)).to.deep.equal(world.oldLearned)),
      ),
    ];
    await new Promise((resolve) => setTimeout(resolve, 800));
    service.lead(second.port);
    await first.replica.stop();
    hasStopped = true;
    await Promise.all(work);
    service.close();
    expect(failures).to.deep.equal([]);
    expect(counts.before).to.be.greaterThan(5);
    expect(counts.after).to.be.greaterThan(5);
    for (const agent of [...agents, ...olds]) expect(agent.connectionsOpened).to.equal(2);
  });
});

/** The address of a Service: new connections go to one replica, and those that stand are left alone. */
class ServiceAddress {
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #target = 0;

  async open(target: number): Promise<number> {
    this.#target = target;
    const server = createServer((client) => this.#pass(client));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  lead(target: number): void {
    this.#target = target;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server?.close();
  }

  #pass(client: Socket): void {
    const replica = tcpConnect(this.#target, '127.0.0.1');
    client.pipe(replica).pipe(client);
    for (const socket of [client, replica]) {
      this.#sockets.add(socket);
      socket.on('error', () => {
        client.destroy();
        replica.destroy();
      });
    }
  }
}

async function failure(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no failure',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}
