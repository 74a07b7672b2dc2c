import { expect } from 'chai';
import { type HeldRecord, metricId } from '../../../core/metric.js';
import { buildPageState, mostRows, type PageAutoscaler, RowMemory } from '../../../dashboard/page-state.js';
import { FakeClock } from '../../fake-clock.js';
import { overview } from './rows.js';

function scene() {
  const clock = new FakeClock();
  const key = { namespace: 'shop', name: 'm', selector: [] };
  const point = { value: 4, observedAtMs: clock.nowMs() - 10_000 };
  const held = (record: HeldRecord['record']): HeldRecord => ({
    record,
    ageOnArrivalMs: 10_000,
    arrivedAtMonotonicMs: 0,
  });
  const valid = held({ state: 'valid', key, query: 'q', point });
  const world: { records: HeldRecord[]; autoscalers: PageAutoscaler[]; hasHistory: boolean } = {
    records: [valid],
    autoscalers: [],
    hasHistory: false,
  };
  const memory = new RowMemory();
  const look = () =>
    buildPageState(
      {
        records: { list: () => world.records },
        autoscalers: () => world.autoscalers,
        overview: () => overview,
        history: { has: () => world.hasHistory },
        clock,
      },
      memory,
    );
  const row = () => look().metrics[metricId(key)];
  return { clock, key, held, world, look, row };
}

describe('the state of the page', () => {
  it('keeps a row as it was until something about it changes', () => {
    const { world, row } = scene();
    const first = row();
    expect(row()).to.equal(first);
    world.hasHistory = true;
    expect(row()).to.include({ hasHistory: true });
    const target = { kind: 'Value', value: 1 } as const;
    const hpa = { minReplicas: 1, maxReplicas: 1, currentReplicas: 1, desiredReplicas: 1, troubles: [] };
    world.autoscalers = [{ ...hpa, id: 'shop/x', metrics: [{ id: metricId(scene().key), target }] }];
    const used = row();
    expect(used?.uses).to.deep.equal([{ autoscaler: 'shop/x', target }]);
    expect(row()).to.equal(used);
  });

  it('tells why a metric is invalid, and its last value', () => {
    const { world, held, key, row } = scene();
    const lastPoint = { value: 7, observedAtMs: 1 };
    const detail = 'nothing reports it';
    world.records = [held({ state: 'invalid', key, query: 'q', reason: 'no_series', detail, lastPoint })];
    expect(row()).to.include({ state: 'invalid', reason: 'no_series', detail, value: 7 });
    world.records = [held({ state: 'pending', key, query: undefined, trouble: 'keys refused' })];
    expect(row()).to.include({ state: 'pending', detail: 'keys refused', value: null, observedAtMs: null });
  });

  it('makes no value younger when the clock is set back', async () => {
    const { clock, row } = scene();
    const before = row()?.observedAtMs ?? 0;
    expect(clock.nowMs() - before).to.equal(10_000);
    clock.stepWall(-3_600_000);
    expect(clock.nowMs() - (row()?.observedAtMs ?? 0)).to.equal(10_000);
  });

  it('shows a bounded number of metrics, and says how many it leaves out', () => {
    const { world, held, look } = scene();
    world.records = Array.from({ length: mostRows + 3 }, (_, at) =>
      held({ state: 'pending', key: { namespace: 'n', name: `m${at}`, selector: [] }, query: undefined }),
    );
    const state = look();
    expect(Object.keys(state.metrics)).to.have.length(mostRows);
    expect(state.unshownMetrics).to.equal(3);
  });
});
