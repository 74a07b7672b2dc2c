import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { ObjectDraft } from '../../simulator/cluster/object.js';
import { type SimulatedReplica, StandIns, tokens } from '../../simulator/stand-ins.js';
import { CommandClient } from './cmdapi-scene.js';

const settings = {
  DD_COLLECT_KUBERNETES_EVENTS: 'true',
  DD_CLUSTER_NAME: 'prod',
  DD_TAGS: 'team:a',
  DD_LEADER_LEASE_DURATION: '4',
};

function event(name: string, more: object = {}): ObjectDraft {
  const now = new Date().toISOString();
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { namespace: 'datadog', name },
    involvedObject: { kind: 'Pod', namespace: 'datadog', name: 'web', uid: 'u-web' },
    reason: 'BackOff',
    message: `about ${name}`,
    type: 'Warning',
    source: { component: 'kubelet', host: 'node-1' },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
    ...more,
  };
}

async function until(what: string, holds: () => boolean, timeoutMs = 20_000): Promise<void> {
  for (const startedAtMs = performance.now(); !holds(); await sleep(50))
    if (performance.now() - startedAtMs > timeoutMs)
      throw new Error(`${what} did not happen within ${timeoutMs} ms`);
}

describe('events of the cluster, between the stand-ins', function () {
  this.timeout(60_000);
  const standIns = new StandIns();
  const started: SimulatedReplica[] = [];
  const told = (name: string): number =>
    standIns.datadog.intake.events.filter(({ text }) => String(text).includes(`: about ${name}\n`)).length;
  const position = (): string | undefined => {
    const data = standIns.cluster.get('configmaps', 'datadog', 'datadogtoken')?.['data'];
    return (data as Record<string, string> | undefined)?.['event.tokenKey'];
  };
  before(() => standIns.start());
  after(() => standIns.stop());

  it('reach Datadog in one bundle, though external metrics are off, and the position is kept', async () => {
    for (const name of ['early-1', 'early-2']) standIns.cluster.apply(event(name));
    started.push(
      standIns.startReplica({
        name: 'dca-0',
        settings: { ...settings, DD_EXTERNAL_METRICS_PROVIDER_ENABLED: 'false' },
      }),
    );
    await until('the first bundle', () => told('early-1') + told('early-2') === 2);
    expect(standIns.datadog.intake.events).to.have.length(1);
    expect(standIns.datadog.intake.events[0]).to.deep.include({
      title: 'Events from the Pod datadog/web',
      host: 'node-1-prod',
      alert_type: 'warning',
      aggregation_key: 'kubernetes_apiserver:u-web',
      source_type_name: 'kubernetes',
    });
    expect(standIns.datadog.intake.events[0]?.['tags']).to.include.members([
      'kube_cluster_name:prod',
      'team:a',
    ]);
    await until('the position', () => position() !== undefined);
  });

  it('show in the status, and so do the checks of the control plane and the key', async () => {
    await until('a look at the control plane', () => standIns.datadog.intake.checkRuns.length > 0);
    const client = new CommandClient(started[0]?.app.commandPort() ?? 0);
    const status = (await client.json('/status', tokens.local)) as Record<string, object>;
    client.close();
    expect(status['events']).to.include({ state: 'collecting', delivered: 2, queued: 0, trouble: null });
    expect(status['controlPlane']).to.include({ source: 'componentstatuses', denial: null });
    expect(status['intakeKey']).to.include({ state: 'valid' });
    expect(status['leader']).to.include({ who: 'me' });
    expect(
      standIns.datadog.intake.checkRuns.map(({ check, tags }) => [check, (tags as string[])[0]]),
    ).to.deep.include(['kube_apiserver_controlplane.up', 'component:scheduler']);
  });

  it('go on without a repeat when the lead is handed over', async () => {
    started.push(standIns.startReplica({ name: 'dca-1', settings }));
    standIns.cluster.apply(event('before'));
    await until('the event before', () => told('before') === 1);
    standIns.cluster.apply(event('amid'));
    await started[0]?.stop();
    standIns.cluster.apply(event('after'));
    await until('the event after', () => told('after') > 0);
    expect(['early-1', 'early-2', 'before', 'amid', 'after'].map(told)).to.deep.equal([1, 1, 1, 1, 1]);
    expect(standIns.datadog.violations).to.deep.equal([]);
  });
});
