import { expect } from 'chai';
import type { MetricRecord } from '../../../core/metric.js';
import { newest } from '../../../metricsstore/newest.js';
import { valid } from './replica-scene.js';

const nowMs = Date.UTC(2026, 0, 1, 12);
const early = valid('a', 1, nowMs - 20_000);
const late = valid('a', 2, nowMs - 5_000);
const { key, query } = early;
const pending: MetricRecord = { state: 'pending', key, query };
const refused: MetricRecord = { state: 'invalid', key, query, reason: 'rejected', detail: 'no such metric' };

describe('what a new leader goes on with', () => {
  const originals: MetricRecord = { ...late, query: undefined };
  const cases: readonly (readonly [string, MetricRecord, MetricRecord | undefined, MetricRecord])[] = [
    ['its own, where the last one left nothing', early, undefined, early],
    ['the later point, if that is the last one’s', early, late, late],
    ['the later point, if that is its own', late, early, late],
    ['whatever the last one knew of a metric that it has no reading of', pending, early, early],
    ['the refusal of a metric that it has no reading of', pending, refused, refused],
    ['a value that came after its own refusal without any point', refused, late, late],
    ['its own value, whatever the last one could not read', early, refused, early],
    ['nothing that lies in the future', early, valid('a', 3, nowMs + 60_000), early],
    ['nothing that another query gave', pending, { ...late, query: 'avg:a{*}.rollup(60)' }, pending],
    ['an entry of the original agent, which names no query', pending, originals, originals],
  ];
  for (const [title, held, left, expected] of cases)
    it(`is ${title}`, () => {
      expect(newest(held, left, nowMs)).to.deep.equal(expected);
    });
});
