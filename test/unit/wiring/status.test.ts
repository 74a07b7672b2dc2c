import { expect } from 'chai';
import type { StatusReport } from '../../../cmdapi/status/report.js';
import { loadConfig } from '../../../config/load.js';
import { ForeignClock } from '../../../core/foreign-clock.js';
import { silentLog } from '../../../core/log.js';
import { type MetricRecord, metricId } from '../../../core/metric.js';
import { RecentLog } from '../../../core/recent-log.js';
import { createRegistry } from '../../../core/telemetry.js';
import { Timekeeper } from '../../../core/timekeeper.js';
import { LoneLeader } from '../../../leader/lone.js';
import { Store } from '../../../metricsstore/store.js';
import type { AppInputs } from '../../../wiring/inputs.js';
import { countMetrics } from '../../../wiring/metrics-status.js';
import { buildStatus, type NodeStatusParts, type StatusPorts } from '../../../wiring/status.js';
import { FakeClock } from '../../fake-clock.js';
import { sampleReport } from '../cmdapi/status/sample-report.js';

function scene(
  ports: Partial<StatusPorts> = {},
  { environment = {}, file }: { readonly environment?: Record<string, string>; readonly file?: string } = {},
) {
  const clock = new FakeClock();
  const registry = createRegistry({ withProcessMetrics: false });
  const loaded = loadConfig({
    environment: { DD_API_KEY: '0123456789abcdef0123456789abcdef', ...environment },
    flags: {},
    surroundings: { hostName: 'machine' },
    ...(file === undefined ? {} : { file: { path: '/etc/file.yaml', text: file } }),
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  const inputs: AppInputs = {
    config: loaded.value,
    log: silentLog,
    clock,
    registry,
    environment: {},
    version: '1',
    commit: 'c',
    tokens: { agents: 'a', local: 'l' },
    recentLog: new RecentLog(),
    ...(file === undefined ? {} : { settingsPath: '/etc/file.yaml' }),
  };
  const datadogClock = new ForeignClock({ clock }, { whose: "Datadog's" });
  const clusterClock = new ForeignClock({ clock }, { whose: "the API server's" });
  const status = buildStatus(inputs, {
    leadership: new LoneLeader(clock.nowMs()),
    isElected: false,
    keeper: new Timekeeper({ clock, log: silentLog, registry, datadog: datadogClock, cluster: clusterClock }),
    datadogClock,
    clusterClock,
    checks: [],
    corridor: undefined,
    intake: {
      describe: () => ({ events: sampleReport.events, controlPlane: sampleReport.controlPlane, keys: [] }),
    },
    listeners: () => [],
    ...ports,
  });
  return { clock, clusterClock, status };
}

const node: NodeStatusParts = {
  metadata: () => sampleReport.metadata,
  reflectors: () => [],
  listener: () => ({ name: 'command-api', port: 5005, connections: 0 }),
};
const broken = (): never => {
  throw new Error('out of order');
};
const unavailable = 'this part could not be told, by a bug: out of order';

describe('the report of a replica', () => {
  it('has every part, though one after another is out of order', () => {
    const { status } = scene({ intake: { describe: broken }, listeners: broken });
    const report = status({ ...node, metadata: broken });
    for (const part of ['metadata', 'events', 'controlPlane', 'keys', 'listeners'] as const)
      expect(report[part], part).to.deep.equal({ unavailable });
    expect(report.reflectors).to.deep.equal([]);
    expect(report).to.have.all.keys(...Object.keys(sampleReport));
  });

  it('counts its uptime by the clock that never steps', async () => {
    const { clock, status } = scene();
    await clock.advance(5_000);
    clock.stepWall(3_600_000);
    expect(status(node).process).to.include({ uptimeSeconds: 5, startedAt: '2026-01-01T00:00:00.000Z' });
  });

  it('knows no distance to a clock that was not heard', async () => {
    const { clock, clusterClock, status } = scene();
    clusterClock.observe({ date: new Date(clock.nowMs() + 60_000).toUTCString() }, clock.monotonicMs());
    const { aheadOfDatadogSeconds, aheadOfClusterSeconds, trouble } = status(node).clocks;
    expect([aheadOfDatadogSeconds, aheadOfClusterSeconds]).to.deep.equal([null, -60]);
    expect(trouble).to.contain("behind the API server's");
  });

  const hosts: readonly (readonly [string, Parameters<typeof scene>[1], Partial<StatusReport['process']>])[] =
    [
      [
        'from the environment',
        { environment: { DD_HOSTNAME: 'host.example' } },
        { hostname: 'host.example', hostnameFrom: 'DD_HOSTNAME (environment)', settingsFile: null },
      ],
      [
        'from the file',
        { file: 'hostname: host.example\n' },
        {
          hostname: 'host.example',
          hostnameFrom: 'hostname (/etc/file.yaml line 1)',
          settingsFile: '/etc/file.yaml',
        },
      ],
      [
        'that is the machine',
        {},
        { hostname: 'machine', hostnameFrom: 'DD_POD_NAME, not set: the host name' },
      ],
    ];
  for (const [title, choices, expected] of hosts)
    it(`names a host ${title}, and where the name came from`, () => {
      expect(scene({}, choices).status(node).process).to.include(expected);
    });
});

describe('the count of metrics', () => {
  it('tells states and reasons apart, and the oldest that is served', async () => {
    const clock = new FakeClock();
    const store = new Store(clock);
    const of = (name: string) => ({ key: { namespace: 'shop', name, selector: [] }, query: name });
    const point = { value: 1, observedAtMs: clock.nowMs() - 3_000 };
    const records: readonly MetricRecord[] = [
      { ...of('a'), state: 'valid', point },
      { ...of('b'), state: 'valid', point, trouble: 'down' },
      { ...of('c'), state: 'pending' },
      { ...of('d'), state: 'invalid', reason: 'stale', detail: '' },
      { ...of('e'), state: 'invalid', reason: 'stale', detail: '' },
      { ...of('f'), state: 'invalid', reason: 'negative', detail: '' },
    ];
    store.replace(new Map(records.map((one) => [metricId(one.key), one])));
    await clock.advance(1_000);
    expect(countMetrics(store.snapshot, 7, clock)).to.deep.equal({
      wanted: 7,
      valid: 2,
      pending: 1,
      invalid: 3,
      invalidByReason: { stale: 2, negative: 1 },
      troubled: 1,
      oldestSeconds: 4,
    });
    expect(countMetrics(new Map(), 0, clock)).to.include({ valid: 0, oldestSeconds: null });
  });
});
