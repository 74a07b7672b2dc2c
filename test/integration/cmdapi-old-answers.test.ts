import { expect } from 'chai';
import { type Clock, systemClock } from '../../core/clock.js';
import type { ReplicaChoices } from '../../simulator/stand-ins.js';
import { tokens } from '../../simulator/stand-ins.js';
import { node, slice } from './cmdapi-objects.js';
import { CommandScene, eventually } from './cmdapi-scene.js';

const silence = /this replica has not heard of the API server for 12\d s; what it tells may be old/;

/** A replica that had read what it may of the cluster when the API server went away. */
async function leftAlone(scene: CommandScene, choices: Partial<ReplicaChoices> = {}) {
  let passedMs = 0;
  const clock: Clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + passedMs };
  const { client } = await scene.replica({ clock, ...choices }, { isStarting: true });
  const ask = (target: string, token?: string) => client.ask(target, token === undefined ? {} : { token });
  let status = 0;
  await eventually(
    async () => {
      status = (await ask('/api/v1/tags/node/n1')).status;
      if (status === 200) status = (await ask('/api/v1/tags/pod/n1')).status;
    },
    () => status === 200,
    () => `answered with ${status}`,
  );
  await scene.cluster.outage();
  return {
    ask,
    pass: (ms: number): void => {
      passedMs += ms;
    },
  };
}

describe('answers of a replica that hears nothing of the API server', () => {
  let scene: CommandScene;
  beforeEach(async () => {
    scene = new CommandScene();
    await scene.start();
    scene.cluster.apply(node('n1', { labels: { zone: 'a' } }));
    scene.cluster.apply(slice('web-a', { namespace: 'shop', name: 'web' }, [{ name: 'p1', node: 'n1' }]));
  });
  afterEach(() => scene.stop());

  it('are called old after two minutes, and no longer when it is heard again', async () => {
    const { ask, pass } = await leftAlone(scene);
    pass(100_000);
    expect((await ask('/api/v1/tags/pod/n1')).headers.warning).to.equal(undefined);
    pass(21_000);
    const old = await ask('/api/v1/tags/pod/n1');
    expect([old.status, old.text]).to.deep.equal([
      200,
      '{"Nodes":{"n1":{"services":{"shop":{"p1":{"web":{}}}}}}}',
    ]);
    expect(old.headers.warning).to.match(new RegExp(`^299 - "${silence.source}"$`));
    expect((await ask('/api/v1/tags/node/n1')).headers.warning).to.match(silence);
    const all = JSON.parse((await ask('/api/v1/tags/pod', tokens.local)).text);
    expect(all).to.have.nested.property('Warnings[0]').that.matches(silence);

    await scene.cluster.recover();
    let warning: string | undefined;
    await eventually(
      async () => {
        warning = (await ask('/api/v1/tags/pod/n1')).headers.warning;
      },
      () => warning === undefined,
      () => `still ${warning}`,
    );
  });

  it('are called old also where the mapper is turned off', async () => {
    const { ask, pass } = await leftAlone(scene, { settings: { DD_USE_METADATA_MAPPER: 'false' } });
    pass(121_000);
    expect((await ask('/api/v1/tags/node/n1')).headers.warning).to.match(silence);
  });

  it('are called old also where one kind of object could never be read', async () => {
    scene.cluster.setCallerPolicy(
      (_user, access) => !(access.kind === 'resource' && access.resource === 'namespaces'),
    );
    const { ask, pass } = await leftAlone(scene);
    pass(121_000);
    expect((await ask('/api/v1/tags/pod/n1')).headers.warning).to.match(silence);
  });
});
