import { expect } from 'chai';
import fc from 'fast-check';
import { ExternalMetrics } from '../../../apiserver/external-metrics.js';
import { type Explanation, explain } from '../../../apiserver/messages.js';
import { type InvalidReason, type MetricRecord, metricId } from '../../../core/metric.js';
import { FakeClock } from '../../fake-clock.js';
import { pendingRecord, selectorOf, TestRecords, validRecord } from './records.js';

const reasons: InvalidReason[] = [
  'unaskable',
  'ambiguous',
  'rejected',
  'no_series',
  'several_series',
  'only_nulls',
  'not_a_number',
  'infinite',
  'negative',
  'out_of_range',
  'stale',
  'future',
];

/** What is said of the metric `queue` in namespace `shop` when these records are held. */
function explanation(
  records: readonly MetricRecord[],
  wish: { name?: string; selector?: string; ageMs?: number } = {},
): Explanation {
  const clock = new FakeClock();
  const held = new TestRecords();
  for (const record of records) held.set(record, { ageMs: wish.ageMs ?? 0 });
  const key = { namespace: 'shop', name: wish.name ?? 'queue', selector: selectorOf(wish.selector ?? '') };
  const question = { id: metricId(key), key };
  const ports = { records: held, wanted: { isWanted: () => false }, clock };
  const finding = new ExternalMetrics(ports, { maxAgeMs: 90_000 }).find(question.id);
  if (finding.state === 'value') return expect.fail('there is a value');
  const replica = { describe: () => 'this replica follows dca-1, whose last update came 12 s ago' };
  return explain(finding, question, { records: held, replica, clock, maxAgeMs: 90_000 });
}

const invalid = (reason: InvalidReason, detail = 'seen this', lastAgeMs?: number): MetricRecord => {
  const base = {
    state: 'invalid',
    key: { namespace: 'shop', name: 'queue', selector: [] },
    query: 'avg:queue{*}',
    reason,
    detail,
  } as const;
  return lastAgeMs === undefined
    ? base
    : { ...base, lastPoint: { value: 1, observedAtMs: new FakeClock().nowMs() - lastAgeMs } };
};

describe('apiserver/messages', () => {
  it('gives query, age, trouble, remedy and the replica’s place for a value that is too old', () => {
    const observedAtMs = new FakeClock().nowMs() - 133_000;
    const { reason, message } = explanation([
      validRecord('queue', { observedAtMs, trouble: 'Datadog answered 429' }),
    ]);
    expect(reason).to.equal('stale');
    expect(message).to.equal(
      'stale: the newest point is too old to scale on; query avg:queue{*}.rollup(30); last point 133 s old, limit 90 s; the last refresh failed: Datadog answered 429; remedy: see that the metric is still reported and that the leader reaches Datadog; raise DD_EXTERNAL_METRICS_MAX_AGE if the metric is reported seldom (this replica follows dca-1, whose last update came 12 s ago)',
    );
  });

  for (const reason of reasons) {
    it(`says for ${reason} what was seen, the query, the last point and a remedy`, () => {
      const { reason: said, seen, message } = explanation([invalid(reason)]);
      expect(said).to.equal(reason);
      expect(seen).to.match(new RegExp(`^${reason}: .*: seen this$`));
      expect(message).to.match(
        /^[^\n]+; query avg:queue\{\*\}; no point so far; remedy: [^;]+.* \(this replica follows/,
      );
    });
  }

  it('measures the age of a last point in the unit that suits it', () => {
    const ages: [number, string][] = [
      [133_000, '133 s old, limit 90 s'],
      [599_000, '599 s old'],
      [840_000, '14 min old'],
      [3 * 3_600_000, '3 h old'],
      [72 * 3_600_000, '3 days old'],
      [-8_000, '8 s ahead'],
    ];
    for (const [ageMs, text] of ages) {
      expect(explanation([invalid('no_series', 'x', ageMs)], { ageMs }).message).to.include(
        `last point ${text}`,
      );
    }
  });

  it('says for a pending metric whether refreshing fails', () => {
    expect(explanation([pendingRecord('queue')]).message).to.match(
      /^pending: no value has been read from Datadog yet; query .*; no point so far; remedy: wait for the next refresh; if this stays, read the leader's log \(/,
    );
    expect(explanation([pendingRecord('queue', 'keys denied')]).message).to.include(
      '; the last refresh failed: keys denied; remedy: cure',
    );
  });

  it('names the selectors that are served under an unknown metric’s name, at most ten', () => {
    const served = Array.from({ length: 12 }, (_, index) =>
      validRecord('Queue', { selector: `app=a${index}` }),
    );
    const { reason, message } = explanation([...served, validRecord('queue')], { selector: 'app=b' });
    expect(reason).to.equal('unknown');
    expect(message).to.match(
      /^no autoscaler of namespace "shop" is known to ask for external metric "queue" with the selector "app=b"; it is served there under: no selector, "app=a0", "app=a1", "app=a10", .* and 3 more; remedy: /,
    );
  });

  it('asks whether a near name was meant, of the same namespace only', () => {
    expect(explanation([validRecord('queue.depth')], { name: 'queue_depth' }).message).to.include(
      '"queue_depth" without a selector; did you mean "queue.depth", which is served there?; remedy',
    );
    const elsewhere = validRecord('queue.depth');
    const far: MetricRecord = { ...elsewhere, key: { ...elsewhere.key, namespace: 'other' } };
    expect(explanation([far], { name: 'queue_depth' }).message).to.include(
      '; nothing of that name is served there; remedy',
    );
  });

  it('is one line of bounded length, whatever foreign text comes in', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...reasons),
        fc.string({ unit: 'binary', maxLength: 2_000 }),
        (reason, detail) => {
          const { message } = explanation([invalid(reason, detail)]);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters must not be there
          expect(message).to.not.match(/[\n\r\u0000-\u001f\u007f-\u009f]/);
          expect(message.length).to.be.lessThan(1_500);
        },
      ),
    );
  });
});
