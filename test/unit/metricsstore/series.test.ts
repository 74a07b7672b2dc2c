import { expect } from 'chai';
import { type MetricRecord, metricId } from '../../../core/metric.js';
import { createRegistry } from '../../../core/telemetry.js';
import { BoundedNames } from '../../../metricsstore/bounded-names.js';
import { reportSeries } from '../../../metricsstore/series.js';
import { Store } from '../../../metricsstore/store.js';
import { FakeClock } from '../../fake-clock.js';
import { pausing } from '../../pausing.js';
import { valid, validMany } from './replica-scene.js';

function scene(maxSeries?: number) {
  const clock = new FakeClock();
  const store = new Store(clock);
  const registry = createRegistry({ withProcessMetrics: false });
  let leads = true;
  reportSeries(
    {
      registry,
      clock,
      pace: pausing,
      records: store,
      leadership: { isLeader: () => leads },
      copy: {
        describe: () => ({
          configMaps: [],
          bytes: 12,
          unchangedSeconds: null,
          lagSeconds: 0.5,
          silentSeconds: null,
        }),
      },
    },
    maxSeries === undefined ? {} : { maxSeries },
  );
  return {
    clock,
    hold: (...records: readonly MetricRecord[]) =>
      store.replace(new Map(records.map((one) => [metricId(one.key), one]))),
    follow: () => {
      leads = false;
    },
    told: async (name: string) =>
      (await registry.metrics())
        .split('\n')
        .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `)),
  };
}

describe('the telemetry of each metric', () => {
  it('tells value, instant, delay and age by its query', async () => {
    const { clock, hold, told } = scene();
    hold(valid('a', 7, clock.nowMs() - 40_000));
    await clock.advance(5_000);
    const label = '{metric="avg:a{*}.rollup(30)"}';
    const observedAt = (clock.nowMs() - 45_000) / 1000;
    expect(await told('external_metrics_processed_value')).to.deep.equal([
      `external_metrics_processed_value${label} 7`,
    ]);
    expect(await told('external_metrics_updated')).to.deep.equal([
      `external_metrics_updated${label} ${observedAt}`,
    ]);
    expect(await told('external_metrics_delay_seconds')).to.deep.equal([
      `external_metrics_delay_seconds${label} 40`,
    ]);
    expect(await told('external_metrics_age_seconds')).to.deep.equal([
      `external_metrics_age_seconds${label} 45`,
    ]);
  });

  it('forgets what is not wanted any more, and what has no value', async () => {
    const { hold, told } = scene();
    const { key } = valid('b');
    hold(valid('a'), { state: 'pending', key, query: 'q' });
    expect(await told('external_metrics_age_seconds')).to.have.length(1);
    hold();
    expect(await told('external_metrics_age_seconds')).to.deep.equal([]);
  });

  it('is told by the leader alone, but for the age', async () => {
    const { hold, follow, told } = scene();
    hold(valid('a'));
    follow();
    expect(await told('external_metrics_processed_value')).to.deep.equal([]);
    expect(await told('external_metrics_age_seconds')).to.have.length(1);
  });

  it('has at most so many series, of 10,000 metrics, and tells the rest in one', async () => {
    const { clock, hold, told } = scene();
    hold(...validMany(10_000, 2).map((one) => ({ ...one })));
    await clock.advance(1_000);
    const values = await told('external_metrics_processed_value');
    expect(values).to.have.length(1_001);
    expect(values.at(-1)).to.equal('external_metrics_processed_value{metric="other"} 18000');
    expect((await told('external_metrics_age_seconds')).at(-1)).to.equal(
      'external_metrics_age_seconds{metric="other"} 1',
    );
  });

  it('of the rest tells the oldest instant and the highest age', async () => {
    const { clock, hold, told } = scene(1);
    hold(valid('a'), valid('b', 1, clock.nowMs() - 10_000), valid('c', 2, clock.nowMs() - 30_000));
    const other = async (name: string) => (await told(name)).at(-1)?.split(' ')[1];
    expect(await other('external_metrics_processed_value')).to.equal('3');
    expect(await other('external_metrics_updated')).to.equal(String((clock.nowMs() - 30_000) / 1000));
    expect(await other('external_metrics_delay_seconds')).to.equal('30');
  });

  it('tells of the shared copy', async () => {
    const { told } = scene();
    expect(await told('external_metrics_store_bytes')).to.deep.equal(['external_metrics_store_bytes 12']);
    expect(await told('external_metrics_store_lag_seconds')).to.deep.equal([
      'external_metrics_store_lag_seconds 0.5',
    ]);
    expect(await told('external_metrics_store_unchanged_seconds')).to.deep.equal([
      'external_metrics_store_unchanged_seconds Nan',
    ]);
  });
});

describe('bounded names', () => {
  const of = (...names: readonly string[]) => new Map(names.map((name) => [name, true]));

  it('keep those of before, and give a place that became free to another', () => {
    const names = new BoundedNames({ max: 2 });
    expect([...names.choose(of('b', 'c', 'd'))]).to.deep.equal(['b', 'c']);
    expect([...names.choose(of('a', 'b', 'c'))]).to.deep.equal(['b', 'c']);
    expect([...names.choose(of('a', 'c'))]).to.deep.equal(['c', 'a']);
  });

  it('hold none that is very long', () => {
    const names = new BoundedNames({ max: 2 });
    expect([...names.choose(of('x'.repeat(501), 'y'.repeat(500)))]).to.deep.equal(['y'.repeat(500)]);
  });
});
