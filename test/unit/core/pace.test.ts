import { expect } from 'chai';
import { atOnce, Slices, type Steps, Turns } from '../../../core/pace.js';
import { settle } from '../../fake-clock.js';

/** Work of `count` steps, each of which takes a millisecond. */
function* counting(count: number, passed: { ms: number }): Steps<number> {
  for (let step = 0; step < count; step += 1) {
    passed.ms += 1;
    yield;
  }
  return count;
}

function scene() {
  const passed = { ms: 0 };
  const roundsAtMs: number[] = [];
  const slices = new Slices({
    clock: { monotonicMs: () => passed.ms },
    goRound: async () => {
      roundsAtMs.push(passed.ms);
    },
  });
  return { passed, roundsAtMs, slices };
}

describe('slices', () => {
  it('do all of the work, and answer what it made', async () => {
    const { passed, slices } = scene();
    expect(await slices.run(counting(12, passed))).to.equal(12);
    expect(atOnce(counting(12, passed))).to.equal(12);
  });

  it('let the event loop go round before the work begins, and each five milliseconds', async () => {
    const { passed, roundsAtMs, slices } = scene();
    await slices.run(counting(12, passed));
    expect(roundsAtMs).to.deep.equal([0, 5, 10]);
  });

  it('are shared by all work, so that two pieces in a row are no longer than one', async () => {
    const { passed, roundsAtMs, slices } = scene();
    await slices.run(counting(3, passed));
    await slices.run(counting(4, passed));
    expect(roundsAtMs).to.deep.equal([0, 5]);
  });

  it('are left alone by work that fails', async () => {
    const { passed, slices } = scene();
    const failing = function* (): Steps<never> {
      yield;
      throw new RangeError('no');
    };
    const error: unknown = await slices.run(failing()).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(RangeError);
    expect(await slices.run(counting(1, passed))).to.equal(1);
  });
});

describe('Turns', () => {
  it('lets one go on in each turn, in the order of asking', async () => {
    const rounds: (() => void)[] = [];
    const turns = new Turns({ goRound: () => new Promise((resolve) => rounds.push(resolve)) });
    const gone: number[] = [];
    const all = [1, 2, 3].map(async (one) => {
      await turns.take();
      gone.push(one);
    });
    for (let round = 1; round <= 3; round += 1) {
      await settle();
      expect(gone).to.have.length(round - 1);
      rounds.at(-1)?.();
    }
    await Promise.all(all);
    expect(gone).to.deep.equal([1, 2, 3]);
  });
});
