import { expect } from 'chai';
import { systemClock } from '../../core/clock.js';
import { createRegistry } from '../../core/telemetry.js';
import { DatadogClient } from '../../datadog/client.js';
import { type ServiceCheck, ServiceChecks } from '../../datadog/service-checks.js';
import { createDispatcher } from '../../datadog/transport.js';
import { DatadogSimulator } from '../../simulator/datadog.js';
import { FakeClock } from '../fake-clock.js';

const apiKey = '0123456789abcdef0123456789abcdef';
const path = '/api/v1/check_run';
const { signal } = new AbortController();
const observedAtMs = Date.UTC(2026, 0, 1) + 999;

const check = (differences: Partial<ServiceCheck> = {}): ServiceCheck => ({
  name: 'kube_apiserver_controlplane.up',
  status: 'ok',
  message: 'ok',
  tags: ['component:scheduler', 'env:prod'],
  host: 'dca-0',
  observedAtMs,
  ...differences,
});

describe('service checks on the road to Datadog', () => {
  const dispatcher = createDispatcher({ https: undefined, http: undefined, noProxy: [] });
  let datadog: DatadogSimulator;
  let url: string;

  const road = (clock = new FakeClock()) => {
    const registry = createRegistry({ withProcessMetrics: false });
    const client = new DatadogClient(
      { dispatcher, clock: systemClock, registry },
      {
        baseUrl: url,
        apiKey,
        appKey: undefined,
        purpose: 'intake',
        timeoutMs: 2_000,
        userAgent: 'agent/1',
      },
    );
    return { checks: new ServiceChecks({ client, clock }), registry, clock };
  };

  beforeEach(async () => {
    datadog = new DatadogSimulator({}, { keys: { apiKeys: [apiKey] } });
    ({ url } = await datadog.start());
  });
  afterEach(() => datadog.stop());
  after(() => dispatcher.destroy());

  it('arrive in the form of the API, all in one call', async () => {
    const { checks } = road();
    const statuses = ['ok', 'warning', 'critical', 'unknown'] as const;
    const sent = statuses.map((status) => check({ status }));
    expect(await checks.submit(sent, signal)).to.deep.equal({ ok: true, value: undefined });
    expect(datadog.calls.map(({ method, path, status }) => [method, path, status])).to.deep.equal([
      ['POST', path, 202],
    ]);
    expect(datadog.intake.checkRuns).to.deep.equal(
      [0, 1, 2, 3].map((status) => ({
        check: 'kube_apiserver_controlplane.up',
        host_name: 'dca-0',
        status,
        message: 'ok',
        tags: ['component:scheduler', 'env:prod'],
        timestamp: Math.floor(observedAtMs / 1000),
      })),
    );
    expect(datadog.violations).to.deep.equal([]);
  });

  it('need no call when there are none', async () => {
    expect((await road().checks.submit([], signal)).ok).to.equal(true);
    expect(datadog.calls).to.deep.equal([]);
  });

  it('are not sent again before the reset, once Datadog had enough', async () => {
    const { checks, clock } = road();
    const headers = { 'x-ratelimit-reset': '20' };
    datadog.faults.always({ kind: 'status', status: 429, headers }, path);
    const texts: string[] = [];
    for (const waitMs of [0, 10_000, 9_000]) {
      await clock.advance(waitMs);
      const limited = await checks.submit([check()], signal);
      texts.push(limited.ok ? 'ok' : `${limited.error.message} (${limited.error.retryAfterSeconds} s)`);
    }
    const text =
      "Datadog's rate limit for service checks is used up; none is sent before 2026-01-01T00:00:20Z";
    expect(texts).to.deep.equal([`${text} (20 s)`, `${text} (10 s)`, `${text} (1 s)`]);
    expect(datadog.calls).to.have.length(1);
    datadog.faults.clear();
    await clock.advance(1_000);
    expect((await checks.submit([check()], signal)).ok).to.equal(true);
    expect(datadog.intake.checkRuns).to.have.length(1);
  });

  it('say plainly why they did not arrive', async () => {
    const { checks } = road();
    const why = async (): Promise<string> => {
      const result = await checks.submit([check()], signal);
      datadog.faults.clear();
      return result.ok ? 'ok' : `${result.error.code}: ${result.error.message}`;
    };
    const host = new URL(url).host;
    datadog.faults.always({ kind: 'html' }, path);
    expect(await why()).to.match(/^datadog\.unreachable: /);
    datadog.faults.always({ kind: 'status', status: 503 }, path);
    expect(await why()).to.contain(`datadog.unreachable: ${host} answered 503`);
    datadog.acceptKeys({ apiKeys: ['another'] });
    expect(await why()).to.contain(`datadog.denied: ${host} refused the keys (403`);
    await datadog.stop();
    expect(await why()).to.contain(`datadog.unreachable: ${host} cannot be reached`);
  });
});
