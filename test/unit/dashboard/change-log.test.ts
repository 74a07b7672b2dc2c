import { expect } from 'chai';
import { ChangeLog } from '../../../dashboard/change-log.js';
import { autoscalerRow, metricRow, overview, pageState } from './rows.js';

describe('ChangeLog', () => {
  const told = (log: ChangeLog) => log.list().map(({ subject, text }) => `${subject} ${text}`);

  it('tells nothing of the first look, and nothing of values', () => {
    const log = new ChangeLog();
    log.look(pageState([metricRow('a')]), 1);
    log.look(pageState([metricRow('a', { value: 5 })]), 2);
    expect(log.list()).to.deep.equal([]);
  });

  it('tells each turn of a metric, with the reason', () => {
    const log = new ChangeLog();
    log.look(pageState([]), 1);
    log.look(pageState([metricRow('a', { state: 'pending', value: null })]), 2);
    log.look(pageState([metricRow('a')]), 3);
    log.look(pageState([metricRow('a', { state: 'invalid', reason: 'stale', detail: 'too old' })]), 4);
    log.look(pageState([]), 5);
    expect(told(log)).to.deep.equal([
      'shop/a is asked for',
      'shop/a has a value',
      'shop/a has no value: stale (too old)',
      'shop/a is no longer asked for',
    ]);
    expect(log.list().map(({ number, atMs, kind }) => [number, atMs, kind])).to.deep.equal([
      [1, 2, 'plain'],
      [2, 3, 'good'],
      [3, 4, 'bad'],
      [4, 5, 'plain'],
    ]);
  });

  it('tells what autoscalers want, and who leads', () => {
    const log = new ChangeLog();
    log.look(pageState([], [autoscalerRow('x')]), 1);
    const leader = { who: 'other', name: 'dca-1' } as const;
    log.look(
      pageState([], [autoscalerRow('x', { desiredReplicas: 5 })], { overview: { ...overview, leader } }),
      2,
    );
    expect(told(log)).to.deep.equal(['dca-1 leads now', 'shop/x wants 5 replicas, not 2']);
  });

  it('tells of many at once in few lines, and keeps the last 200', () => {
    const log = new ChangeLog();
    log.look(pageState([]), 1);
    const many = Array.from({ length: 50 }, (_, at) => metricRow(`m${at}`));
    log.look(pageState(many), 2);
    expect(log.list()).to.have.length(31);
    expect(told(log)[0]).to.equal('20 more changes at the same moment');
    for (let at = 0; at < 20; at += 1) log.look(pageState(at % 2 === 0 ? [] : many), 3 + at);
    expect(log.list()).to.have.length(200);
  });
});
