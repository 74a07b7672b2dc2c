import { expect } from 'chai';
import type { AnsweredSeries } from '../../../simulator/datadog/answer.js';
import { toFaultPlan } from '../../../simulator/datadog/fault-plan.js';
import { FaultBook, type SeriesFault } from '../../../simulator/datadog/faults.js';
import { spoil } from '../../../simulator/datadog/series-faults.js';

const path = '/api/v1/query';
const late = { kind: 'latency', ms: 5 } as const;
const denied = { kind: 'status', status: 403 } as const;
const nulls = { kind: 'nulls' } as const;

describe('simulator/datadog faults', () => {
  it('meets as many requests as were ordered, one order after the other', () => {
    const faults = new FaultBook();
    faults.next(2, late);
    faults.next(1, denied);
    const met = [1, 2, 3, 4].map(() => faults.take(path, ['a']).map(({ fault }) => fault.kind));
    expect(met).to.deep.equal([['latency'], ['latency'], ['status'], []]);
    expect(faults.isEmpty).to.equal(true);
  });

  it('keeps orders for other paths apart', () => {
    const faults = new FaultBook();
    faults.next(1, denied, '/api/v1/events');
    expect(faults.take(path, ['a'])).to.deep.equal([]);
    expect(faults.take('/api/v1/events', [])).to.deep.equal([{ fault: denied }]);
  });

  it('names every query that an order by query matches', () => {
    const faults = new FaultBook();
    const takeBack = faults.forQuery(/b/g, nulls);
    expect(faults.take(path, ['ab', 'c', 'b'])).to.deep.equal([
      { fault: nulls, query: 'ab' },
      { fault: nulls, query: 'b' },
    ]);
    expect(faults.take(path, ['b'])).to.have.length(1);
    takeBack();
    expect(faults.take(path, ['b'])).to.deep.equal([]);
  });

  it('lasts until it is taken back or all are cleared', () => {
    const faults = new FaultBook();
    const takeBack = faults.always(late);
    faults.always(denied);
    expect(faults.take(path, [])).to.deep.equal([{ fault: late }, { fault: denied }]);
    takeBack();
    expect(faults.take(path, [])).to.deep.equal([{ fault: denied }]);
    faults.clear();
    expect(faults.isEmpty).to.equal(true);
  });

  it('refuses a fault of answers for a path that has none', () => {
    const faults = new FaultBook();
    expect(() => faults.always(nulls, '/api/v1/events')).to.throw(RangeError, "fault 'nulls'");
    expect(() => faults.next(1, { kind: 'shuffled' }, '/api/v1/validate')).to.throw(
      RangeError,
      "fault 'shuffled'",
    );
  });

  it('adds latencies up, once for a batch, and lets the first of rival faults win', () => {
    const plan = toFaultPlan([
      { fault: late, query: 'a' },
      { fault: late, query: 'b' },
      { fault: { kind: 'latency', ms: 7 } },
      { fault: denied, query: 'a' },
      { fault: { kind: 'html' } },
      { fault: { kind: 'reset' } },
      { fault: { kind: 'hang' } },
      { fault: nulls, query: 'b' },
    ]);
    expect(plan).to.deep.equal({
      latencyMs: 12,
      replacement: { fault: denied, query: 'a' },
      delivery: { kind: 'reset' },
      isShuffled: false,
      seriesFaults: [{ fault: nulls, query: 'b' }],
    });
  });

  const series: AnsweredSeries = {
    start: 0,
    end: 59_000,
    attributes: {},
    metric: 'm',
    interval: 30,
    tag_set: [],
    length: 2,
    query_index: 0,
    aggr: 'avg',
    scope: 'env:prod',
    pointlist: [
      [0, 1],
      [30_000, 2],
    ],
    expression: 'avg:m{env:prod}.rollup(30)',
    unit: null,
    display_name: 'm',
  };

  for (const [fault, changes] of [
    [
      { kind: 'nulls' },
      {
        pointlist: [
          [0, null],
          [30_000, null],
        ],
      },
    ],
    [
      { kind: 'value', value: -3 },
      {
        pointlist: [
          [0, -3],
          [30_000, -3],
        ],
      },
    ],
    [
      { kind: 'newestValue', value: 0.5 },
      {
        pointlist: [
          [0, 1],
          [30_000, 0.5],
        ],
      },
    ],
    [
      { kind: 'shifted', bySeconds: -100 },
      {
        pointlist: [
          [-120_000, 1],
          [-90_000, 2],
        ],
        start: -120_000,
        end: -61_000,
      },
    ],
    [
      { kind: 'shifted', bySeconds: 100 },
      {
        pointlist: [
          [120_000, 1],
          [150_000, 2],
        ],
        start: 120_000,
        end: 179_000,
      },
    ],
    [
      { kind: 'futurePoint', aheadSeconds: 60 },
      {
        pointlist: [
          [0, 1],
          [30_000, 2],
          [90_000, 2],
        ],
        length: 3,
        end: 119_000,
      },
    ],
    [{ kind: 'index', index: 9 }, { query_index: 9 }],
  ] as const satisfies readonly (readonly [SeriesFault, object])[]) {
    it(`spoils a series: ${JSON.stringify(fault)}`, () => {
      expect(spoil([series], fault)).to.deep.equal([{ ...series, ...changes }]);
    });
  }

  it('leaves out series, points or the index', () => {
    expect(spoil([series], { kind: 'noSeries' })).to.deep.equal([]);
    expect(spoil([series], { kind: 'noPoints' })[0]).to.deep.include({ pointlist: [], length: 0 });
    expect(spoil([series], { kind: 'noIndex' })[0]).to.not.have.property('query_index');
  });

  it('answers with several series that differ in a tag', () => {
    expect(
      spoil([series], { kind: 'severalSeries', count: 3 }).map(({ scope, expression }) => [
        scope,
        expression,
      ]),
    ).to.deep.equal([
      ['env:prod,simulated_copy:0', 'avg:m{env:prod,simulated_copy:0}.rollup(30)'],
      ['env:prod,simulated_copy:1', 'avg:m{env:prod,simulated_copy:1}.rollup(30)'],
      ['env:prod,simulated_copy:2', 'avg:m{env:prod,simulated_copy:2}.rollup(30)'],
    ]);
  });

  it('does nothing to a query without series', () => {
    const faults: readonly SeriesFault[] = [
      { kind: 'value', value: 1 },
      { kind: 'severalSeries' },
      { kind: 'futurePoint', aheadSeconds: 9 },
    ];
    for (const fault of faults) expect(spoil([], fault)).to.deep.equal([]);
  });
});
