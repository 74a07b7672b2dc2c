import { expect } from 'chai';
import fc from 'fast-check';
import { entryBytes, planShards, type Shard, type ShardPlan } from '../../../metricsstore/shards.js';

const shard = (entries: Record<string, string>): Shard => new Map(Object.entries(entries));
const many = (count: number, length = 300, prefix = 'metric.shop.m'): Shard =>
  new Map(Array.from({ length: count }, (_, index) => [`${prefix}${index}`, 'v'.repeat(length)]));
const bytesOf = (one: Shard): number =>
  [...one].reduce((sum, [key, value]) => sum + entryBytes(key, value), 0);
const all = (plan: ShardPlan): [string, string][] => plan.shards.flatMap((one) => [...one]);
const limits = { maxBytes: 20_000, maxShards: 32 };

describe('a plan of shards', () => {
  it('is one empty shard for nothing', () => {
    expect(planShards([], new Map(), limits)).to.deep.equal({ shards: [new Map()], refused: [] });
  });

  it('keeps what fits in one shard', () => {
    const plan = planShards([], many(10), limits);
    expect(plan).to.deep.equal({ shards: [many(10)], refused: [] });
  });

  it('opens further shards before one is too large', () => {
    const plan = planShards([], many(200), limits);
    expect(plan.shards.length).to.be.within(4, 5);
    for (const one of plan.shards) expect(bytesOf(one)).to.be.at.most(limits.maxBytes);
    for (const one of plan.shards.slice(0, -1)) expect(bytesOf(one)).to.be.above(15_000);
    expect(new Map(all(plan))).to.deep.equal(many(200));
  });

  it('leaves an entry in its shard, so that a changed value changes one shard', () => {
    const { shards } = planShards([], many(200), limits);
    const key = [...(shards[2] ?? [])][3]?.[0] ?? '';
    const next = planShards(shards, new Map(many(200)).set(key, 'w'.repeat(300)), limits);
    const changed = next.shards.flatMap((one, index) =>
      JSON.stringify([...one].sort()) === JSON.stringify([...(shards[index] ?? [])].sort()) ? [] : [index],
    );
    expect(changed).to.deep.equal([2]);
  });

  it('puts a new entry where there is room and changes that shard only', () => {
    const first = many(40, 300, 'a');
    const second = many(10, 300, 'b');
    const { shards } = planShards(
      [first, second],
      new Map([...first, ...second, ['new', 'x'.repeat(300)]]),
      limits,
    );
    expect(shards.map((one) => one.has('new'))).to.deep.equal([true, false]);
    expect(shards[1]).to.deep.equal(second);
  });

  it('finds room elsewhere when an entry outgrows its shard', () => {
    const full = many(50, 340);
    expect(bytesOf(full)).to.be.within(18_000, 20_000);
    const grown = new Map(full).set('metric.shop.m7', 'w'.repeat(5_000));
    const plan = planShards([full], grown, limits);
    expect(plan.shards.length).to.equal(2);
    expect(new Map(all(plan))).to.deep.equal(grown);
  });

  it('counts what else lies in a ConfigMap', () => {
    const plan = planShards([new Map()], many(40), limits, [19_500]);
    expect(plan.shards[0]?.size).to.be.at.most(1);
    expect(new Map(all(plan))).to.deep.equal(many(40));
  });

  it('counts bytes, not characters', () => {
    expect(entryBytes('a', 'é')).to.equal(entryBytes('a', 'ab'));
    const entries = new Map([
      ['a', 'é'.repeat(9_000)],
      ['b', 'é'.repeat(9_000)],
    ]);
    expect(planShards([], entries, limits).shards.length).to.equal(2);
  });

  it('names what finds no room anywhere, and keeps the rest', () => {
    const plan = planShards([], many(200), { maxBytes: 20_000, maxShards: 2 });
    expect(plan.shards.length).to.equal(2);
    expect(plan.refused.length).to.equal(200 - all(plan).length);
    expect(new Set([...plan.refused, ...all(plan).map(([key]) => key)]).size).to.equal(200);
    const huge = planShards(
      [],
      new Map([
        ['huge', 'x'.repeat(30_000)],
        ['small', 'y'],
      ]),
      limits,
    );
    expect(huge.refused).to.deep.equal(['huge']);
    expect(new Map(all(huge))).to.deep.equal(new Map([['small', 'y']]));
  });

  it('gives a shard up when nothing is in it any more', () => {
    const { shards } = planShards([], many(200), limits);
    expect(planShards(shards, shards[0] ?? new Map(), limits).shards).to.deep.equal([shards[0]]);
    expect(planShards(shards, new Map(), limits).shards).to.deep.equal([new Map()]);
  });

  it('shrinks back to one shard when the few that are left lie in the last ones', () => {
    const { shards } = planShards([], many(200), limits);
    const left = new Map(shards.flatMap((one) => [...one].slice(-2)));
    let plan = planShards(shards, left, limits);
    for (let round = 0; round < shards.length; round += 1) plan = planShards(plan.shards, left, limits);
    expect(new Map(all(plan))).to.deep.equal(left);
    expect(plan.shards.length).to.equal(1);
  });

  const key = fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom(...'abcdef') });
  const entries = fc.dictionary(key, fc.string({ maxLength: 400 }), { maxKeys: 60 }).map(shard);
  const own = fc.record({
    maxBytes: fc.integer({ min: 2_000, max: 6_000 }),
    maxShards: fc.integer({ min: 1, max: 40 }),
  });

  it('loses nothing, holds nothing twice, and keeps its sizes, from any state to any other', () => {
    fc.assert(
      fc.property(
        fc.array(entries, { maxLength: 5 }),
        entries,
        own,
        fc.array(fc.nat(3_000), { maxLength: 6 }),
        (current, wanted, bounds, reserved) => {
          const held = current.slice(0, bounds.maxShards);
          const besides = reserved.slice(0, held.length);
          const plan = planShards(held, wanted, bounds, besides);
          const placed = all(plan);
          expect(placed.length).to.equal(new Map(placed).size);
          expect([...placed.map(([name]) => name), ...plan.refused].sort()).to.deep.equal(
            [...wanted.keys()].sort(),
          );
          for (const [name, value] of placed) expect(wanted.get(name)).to.equal(value);
          expect(plan.shards.length).to.be.within(1, bounds.maxShards);
          for (const [index, one] of plan.shards.entries()) {
            if (one.size > 0) expect(bytesOf(one) + (besides[index] ?? 0)).to.be.at.most(bounds.maxBytes);
          }
          // Somebody else's entries keep a ConfigMap alive.
          const last = plan.shards.length - 1;
          if (last > 0 && (besides[last] ?? 0) === 0) expect(plan.shards[last]?.size).to.be.above(0);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is at rest: planning again from the plan changes nothing', () => {
    fc.assert(
      fc.property(entries, own, (wanted, bounds) => {
        const first = planShards([], wanted, bounds);
        expect(planShards(first.shards, wanted, bounds)).to.deep.equal(first);
      }),
    );
  });

  it('is stable: another value of the same length changes one shard', () => {
    fc.assert(
      fc.property(entries, own, fc.nat(), (wanted, bounds, pick) => {
        const { shards } = planShards([], wanted, bounds);
        const placed = shards.flatMap((one) => [...one]);
        const [name, value] = placed[pick % Math.max(1, placed.length)] ?? [];
        if (name === undefined || value === undefined) return;
        const next = planShards(
          shards,
          new Map(wanted).set(name, 'z'.repeat(Buffer.byteLength(value))),
          bounds,
        );
        const changed = next.shards.filter(
          (one, index) =>
            JSON.stringify([...one].sort()) !== JSON.stringify([...(shards[index] ?? [])].sort()),
        );
        expect(changed.length).to.be.at.most(1);
      }),
    );
  });

  it('takes ten thousand entries in its stride', () => {
    const wanted = many(10_000, 350);
    const plan = planShards([], wanted, { maxBytes: 800_000, maxShards: 32 });
    expect(new Map(all(plan)).size).to.equal(10_000);
    expect(plan.shards.length).to.be.within(4, 6);
  });
});
