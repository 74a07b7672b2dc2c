import { expect } from 'chai';
import fc from 'fast-check';
import { Fault } from '../../../core/fault.js';
import { fail, ok } from '../../../core/result.js';
import { type Ask, askIsolating, type IsolationBudget } from '../../../provider/isolate.js';
import type { DatadogQuery } from '../../../provider/query.js';
import type { Outcome, Reading } from '../../../provider/reading.js';

const reading = (value: number): Reading => ({ kind: 'point', point: { value, observedAtMs: 1_000 } });

function scene(count: number, bad: readonly number[], budget: IsolationBudget = { callsLeft: 200 }) {
  const batch = Array.from({ length: count }, (_, index) => `q${index}` as DatadogQuery);
  const refused = new Set(bad.map((index) => batch[index]));
  const calls: DatadogQuery[][] = [];
  const ask: Ask = async (queries) => {
    calls.push([...queries]);
    const found = queries.find((query) => refused.has(query));
    if (found !== undefined) return fail(new Fault('datadog.rejected', `cannot parse ${found}`));
    return ok(new Map(queries.map((query) => [query, reading(Number(query.slice(1)))])));
  };
  return { batch, calls, ask, budget, run: () => askIsolating(batch, ask, budget) };
}

function codeOf(outcome: Outcome | undefined): string {
  if (outcome?.kind === 'failed') return outcome.fault.code;
  return outcome?.kind ?? 'none';
}

describe('asking one batch', () => {
  it('is one call when nothing is wrong, and a reading for each query', async () => {
    const { batch, calls, run } = scene(35, []);
    const outcomes = await run();
    expect(calls).to.deep.equal([batch]);
    for (const [index, query] of batch.entries())
      expect(outcomes.get(query)).to.deep.equal({ kind: 'read', reading: reading(index) });
  });

  it('reads a query that the answer does not hold as one without a series', async () => {
    const outcomes = await askIsolating(['a' as DatadogQuery], async () => ok(new Map()), { callsLeft: 0 });
    const outcome = outcomes.get('a' as DatadogQuery);
    expect(outcome).to.have.nested.property('reading.reason', 'no_series');
    expect(outcome).to.have.nested.property('reading.detail').that.is.a('string').with.length.above(20);
  });

  it('finds one bad query at each of 35 places, harming no other, in at most 2·ceil(log2 n) more calls', async () => {
    for (let bad = 0; bad < 35; bad += 1) {
      const { batch, calls, run } = scene(35, [bad]);
      const outcomes = await run();
      for (const [index, query] of batch.entries()) {
        expect(codeOf(outcomes.get(query)), `${bad}: ${query}`).to.equal(
          index === bad ? 'datadog.rejected' : 'read',
        );
      }
      expect(calls.length - 1, `calls for ${bad}`).to.be.at.most(2 * Math.ceil(Math.log2(35)));
    }
  });

  it("keeps Datadog's own words for the bad one", async () => {
    const { batch, run } = scene(35, [17]);
    const outcome = (await run()).get(batch[17] as DatadogQuery);
    expect(outcome).to.have.nested.property('fault.message', 'cannot parse q17');
  });

  it('finds two at once, wherever they stand', async () => {
    for (const bad of [
      [0, 34],
      [0, 1],
      [16, 17],
      [17, 18],
      [33, 34],
    ]) {
      const { batch, calls, run } = scene(35, bad);
      const outcomes = await run();
      const found = batch.flatMap((query, index) =>
        codeOf(outcomes.get(query)) === 'datadog.rejected' ? [index] : [],
      );
      expect(found).to.deep.equal(bad);
      expect(calls.length - 1).to.be.at.most(2 * 2 * Math.ceil(Math.log2(35)));
    }
  });

  it('names each query when all are bad', async () => {
    const { batch, calls, run } = scene(
      35,
      Array.from({ length: 35 }, (_, index) => index),
    );
    const outcomes = await run();
    expect(batch.map((query) => codeOf(outcomes.get(query)))).to.deep.equal(
      batch.map(() => 'datadog.rejected'),
    );
    expect(calls.length).to.equal(2 * 35 - 1);
  });

  it('finds any set of bad queries, and asks each good one successfully exactly once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 35 }),
        fc.uniqueArray(fc.nat(34), { maxLength: 6 }),
        async (count, places) => {
          const bad = places.filter((place) => place < count);
          const { batch, calls, run } = scene(count, bad);
          const outcomes = await run();
          expect([...outcomes.keys()].sort()).to.deep.equal([...batch].sort());
          for (const [index, query] of batch.entries()) {
            expect(codeOf(outcomes.get(query))).to.equal(bad.includes(index) ? 'datadog.rejected' : 'read');
            const answered = calls.filter(
              (call) => call.includes(query) && call.every((one) => !bad.includes(batch.indexOf(one))),
            );
            expect(answered.length).to.equal(bad.includes(index) ? 0 : 1);
          }
          expect(calls.length - 1).to.be.at.most(bad.length * 2 * Math.ceil(Math.log2(Math.max(2, count))));
        },
      ),
    );
  });

  for (const code of ['datadog.unreachable', 'datadog.rate_limited', 'datadog.denied'] as const) {
    it(`does not split a batch on ${code}: every query gets that fault from the one call`, async () => {
      let calls = 0;
      const fault = new Fault(code, 'down');
      const batch = ['a', 'b', 'c'] as DatadogQuery[];
      const outcomes = await askIsolating(
        batch,
        async () => {
          calls += 1;
          return fail(fault);
        },
        { callsLeft: 200 },
      );
      expect(calls).to.equal(1);
      for (const query of batch) expect(outcomes.get(query)).to.deep.equal({ kind: 'failed', fault });
    });
  }

  it('stops splitting when the outage begins half-way, and gives each part what it met', async () => {
    let calls = 0;
    const batch = Array.from({ length: 8 }, (_, index) => `q${index}` as DatadogQuery);
    const outcomes = await askIsolating(
      batch,
      async () => {
        calls += 1;
        return fail(
          calls === 1 ? new Fault('datadog.rejected', 'bad') : new Fault('datadog.unreachable', 'down'),
        );
      },
      { callsLeft: 200 },
    );
    expect(calls).to.equal(3);
    expect(batch.map((query) => codeOf(outcomes.get(query)))).to.deep.equal(
      batch.map(() => 'datadog.unreachable'),
    );
  });

  it('spends no more than its budget, and then blames no query for the company it was in', async () => {
    const { batch, calls, run, budget } = scene(35, [3], { callsLeft: 4 });
    const outcomes = await run();
    expect(calls.length).to.equal(5);
    expect(budget.callsLeft).to.be.at.least(0);
    const codes = batch.map((query) => codeOf(outcomes.get(query)));
    expect(codes).to.not.include('datadog.rejected');
    expect(codes.filter((code) => code === 'read').length).to.equal(18 + 8);
    const together = outcomes.get(batch[3] as DatadogQuery);
    expect(together)
      .to.have.nested.property('fault.message')
      .that.matches(/together with 8 others/);
  });

  it('shares its budget among the halves of a batch and never overdraws it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(40), fc.uniqueArray(fc.nat(34), { maxLength: 35 }), async (callsLeft, bad) => {
        const { calls, run, budget } = scene(35, bad, { callsLeft });
        await run();
        expect(calls.length).to.be.at.most(1 + callsLeft);
        expect(budget.callsLeft).to.be.at.least(0);
      }),
      { numRuns: 60 },
    );
  });
});
