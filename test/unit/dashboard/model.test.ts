import { expect } from 'chai';
import { apply, difference, isEmpty, keptChanges } from '../../../dashboard/model/difference.js';
import { countStates, filterMetrics } from '../../../dashboard/model/filter.js';
import type { Change } from '../../../dashboard/model/state.js';
import {
  budgetShare,
  spokenDuration,
  spokenMetric,
  spokenNumber,
  spokenTarget,
  targetTotal,
} from '../../../dashboard/model/words.js';
import { autoscalerRow, metricRow, overview, pageState } from './rows.js';

const change = (number: number): Change => ({ number, atMs: 1, kind: 'plain', subject: 'a', text: 'b' });

describe('the difference of two page states', () => {
  const before = pageState([metricRow('a'), metricRow('b')], [autoscalerRow('x')]);

  it('is empty when only time has passed', () => {
    const found = difference(before, { ...before, nowMs: 9_000 });
    expect(isEmpty(found)).to.equal(true);
    expect(found.nowMs).to.equal(9_000);
  });

  it('holds what is new, what has changed and what has gone, and leads from one to the other', () => {
    const after = pageState([metricRow('b', { value: 5 }), metricRow('c')], [autoscalerRow('y')], {
      nowMs: 6_000,
      unshownMetrics: 3,
      changes: [change(1)],
      overview: { ...overview, pod: 'dca-1' },
    });
    const found = difference(before, after);
    expect(found.metrics.map(({ name }) => name)).to.deep.equal(['b', 'c']);
    expect(found.goneMetrics).to.deep.equal(['shop/a?']);
    expect(found.goneAutoscalers).to.deep.equal(['shop/x']);
    expect(isEmpty(found)).to.equal(false);
    expect(apply(before, found)).to.deep.equal(after);
    expect(apply(before, JSON.parse(JSON.stringify(found)))).to.deep.equal(after);
  });

  it('sends each change once, and keeps a bounded number', () => {
    const known = pageState([], [], { changes: [change(1), change(2)] });
    const after = { ...known, changes: [change(1), change(2), change(3)] };
    expect(difference(known, after).changes.map(({ number }) => number)).to.deep.equal([3]);
    const many = Array.from({ length: keptChanges + 5 }, (_, at) => change(at + 3));
    const kept = apply(known, { ...difference(known, known), changes: many }).changes;
    expect(kept).to.have.length(keptChanges);
    expect(kept.at(-1)?.number).to.equal(keptChanges + 7);
  });

  it('takes a metric named like a property of objects for a metric', () => {
    const odd = metricRow('constructor', { id: 'constructor' });
    expect(difference(pageState([]), pageState([odd])).metrics).to.deep.equal([odd]);
  });
});

describe('filterMetrics', () => {
  const rows = [
    metricRow('requests', { selector: 'service=web', uses: [{ autoscaler: 'shop/front', target: null }] }),
    metricRow('depth', { state: 'invalid', reason: 'no_series' }),
    metricRow('age', { state: 'pending' }),
  ];
  const names = (text: string, state: 'all' | 'valid' | 'invalid' | 'pending' = 'all') =>
    filterMetrics(rows, { text, state }).map(({ name }) => name);

  it('puts what is amiss first', () => {
    expect(names('')).to.deep.equal(['depth', 'age', 'requests']);
  });

  it('finds all words, in any case, wherever they stand', () => {
    expect(names('FRONT  web')).to.deep.equal(['requests']);
    expect(names('no_ser')).to.deep.equal(['depth']);
    expect(names('web depth')).to.deep.equal([]);
  });

  it('goes by state too', () => {
    expect(names('', 'pending')).to.deep.equal(['age']);
    expect(countStates(rows)).to.deep.equal({ all: 3, valid: 1, invalid: 1, pending: 1 });
  });
});

describe('what the page says', () => {
  it('tells durations by their two largest units', () => {
    expect([0, 4, 60, 65, 3_600, 3_700, 90_000, -3].map(spokenDuration)).to.deep.equal([
      '0 s',
      '4 s',
      '1 min',
      '1 min 5 s',
      '1 h',
      '1 h 1 min',
      '1 d 1 h',
      '0 s',
    ]);
  });

  it('tells numbers by four digits', () => {
    expect([0, 0.12345, 12.5, 9_999, 12_345, 2.5e6, -3e9, 0.00001234].map(spokenNumber)).to.deep.equal([
      '0',
      '0.1235',
      '12.5',
      '9999',
      '12.35 k',
      '2.5 M',
      '-3 G',
      '1.23e-5',
    ]);
  });

  it('tells targets, and what they come to', () => {
    expect(spokenTarget({ kind: 'AverageValue', value: 10 })).to.equal('10 per replica');
    expect(spokenTarget({ kind: 'Value', value: 40 })).to.equal('40');
    expect(spokenTarget(null)).to.contain('cannot be read');
    expect(targetTotal({ kind: 'AverageValue', value: 10 }, 3)).to.equal(30);
    expect(targetTotal({ kind: 'AverageValue', value: 10 }, null)).to.equal(null);
    expect(targetTotal({ kind: 'Value', value: 40 }, null)).to.equal(40);
  });

  it('tells metrics and budgets', () => {
    expect(spokenMetric(metricRow('m'))).to.equal('shop/m');
    expect(spokenMetric(metricRow('m', { selector: 'a=b' }))).to.equal('shop/m {a=b}');
    expect(budgetShare({ limit: 200, remaining: 50 })).to.equal(0.25);
    expect(budgetShare({ limit: 200, remaining: 500 })).to.equal(1);
    expect(budgetShare({ limit: 0, remaining: 0 })).to.equal(null);
    expect(budgetShare({ limit: 200, remaining: null })).to.equal(null);
  });
});
