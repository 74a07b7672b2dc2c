import { expect } from 'chai';
import { systemClock } from '../../core/clock.js';
import { createRegistry } from '../../core/telemetry.js';
import { DatadogClient } from '../../datadog/client.js';
import { DatadogEvents, type EventDraft } from '../../datadog/events.js';
import { createDispatcher } from '../../datadog/transport.js';
import { DatadogSimulator } from '../../simulator/datadog.js';

const path = '/api/v1/events';
const never = new AbortController().signal;
const draft: EventDraft = {
  title: 'Events from the Pod shop/web',
  text: '%%% \n1 **BackOff**: über ~ \u{1f600}\n\n %%%',
  happenedAtMs: Date.now() - 60_500,
  alertType: 'warning',
  aggregationKey: 'kubernetes_apiserver:u-1',
  host: 'node-1-prod',
  tags: ['kube_kind:Pod', 'team:a'],
};

describe('the sender of events', () => {
  const datadog = new DatadogSimulator({}, { keys: { apiKeys: ['right'] } });
  const dispatcher = createDispatcher({ https: undefined, http: undefined, noProxy: [] });
  const registry = createRegistry({ withProcessMetrics: false });
  let url = '';
  before(async () => {
    ({ url } = await datadog.start());
  });
  afterEach(() => {
    datadog.faults.clear();
    datadog.intake.clear();
    datadog.clearCalls();
  });
  after(async () => {
    await datadog.stop();
    await dispatcher.destroy();
  });

  const sender = (apiKey: string | undefined = 'right', timeoutMs = 2_000) =>
    new DatadogEvents({
      clock: systemClock,
      client: new DatadogClient(
        { dispatcher, clock: systemClock, registry },
        { baseUrl: url, apiKey, appKey: undefined, purpose: 'intake', timeoutMs, userAgent: 'agent/1' },
      ),
    });
  const failure = async (events: DatadogEvents, event = draft): Promise<string> => {
    const sent = await events.send(event, never);
    return sent.ok
      ? 'no failure'
      : `${sent.error.code}: ${sent.error.message}`.replace(/127\.0\.0\.1:\d+/, 'HOST');
  };

  it('sends what Datadog’s API takes, with the key in a header', async () => {
    expect(await sender().send(draft, never)).to.deep.equal({ ok: true, value: undefined });
    expect(datadog.intake.events).to.deep.equal([
      {
        title: draft.title,
        text: draft.text,
        date_happened: Math.floor(draft.happenedAtMs / 1000),
        priority: 'normal',
        alert_type: 'warning',
        aggregation_key: 'kubernetes_apiserver:u-1',
        source_type_name: 'kubernetes',
        host: 'node-1-prod',
        tags: ['kube_kind:Pod', 'team:a'],
      },
    ]);
    expect(datadog.violations).to.deep.equal([]);
    expect(await registry.metrics()).to.include('datadog_intake_requests{status="success"} 1');
  });

  it('does not date an event into the future', async () => {
    await sender().send({ ...draft, host: undefined, happenedAtMs: Date.now() + 3_600_000 }, never);
    expect(datadog.intake.events[0]?.['date_happened']).to.be.closeTo(Date.now() / 1000, 2);
    expect(datadog.intake.events[0]).to.not.have.property('host');
  });

  it('says why an event will never pass', async () => {
    expect(await failure(sender(), { ...draft, happenedAtMs: 1_000 })).to.equal(
      'datadog.rejected: 400: Event too far in the past',
    );
  });

  it('tells an event that is too large from others that are refused', async () => {
    datadog.faults.next(1, { kind: 'status', status: 413 }, path);
    expect(await failure(sender())).to.match(/^datadog\.too_large: 413/);
  });

  it('names what to check when the key is missing or wrong', async () => {
    expect(await failure(sender('wrong'))).to.match(
      /^datadog\.denied: HOST refused the keys \(403: .*\): check DD_API_KEY, and that it belongs to DD_SITE$/,
    );
    const events = new DatadogEvents({
      clock: systemClock,
      client: new DatadogClient(
        { dispatcher, clock: systemClock, registry },
        {
          baseUrl: url,
          apiKey: undefined,
          appKey: undefined,
          purpose: 'intake',
          timeoutMs: 1_000,
          userAgent: 'a',
        },
      ),
    });
    expect(await failure(events)).to.equal(
      'datadog.denied: DD_API_KEY not set: nothing can be sent to Datadog without it',
    );
  });

  it('never repeats the key, though what answers does', async () => {
    const planted = 'planted-api-key-0123456789-abcde';
    for (const status of [400, 403, 503] as const) {
      const body = JSON.stringify({
        errors: [`API key ${planted} (${encodeURIComponent(planted)}) is not ours`],
      });
      datadog.faults.next(1, { kind: 'status', status, body }, path);
      expect(await failure(sender(planted)))
        .to.contain('API key ********')
        .and.not.contain('planted');
    }
  });

  it('passes on when Datadog wants to be asked again', async () => {
    datadog.faults.next(1, { kind: 'status', status: 429, headers: { 'x-ratelimit-reset': '17' } }, path);
    const sent = await sender().send(draft, never);
    expect(sent.ok ? undefined : [sent.error.code, sent.error.retryAfterSeconds]).to.deep.equal([
      'datadog.rate_limited',
      17,
    ]);
  });

  for (const [fault, expected] of [
    [{ kind: 'status', status: 503 }, /^datadog\.unreachable: HOST answered 503/],
    [{ kind: 'hang' }, /^datadog\.unreachable: HOST did not answer within 0\.3 s$/],
    [{ kind: 'reset' }, /^datadog\.unreachable: HOST cannot be reached/],
    [{ kind: 'html' }, /^datadog\.unreachable: what answered a sent event is not Datadog/],
  ] as const) {
    it(`takes ${fault.kind} for an outage, and not for a delivery`, async () => {
      datadog.faults.next(1, fault, path);
      expect(await failure(sender('right', 300))).to.match(expected);
    });
  }

  it('goes through the company’s proxy', async () => {
    const events = (proxy: string) => {
      const through = createDispatcher({ https: undefined, http: proxy, noProxy: [] });
      const client = new DatadogClient(
        { dispatcher: through, clock: systemClock, registry },
        {
          baseUrl: 'http://datadog.invalid',
          apiKey: 'right',
          appKey: undefined,
          purpose: 'intake',
          timeoutMs: 2_000,
          userAgent: 'a',
        },
      );
      return { through, events: new DatadogEvents({ client, clock: systemClock }) };
    };
    const { through, events: sending } = events('http://127.0.0.1:1');
    expect(await failure(sending)).to.match(
      /^datadog\.unreachable: datadog\.invalid cannot be reached \(.*ECONNREFUSED/,
    );
    await through.destroy();
  });
});
