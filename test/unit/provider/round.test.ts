import { expect } from 'chai';
import { Fault } from '../../../core/fault.js';
import { fail, ok } from '../../../core/result.js';
import type { Ask } from '../../../provider/isolate.js';
import { inParallel } from '../../../provider/parallel.js';
import type { DatadogQuery } from '../../../provider/query.js';
import type { Reading } from '../../../provider/reading.js';
import { askRound } from '../../../provider/round.js';
import { settle } from '../../fake-clock.js';

const limits = { maxQueries: 35, maxUrlLength: 7_000, maxParallelQueries: 10 };
const some = (count: number, prefix = 'q'): DatadogQuery[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}` as DatadogQuery);
const reading: Reading = { kind: 'point', point: { value: 1, observedAtMs: 1_000 } };

function scene(
  refuse: (queries: readonly DatadogQuery[], call: number) => Fault | undefined = () => undefined,
) {
  const calls: (readonly DatadogQuery[])[] = [];
  let open = 0;
  let mostOpen = 0;
  const ask: Ask = async (queries) => {
    calls.push(queries);
    const fault = refuse(queries, calls.length);
    open += 1;
    mostOpen = Math.max(mostOpen, open);
    await new Promise((resolve) => setImmediate(resolve));
    open -= 1;
    return fault === undefined ? ok(new Map(queries.map((query) => [query, reading]))) : fail(fault);
  };
  return { calls, ask, mostOpen: () => mostOpen };
}

describe('a round', () => {
  it('asks each query once, in batches', async () => {
    const { calls, ask } = scene();
    const outcomes = await askRound({ together: some(80), alone: [] }, ask, limits);
    expect(calls.map((call) => call.length)).to.deep.equal([35, 35, 10]);
    expect(outcomes.size).to.equal(80);
    for (const outcome of outcomes.values()) expect(outcome).to.deep.equal({ kind: 'read', reading });
  });

  it('asks in parallel up to the limit and no further', async () => {
    const { ask, mostOpen } = scene();
    await askRound({ together: some(35 * 25), alone: [] }, ask, limits);
    expect(mostOpen()).to.equal(10);
  });

  it('gives each query of the lone ones a call of its own', async () => {
    const { calls, ask } = scene();
    await askRound({ together: some(3), alone: some(2, 'suspect') }, ask, limits);
    expect(calls).to.deep.equal([some(3), ['suspect0'], ['suspect1']]);
  });

  it('makes no call for nothing', async () => {
    const { calls, ask } = scene();
    expect(await askRound({ together: [], alone: [] }, ask, limits)).to.deep.equal(new Map());
    expect(calls).to.deep.equal([]);
  });

  it('says of an overlong query how long its URL would be, and asks the rest', async () => {
    const long = 'x'.repeat(8_000) as DatadogQuery;
    for (const queries of [
      { together: [long, ...some(2)], alone: [] },
      { together: some(2), alone: [long] },
    ]) {
      const { calls, ask } = scene();
      const outcomes = await askRound(queries, ask, limits);
      expect(calls).to.deep.equal([some(2)]);
      expect(outcomes.get(long)).to.include({ kind: 'oversized', maxUrlLength: 7_000 });
      expect(outcomes.get(long)).to.have.property('urlLength').that.is.within(8_000, 8_500);
    }
  });

  it('lets one bad query harm neither its batch nor another', async () => {
    const bad = 'q40' as DatadogQuery;
    const { ask } = scene((queries) =>
      queries.includes(bad) ? new Fault('datadog.rejected', 'bad') : undefined,
    );
    const outcomes = await askRound({ together: some(80), alone: [] }, ask, limits);
    const failed = [...outcomes].filter(([, outcome]) => outcome.kind !== 'read').map(([query]) => query);
    expect(failed).to.deep.equal([bad]);
  });

  it('spares a Datadog that is down: after a few failures in a row the rest is not tried', async () => {
    const fault = new Fault('datadog.unreachable', 'down');
    const { calls, ask } = scene(() => fault);
    const outcomes = await askRound({ together: some(35 * 100), alone: [] }, ask, {
      ...limits,
      maxParallelQueries: 2,
    });
    expect(calls.length).to.be.within(3, 5);
    expect(outcomes.size).to.equal(3_500);
    for (const outcome of outcomes.values()) expect(outcome).to.deep.equal({ kind: 'failed', fault });
  });

  it('goes on past single failures', async () => {
    const { calls, ask } = scene((_, call) =>
      call % 2 === 0 ? new Fault('datadog.unreachable', 'reset') : undefined,
    );
    await askRound({ together: some(35 * 20), alone: [] }, ask, { ...limits, maxParallelQueries: 1 });
    expect(calls.length).to.equal(20);
  });

  it('does not take refusals for an outage', async () => {
    const { ask } = scene(() => new Fault('datadog.rejected', 'bad'));
    const outcomes = await askRound({ together: some(70), alone: some(3, 's') }, ask, limits);
    const codes = [...outcomes.values()].map((outcome) => outcome.kind === 'failed' && outcome.fault.code);
    expect(codes).to.deep.equal(Array.from({ length: 73 }, () => 'datadog.rejected'));
  });

  it('takes it for an outage when what was answered before is refused too, and searches for no bad query', async () => {
    const { calls, ask } = scene(() => new Fault('datadog.rejected', '400: no'));
    const together = some(35 * 20);
    const outcomes = await askRound({ together, alone: [], answered: some(35 * 20) }, ask, {
      ...limits,
      maxParallelQueries: 1,
    });
    expect(calls.length).to.equal(20 + 3 * 2);
    for (const query of together) {
      const outcome = outcomes.get(query);
      expect(outcome).to.have.nested.property('fault.code', 'datadog.unreachable');
      expect(outcome)
        .to.have.nested.property('fault.message')
        .that.includes('refuses queries that it answered before (400: no)');
    }
  });

  it('believes a lone query that was answered before, and new ones in its company, when all are refused', async () => {
    for (const [together, alone] of [
      [some(1), []],
      [[], some(1)],
      [some(3), []],
      [some(2), some(2, 'suspect')],
    ] as const) {
      const { ask } = scene(() => new Fault('datadog.rejected', 'no'));
      const outcomes = await askRound({ together, alone, answered: some(1) }, ask, limits);
      const codes = [...outcomes.values()].map((outcome) => outcome.kind === 'failed' && outcome.fault.code);
      expect(codes).to.deep.equal([...together, ...alone].map(() => 'datadog.unreachable'));
    }
  });

  it('finds the one that turned bad among those that were answered before, for one call more', async () => {
    for (let bad = 0; bad < 35; bad += 1) {
      const { calls, ask } = scene((queries) =>
        queries.includes(`q${bad}` as DatadogQuery) ? new Fault('datadog.rejected', 'bad') : undefined,
      );
      const outcomes = await askRound({ together: some(35), alone: [], answered: some(35) }, ask, limits);
      const failed = [...outcomes].filter(([, outcome]) => outcome.kind !== 'read').map(([query]) => query);
      expect(failed).to.deep.equal([`q${bad}`]);
      expect(calls.length - 1).to.be.at.most(2 * Math.ceil(Math.log2(35)) + (bad === 0 ? 2 : 1));
    }
  });

  it('spends a bounded number of calls on the search for bad queries, however many there are', async () => {
    const { calls, ask } = scene((queries) =>
      queries.length > 1 ? new Fault('datadog.rejected', 'bad') : undefined,
    );
    await askRound({ together: some(35 * 60), alone: [] }, ask, limits);
    expect(calls.length).to.be.at.most(60 + 200);
  });
});

describe('work in parallel', () => {
  it('keeps the order of its items, whatever the order in which they end', async () => {
    const waits = [30, 10, 20, 0];
    const results = await inParallel(waits, 2, async (turns) => {
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      return turns;
    });
    expect(results).to.deep.equal(waits);
  });

  it('runs at most its limit at a time, and starts the next when one ends', async () => {
    const release: (() => void)[] = [];
    const done = inParallel(
      [1, 2, 3, 4],
      2,
      (item) => new Promise<number>((resolve) => release.push(() => resolve(item))),
    );
    await settle();
    expect(release.length).to.equal(2);
    release[1]?.();
    await settle();
    expect(release.length).to.equal(3);
    for (let index = 0; index < 4; index += 1) {
      release[index]?.();
      await settle();
    }
    expect(await done).to.deep.equal([1, 2, 3, 4]);
  });

  it('ends at once without items', async () => {
    expect(await inParallel([], 5, async () => expect.fail())).to.deep.equal([]);
  });
});
