import { expect } from 'chai';
import type { DatadogFault } from '../../simulator/datadog/faults.js';
import type { DirectClient } from '../../simulator/direct-client.js';
import { autoscaler, metricPath, Scene, untilAnswer } from './corridor-scene.js';

/** What Datadog says of a metric → what the HPA controller, and so `kubectl describe hpa`, is told. */
const readings: readonly {
  readonly metric: string;
  readonly fault: DatadogFault;
  readonly message: RegExp;
}[] = [
  {
    metric: 'm.several',
    fault: { kind: 'severalSeries' },
    message: /^several_series: .*2 series.*; remedy: narrow the selector/,
  },
  {
    metric: 'm.none',
    fault: { kind: 'noSeries' },
    message: /^no_series: .*remedy: run the query in Datadog's Metrics Explorer/,
  },
  { metric: 'm.nulls', fault: { kind: 'nulls' }, message: /^only_nulls: .*none of the \d+ points/ },
  { metric: 'm.nan', fault: { kind: 'value', value: Number.NaN }, message: /^not_a_number: .*NaN/ },
  {
    metric: 'm.infinite',
    fault: { kind: 'value', value: Number.POSITIVE_INFINITY },
    message: /^infinite: .*Infinity/,
  },
  { metric: 'm.negative', fault: { kind: 'value', value: -3 }, message: /^negative: .*-3/ },
  { metric: 'm.huge', fault: { kind: 'value', value: 1e300 }, message: /^out_of_range: .*1e\+300/ },
  {
    metric: 'm.old',
    fault: { kind: 'shifted', bySeconds: -100 },
    message: /^stale: .*last point 1\d\d s old, limit 90 s/,
  },
  {
    metric: 'm.ahead',
    fault: { kind: 'shifted', bySeconds: 600 },
    message: /^future: .*ahead of this replica's clock/,
  },
  {
    metric: 'm.refused',
    fault: { kind: 'status', status: 400 },
    message: /^rejected: .*400: Error parsing query/,
  },
  {
    metric: 'm.error',
    fault: { kind: 'errorBody', message: 'Timed out' },
    message: /^rejected: .*200 with an error: Timed out/,
  },
  { metric: 'm.unprocessable', fault: { kind: 'status', status: 422 }, message: /^rejected: .*422/ },
];

describe('What Datadog says of a metric', function () {
  this.timeout(20_000);
  const scene = new Scene();
  let client: DirectClient;

  before(async () => {
    await scene.start();
    const { datadog, cluster } = scene.standIns;
    for (const { metric, fault } of readings) {
      datadog.shape(metric, [], () => 7);
      datadog.faults.forQuery(new RegExp(`:${metric.replace('.', '\\.')}\\{`), fault);
      cluster.apply(autoscaler(metric.replace('.', '-'), metric));
    }
    datadog.shape('m.good', ['env:prod'], () => 7.5);
    cluster.apply(autoscaler('good', 'm.good', { matchLabels: { env: 'Prod' } }));
    ({ client } = await scene.replica());
  });

  after(() => scene.stop());

  for (const { metric, message } of readings) {
    it(`answers ${metric} with 503, its own reason and a remedy`, async () => {
      const answer = await untilAnswer(client, metricPath(metric), ({ body }) => !body.includes('pending'));
      expect(answer).to.include({ status: 503, reason: 'ServiceUnavailable' });
      expect(answer.message)
        .to.match(message)
        .and.to.include(`query avg:${metric}{*}.rollup(1)`)
        .and.to.include('; remedy: ');
    });
  }

  it('serves the metric beside all of these, exact to the milli', async () => {
    const answer = await untilAnswer(
      client,
      metricPath('m.good', 'env=Prod'),
      ({ status }) => status === 200,
    );
    const body = JSON.parse(answer.body) as { readonly items: readonly object[] };
    expect(body.items).to.have.length(1);
    expect(body.items[0]).to.include({ metricName: 'm.good', value: '7500m' });
  });

  it('keeps Datadog within its limits all the while', () => {
    expect(scene.standIns.datadog.violations).to.deep.equal([]);
  });
});
