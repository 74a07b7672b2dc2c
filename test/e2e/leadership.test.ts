import { mkdirSync } from 'node:fs';
import { expect } from 'chai';
import { findBinaries, findElector } from '../control-plane/binaries.js';
import type { ElectorName } from '../control-plane/binary-set.js';
import { type ControlPlane, startControlPlane } from '../control-plane/control-plane.js';
import { outputOf } from '../control-plane/kubectl.js';
import { until } from '../control-plane/waiting.js';
import { type Contender, goContender, type OurContender, ourContender, type Place } from './contender.js';
import { LeadRecorder } from './lead-recorder.js';
import { bareAccount, lockRights } from './lock-rights.js';
import { installRights, logsFolder } from './world.js';

const leaseSeconds = 4;
/** Who waits sees the end of a lease at its next look, a quarter of a lease and some jitter later. */
const takeoverMs = leaseSeconds * 1000 * 1.4 + 1_000;
/** Who is killed renewed half a lease before at the earliest, or a little longer where it was about to. */
const shortestMs = leaseSeconds * 1000 * 0.4;
/** A lead that is given up is told by a watch, or found by client-go at its next try. */
const handoverMs = 2_000;

describe('Leadership, on a real control plane, beside the electors of client-go', function () {
  this.timeout(90_000);
  let plane: ControlPlane;
  let electors: Readonly<Record<ElectorName, string>>;
  let ours: Place;
  let theirs: Place;
  let recorder: LeadRecorder;
  const figures: string[] = [];

  before('start the control plane', async () => {
    mkdirSync(logsFolder, { recursive: true });
    const binaries = await findBinaries();
    if (!binaries.found) throw new Error(binaries.reason);
    electors = { elector: await fileOf('elector'), 'elector-of-2021': await fileOf('elector-of-2021') };
    plane = await startControlPlane({ binaries: binaries.binaries });
    await installRights(plane);
    await plane.apply(...lockRights());
    const kubeconfigPath = await plane.kubeconfigForServiceAccount('datadog', 'datadog-cluster-agent');
    ours = { kubeconfigPath, logsFolder, leaseSeconds };
    theirs = { ...ours, kubeconfigPath: plane.adminKubeconfigPath };
  });

  beforeEach(() => {
    recorder = new LeadRecorder();
    recorder.start();
  });

  afterEach('stop all, and take the locks away', async () => {
    await recorder.stopAll();
    for (const kind of ['lease', 'configmap', 'endpoints'])
      await outputOf(plane.kubectl, [
        'delete',
        kind,
        '-n',
        'datadog',
        'datadog-leader-election',
        '--ignore-not-found',
      ]);
  });

  after('stop everything', async function () {
    const failed = this.test?.parent?.tests.some((test) => test.isFailed()) ?? true;
    await plane?.stop({ keepLogs: failed });
    if (failed) console.error(`logs of the contenders: ${logsFolder}`);
    console.log(`      ${figures.join('\n      ')}`);
  });

  const our = async (name: string, resource: string) =>
    recorder.add(await ourContender(name, resource, ours));
  const its = async (name: string, elector: ElectorName, lock: string) =>
    recorder.add(await goContender(name, { file: electors[elector], lock }, theirs));

  /** Ends somebody, and waits until another leads; answers who. */
  const handOver = async (
    how: 'stop' | 'kill',
    from: Contender,
    to: readonly Contender[],
  ): Promise<Contender> => {
    const sinceMs = Date.now();
    await from[how]();
    const [leader, tookMs] = await recorder.untilLeads(to, sinceMs, 20_000);
    figures.push(
      `${from.name} ${how === 'stop' ? 'stopped' : 'killed'}, ${leader.name} leads after ${tookMs} ms`,
    );
    if (how === 'kill') expect(tookMs).to.be.within(shortestMs, takeoverMs);
    return leader;
  };

  const kinds: readonly (readonly [string, string, ElectorName, string])[] = [
    ['a Lease, with client-go of today', 'lease', 'elector', 'leases'],
    ['a ConfigMap, with client-go of 2021', 'configmap', 'elector-of-2021', 'configmaps'],
    ['Endpoints, with client-go of 2021', 'endpoints', 'elector-of-2021', 'endpoints'],
    ['both at once, with client-go of 2021', 'configmapsleases', 'elector-of-2021', 'configmapsleases'],
  ];
  for (const [title, resource, elector, lock] of kinds) {
    it(`changes hands in both directions, by a stop and by a kill, over ${title}`, async () => {
      const go = await its(`${resource}-go-0`, elector, lock);
      await recorder.untilLeads([go], Date.now(), 10_000);
      const first = [await our(`${resource}-a`, resource), await our(`${resource}-b`, resource)];
      await Promise.all(first.map((one) => untilFollows(one, go.name)));
      const leader = await handOver('stop', go, first);
      const next = await its(`${resource}-go-1`, elector, lock);
      for (const one of first) if (one !== leader) await one.stop();
      await handOver('stop', leader, [next]);
      const last = await our(`${resource}-c`, resource);
      await untilFollows(last, next.name);
      await handOver('kill', next, [last]);
      const end = await its(`${resource}-go-2`, elector, lock);
      await handOver('kill', last, [end]);
      await recorder.verdict();
      figures.push(`${title}: ${recorder.samples} samples, never two`);
    });
  }

  it('moves from the original’s ConfigMap to a Lease by two rollouts, and is never without a leader for longer than a handover', async () => {
    const original = await its('original', 'elector-of-2021', 'configmaps');
    await recorder.untilLeads([original], Date.now(), 10_000);
    let replicas: Contender[] = [original];
    for (const [phase, resource] of ['configmap', 'configmapsleases', 'lease'].entries()) {
      const before = replicas;
      replicas = [];
      // As a Deployment does it: a new one is ready before an old one ends.
      for (const index of [0, 1]) {
        const fresh = await our(`move-${phase}-${index}`, resource);
        replicas.push(fresh);
        await untilKnows(fresh);
        await before[index]?.stop();
      }
    }
    const [leader] = await recorder.untilLeads(replicas, Date.now(), 10_000);
    const record = [
      'get',
      'lease',
      '-n',
      'datadog',
      'datadog-leader-election',
      '-o',
      'jsonpath={.spec.holderIdentity}',
    ];
    expect(await outputOf(plane.kubectl, record)).to.equal(leader.name);
    const longestMs = await recorder.verdict();
    figures.push(
      `the move: ${recorder.samples} samples, never two; at most ${longestMs} ms without a leader`,
    );
    expect(longestMs).to.be.below((await original.hasReleased()) ? handoverMs : takeoverMs);
  });

  it('ends before its lease does while the API server is away, and begins again with one leader', async () => {
    const one = await our('cut-off', 'lease');
    await recorder.untilLeads([one], Date.now(), 10_000);
    const go = await its('cut-off-go', 'elector', 'leases');
    const sinceMs = Date.now();
    await plane.kill('kube-apiserver');
    await until('nobody to lead', async () => ((await one.leads()) ? undefined : true), { pollMs: 20 });
    const ended = (await one.turns()).findLast(({ leads }) => !leads)?.atMs ?? Number.NaN;
    figures.push(`without an API server, the leader ends after ${ended - sinceMs} ms`);
    expect(ended - sinceMs).to.be.below(leaseSeconds * 1000);
    const startedAtMs = Date.now();
    await plane.start('kube-apiserver');
    const [leader, tookMs] = await recorder.untilLeads([one, go], startedAtMs, 20_000);
    figures.push(`${leader.name} leads ${tookMs} ms after the API server was started again`);
    await recorder.verdict();
  });

  it('has two leaders, whom the recorder sees, where a ConfigMap is held beside a Lease: never do that', async () => {
    const mixed = [await our('mixed-old', 'configmap'), await our('mixed-new', 'lease')];
    for (const one of mixed) await recorder.untilLeads([one], Date.now(), 10_000);
    await until('the recorder to see it', async () => (recorder.clashes.length > 0 ? true : undefined));
    expect(recorder.clashes[0]).to.contain('mixed-old and mixed-new');
  });

  it('says which rights it lacks', async () => {
    await plane.apply(...bareAccount());
    const kubeconfigPath = await plane.kubeconfigForServiceAccount('datadog', 'bare');
    for (const [resource, object] of [
      ['lease', 'leases.coordination.k8s.io'],
      ['configmap', 'configmaps'],
    ] as const) {
      const one = recorder.add(await ourContender(`bare-${resource}`, resource, { ...ours, kubeconfigPath }));
      const detail = await until('the health to say it', () => one.trouble());
      figures.push(`without the right to ${object}: ${detail}`);
      expect(detail).to.contain(`grant it by RBAC: a Role in namespace datadog`);
      expect(detail).to.contain(
        `leader election needs get, list, watch and update on ${object} "datadog-leader-election", and create on ${object}, in namespace datadog`,
      );
      expect(await one.replica.log()).to.contain('leader election cannot reach its lock; retrying');
    }
  });
});

async function untilFollows(one: OurContender, leader: string): Promise<void> {
  await until(`${one.name} to follow ${leader}`, async () =>
    (await one.follows()) === leader ? true : undefined,
  );
}

/** Leads, or follows somebody: it has seen the lock. */
async function untilKnows(one: OurContender): Promise<void> {
  await until(`${one.name} to know the leader`, async () =>
    (await one.follows()) !== undefined || (await one.leads()) ? true : undefined,
  );
}

async function fileOf(name: ElectorName): Promise<string> {
  const found = await findElector(name);
  if (!found.found) throw new Error(found.reason);
  return found.file;
}
