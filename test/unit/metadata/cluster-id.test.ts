import { expect } from 'chai';
import { Fault } from '../../../core/fault.js';
import { fail, ok, type Result } from '../../../core/result.js';
import { ClusterId, type IdBox } from '../../../metadata/cluster-id.js';
import { FakeClock, settle } from '../../fake-clock.js';
import { recordingLog } from '../kube/fake-api.js';

const systemUid = '11111111-2222-4333-8444-555555555555';
const otherId = '99999999-2222-4333-8444-555555555555';

/** One ConfigMap that all replicas of a scene share. */
class SharedBox implements IdBox {
  data: Readonly<Record<string, string>> | undefined;
  writes = 0;
  fault: Fault | undefined;

  async read(): Promise<Result<{ readonly data: Readonly<Record<string, string>> } | undefined, Fault>> {
    if (this.fault !== undefined) return fail(this.fault);
    return ok(this.data && { data: this.data });
  }

  async write(
    _name: string,
    { data }: { readonly data: Readonly<Record<string, string>> },
  ): Promise<Result<unknown, Fault>> {
    if (this.fault !== undefined) return fail(this.fault);
    if (this.data !== undefined) return fail(new Fault('kube.conflict', 'already exists'));
    this.writes += 1;
    this.data = data;
    return ok('1');
  }
}

function scene(uid: () => string | undefined = () => systemUid) {
  const clock = new FakeClock();
  const box = new SharedBox();
  const log = recordingLog();
  const stop = new AbortController();
  const start = (): ClusterId => {
    const id = new ClusterId({ box, systemUid: uid, clock, log, random: () => 0 }, { checkMs: 300_000 });
    void id.run(stop.signal);
    return id;
  };
  return { clock, box, log, start, stop };
}

describe('ClusterId', () => {
  it('is made once from the uid of kube-system, whatever the race', async () => {
    const { clock, box, start } = scene();
    const all = Array.from({ length: 5 }, start);
    await settle();
    await clock.advance(2_000);
    expect(all.map((id) => id.current())).to.deep.equal(Array(5).fill(systemUid));
    expect(box.data).to.deep.equal({ id: systemUid });
    expect(box.writes).to.equal(1);
    expect(all.map((id) => id.health().state)).to.deep.equal(Array(5).fill('ready'));
  });

  it('is what the ConfigMap says, where there is one', async () => {
    const { box, start } = scene();
    box.data = { id: otherId };
    const id = start();
    await settle();
    expect(id.current()).to.equal(otherId);
    expect(box.writes).to.equal(0);
  });

  it('is not known before the cluster was read, and known without any ConfigMap afterwards', async () => {
    let uid: string | undefined;
    const { box, clock, start } = scene(() => uid);
    box.fault = new Fault('kube.denied', 'forbidden');
    const id = start();
    await settle();
    expect(id.current()).to.equal(undefined);
    expect(id.health()).to.deep.equal({
      state: 'starting',
      detail: 'the ConfigMap datadog-cluster-id cannot be read: forbidden',
    });
    uid = systemUid;
    expect(id.current()).to.equal(systemUid);
    expect(id.health().state).to.equal('degraded');
    box.fault = undefined;
    await clock.advance(60_000);
    expect(box.data).to.deep.equal({ id: systemUid });
    expect(id.health()).to.deep.equal({ state: 'ready' });
  });

  it('says once what is wrong with a ConfigMap that holds no id, changes nothing, and goes on with the uid', async () => {
    const { box, clock, log, start } = scene();
    box.data = { id: 'garbage' };
    const id = start();
    await clock.advance(120_000);
    expect(id.current()).to.equal(systemUid);
    expect(box.data).to.deep.equal({ id: 'garbage' });
    expect(log.lines).to.have.length(1);
    expect(log.lines[0]).to.contain('Delete the ConfigMap, and it is made anew');
    box.data = undefined;
    await clock.advance(60_000);
    expect(box.data).to.deep.equal({ id: systemUid });
  });

  it('is made again when somebody deletes it', async () => {
    const { box, clock, start } = scene();
    const id = start();
    await settle();
    box.data = undefined;
    await clock.advance(301_000);
    expect(box.data).to.deep.equal({ id: systemUid });
    expect(id.current()).to.equal(systemUid);
  });
});
