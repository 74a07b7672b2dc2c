import { expect } from 'chai';
import { answerQuery } from '../../../simulator/datadog/answer.js';
import { pointsOf, type Window } from '../../../simulator/datadog/buckets.js';
import { SeriesStore } from '../../../simulator/datadog/series-store.js';
import { type MetricQuery, parseQuery } from '../../../simulator/datadog-query.js';
import { constant, gap, ramp } from '../../../simulator/datadog-shapes.js';
import { FakeClock } from '../../fake-clock.js';

/** A full minute, so that buckets of 30 s begin here. */
const startSeconds = 1_800_000_000;

function scene(nowSeconds = startSeconds) {
  const clock = new FakeClock(nowSeconds * 1000);
  const store = new SeriesStore({ clock });
  const window = (backSeconds: number, sampleSeconds = 10): Window => {
    const knownUntilSeconds = clock.nowMs() / 1000;
    const toSeconds = Math.floor(knownUntilSeconds);
    return { fromSeconds: toSeconds - backSeconds, toSeconds, knownUntilSeconds, sampleSeconds };
  };
  const ask = (text: string, backSeconds = 300) => {
    const query = queryOf(text);
    return answerQuery(query, store.select(query), {
      window: window(backSeconds),
      index: 0,
      unit: undefined,
    });
  };
  /** Values of the only series, by seconds since the start of the scene. */
  const points = (text: string, backSeconds = 300) => {
    const series = ask(text, backSeconds);
    expect(series).to.have.length(1);
    return series[0]?.pointlist.map(([ms, value]) => [ms / 1000 - startSeconds, value]);
  };
  return { clock, store, ask, points, window };
}

function queryOf(text: string): MetricQuery {
  const parsed = parseQuery(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

describe('simulator/datadog series', () => {
  it('aligns buckets to the interval, the first at or after from, the newest incomplete', () => {
    const { store, points } = scene(startSeconds + 47);
    store.shape('m', {}, ramp({ from: 0, to: 100, startSeconds, durationSeconds: 100 }));
    expect(points('avg:m{*}.rollup(30)', 60)).to.deep.equal([
      [0, 10],
      [30, 35],
    ]);
  });

  it('rolls up in time by the method of the rollup', () => {
    const { store, points } = scene(startSeconds + 29);
    store.shape('m', {}, ramp({ from: 0, to: 100, startSeconds, durationSeconds: 100 }));
    const values = ['avg', 'sum', 'max', 'min', 'count'].map((method) =>
      points(`avg:m{*}.rollup(${method}, 30)`, 29),
    );
    expect(values).to.deep.equal([[[0, 10]], [[0, 30]], [[0, 20]], [[0, 0]], [[0, 3]]]);
  });

  it('shows a value that was just set at once, and none before', async () => {
    const { clock, store, points } = scene(startSeconds + 7.2);
    store.set('m', {}, 5);
    expect(points('avg:m{*}.rollup(30)')).to.deep.equal([[0, 5]]);
    await clock.advance(30_000);
    store.set('m', {}, 9);
    await clock.advance(60_000);
    expect(points('avg:m{*}.rollup(30)')).to.deep.equal([
      [0, 5],
      [30, (5 + 9 + 9) / 3],
      [60, 9],
      [90, 9],
    ]);
  });

  it('gives null for a bucket in a gap, and nothing for the time before a series began', () => {
    const { store, points } = scene(startSeconds + 95);
    store.shape('m', {}, gap(constant(2), startSeconds + 30, startSeconds + 60));
    expect(points('avg:m{*}.rollup(30)', 95)).to.deep.equal([
      [0, 2],
      [30, null],
      [60, 2],
      [90, 2],
    ]);
  });

  it('takes a value that is not finite for a gap, and refuses to set one', () => {
    const { store, points } = scene(startSeconds + 5);
    store.shape('m', {}, () => Number.NaN);
    expect(points('avg:m{*}.rollup(30)', 5)).to.deep.equal([[0, null]]);
    expect(() => store.set('m', {}, Number.POSITIVE_INFINITY)).to.throw(
      RangeError,
      'expected a finite value, got Infinity',
    );
  });

  it('aggregates all selected tag sets, leaving gaps out', () => {
    const { store, points } = scene(startSeconds + 5);
    store.shape('m', { host: 'a', env: 'prod' }, constant(1));
    store.shape('m', { host: 'b', env: 'prod' }, constant(5));
    store.shape('m', { host: 'c', env: 'prod' }, constant(12));
    store.shape('m', { host: 'd', env: 'prod' }, () => null);
    store.shape('m', { host: 'e', env: 'test' }, constant(100));
    const values = ['avg', 'sum', 'max', 'min'].map((how) => points(`${how}:m{env:prod}.rollup(30)`, 5));
    expect(values).to.deep.equal([[[0, 6]], [[0, 18]], [[0, 12]], [[0, 1]]]);
    expect(points('m{env:prod}.rollup(30)', 5)).to.deep.equal([[0, 6]]);
  });

  it('makes a series for each group, and none for tag sets without the tag', () => {
    const { store, ask } = scene(startSeconds + 5);
    store.shape('m', { host: 'b', env: 'prod' }, constant(5));
    store.shape('m', { host: 'a', env: 'prod' }, constant(1));
    store.shape('m', { env: 'prod' }, constant(7));
    const series = ask('sum:m{env:prod} by {host}.rollup(30)', 5);
    expect(
      series.map(({ tag_set, scope, expression, pointlist }) => [
        tag_set,
        scope,
        expression,
        pointlist[0]?.[1],
      ]),
    ).to.deep.equal([
      [['host:a'], 'host:a,env:prod', 'sum:m{host:a,env:prod}.rollup(30)', 1],
      [['host:b'], 'host:b,env:prod', 'sum:m{host:b,env:prod}.rollup(30)', 5],
    ]);
    expect(ask('sum:m{*} by {host}', 5)[0]).to.include({ scope: 'host:a', expression: 'sum:m{host:a}' });
  });

  it('has no series for an unknown metric, a filter that selects nothing, or a window before the first value', async () => {
    const { clock, store, ask } = scene(startSeconds + 5);
    store.set('m', { env: 'prod' }, 1);
    expect(ask('avg:other{*}')).to.deep.equal([]);
    expect(ask('avg:M{*}')).to.deep.equal([]);
    expect(ask('avg:m{env:test}')).to.deep.equal([]);
    expect(ask('avg:m{env:Prod}')).to.deep.equal([]);
    await clock.advance(1000);
    const query = queryOf('avg:m{*}.rollup(30)');
    const past: Window = {
      fromSeconds: startSeconds - 600,
      toSeconds: startSeconds - 300,
      knownUntilSeconds: startSeconds,
      sampleSeconds: 10,
    };
    expect(pointsOf(store.select(query)[0]?.series ?? [], query, past)).to.deep.equal([]);
  });

  it('folds tags to lower case and takes them as a list or by key', () => {
    const { store, points } = scene(startSeconds + 5);
    store.shape('m', { Env: 'Prod', App: 'Web' }, constant(1));
    store.shape('m', ['app:web', 'env:prod'], constant(3));
    expect(points('sum:m{env:prod,app:web}.rollup(30)', 5)).to.deep.equal([[0, 3]]);
  });

  it('sees series that come and go', () => {
    const { store, ask } = scene();
    const values = () => ask('sum:m{*} by {host}', 20).map((one) => one.tag_set[0]);
    store.shape('m', { host: 'a' }, constant(1));
    expect(values()).to.deep.equal(['host:a']);
    store.shape('m', { host: 'b' }, constant(1));
    expect(values()).to.deep.equal(['host:a', 'host:b']);
    store.remove('m', { host: 'a' });
    expect(values()).to.deep.equal(['host:b']);
    store.remove('m');
    expect(values()).to.deep.equal([]);
    store.shape('m', { host: 'c' }, constant(1));
    store.clear();
    expect(values()).to.deep.equal([]);
  });

  it('takes the interval of Datadog for the length of the window when the query names none', () => {
    const { store, ask } = scene();
    store.shape('m', {}, constant(1));
    const intervals = [300, 3_600, 14_400, 86_400, 2 * 86_400, 7 * 86_400, 30 * 86_400].map(
      (back) => ask('m{*}', back)[0]?.interval,
    );
    expect(intervals).to.deep.equal([20, 20, 60, 300, 600, 3_600, 14_400]);
  });

  it('gives start, end and length as the real service does', () => {
    const { store, ask } = scene(1_641_430_252);
    store.shape('system.cpu.idle', {}, constant(91));
    const [series] = ask('system.cpu.idle{*}', 86_400);
    // The figures of a recorded answer for the same window.
    expect(series).to.include({
      start: 1_641_344_100_000,
      end: 1_641_430_499_000,
      length: 288,
      interval: 300,
    });
  });
});
