import { expect } from 'chai';
import fc from 'fast-check';
import { milliText, parseMilli, toMilli } from '../../../explain/quantity.js';
import { compute, type Weighing } from '../../../explain/replicas.js';
import { parseMilli as parseSimulated } from '../../../simulator/hpa-quantity.js';
import { forAverageValue, forValue } from '../../../simulator/hpa-replicas.js';

const weighing = (more: Partial<Weighing> = {}): Weighing => ({
  valueMilli: 55_000n,
  target: { type: 'AverageValue', milli: 10_000n },
  replicas: 1,
  ready: 1,
  tolerance: { up: 0.1, down: 0.1 },
  min: 1,
  max: 20,
  ...more,
});
const value = (milli: bigint) => ({ type: 'Value', milli }) as const;

describe('the replicas of a value', () => {
  it('come for an AverageValue from the value over the target, with the way there in words', () => {
    expect(compute(weighing())).to.deep.equal({
      ratio: 5.5,
      isWithinTolerance: false,
      proposed: 6,
      replicas: 6,
      formula:
        '55 / (10 × 1 replicas) = 5.5, outside 0.9 to 1.1: ceil(55 / 10) = 6; with min 1 and max 20: 6',
    });
  });

  it('stay within the tolerance, both ends included', () => {
    for (const milli of [54_000n, 66_000n])
      expect(compute(weighing({ valueMilli: milli, replicas: 6 }))).to.include({
        isWithinTolerance: true,
        replicas: 6,
      });
    expect(compute(weighing({ valueMilli: 66_001n, replicas: 6 })).replicas).to.equal(7);
    expect(compute(weighing({ valueMilli: 53_999n, replicas: 6 })).replicas).to.equal(6);
    const wide = { up: 0.5, down: 0 };
    expect(compute(weighing({ valueMilli: 80_000n, replicas: 6, tolerance: wide })).replicas).to.equal(6);
    expect(compute(weighing({ valueMilli: 49_000n, replicas: 6, tolerance: wide })).replicas).to.equal(5);
  });

  it('come for a Value from the ratio times the ready pods', () => {
    const given = weighing({ target: value(50_000n), valueMilli: 100_000n, replicas: 3, ready: 2 });
    expect(compute(given)).to.include({
      ratio: 2,
      proposed: 4,
      formula:
        '100 / 50 = 2, outside 0.9 to 1.1: ceil(2 × 2 pods, if all are ready) = 4; with min 1 and max 20: 4',
    });
    expect(compute(weighing({ target: value(50_000n), replicas: 0, ready: 0 }))).to.include({
      proposed: 2,
      replicas: 2,
    });
  });

  it('keep to min and max', () => {
    expect(compute(weighing({ valueMilli: 0n, min: 2 }))).to.include({ proposed: 0, replicas: 2 });
    expect(compute(weighing({ valueMilli: 10n ** 9n, max: 5 }))).to.include({
      proposed: 100_000,
      replicas: 5,
    });
    expect(compute(weighing({ valueMilli: 2n ** 62n, max: 5 })).proposed).to.equal(2 ** 31 - 1);
  });

  it('are those of the simulated HPA controller, whatever comes', () => {
    const counts = fc.integer({ min: 0, max: 500 });
    const milli = fc.bigInt({ min: 0n, max: 10n ** 12n });
    fc.assert(
      fc.property(
        milli,
        fc.bigInt({ min: 1n, max: 10n ** 9n }),
        counts,
        counts,
        (valueMilli, goal, replicas, ready) => {
          const reading = { valuesMilli: [valueMilli], targetMilli: goal };
          const simulated = { wanted: replicas, running: replicas, ready };
          const average = weighing({ valueMilli, target: { type: 'AverageValue', milli: goal }, replicas });
          expect(compute(average).proposed).to.equal(forAverageValue(reading, simulated).replicas);
          const byValue = weighing({ valueMilli, target: value(goal), replicas, ready });
          expect(compute(byValue).proposed).to.equal(forValue(reading, simulated).replicas);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('a quantity', () => {
  it('is read as the simulated HPA controller reads it', () => {
    const texts = [
      '0',
      '10',
      '1500m',
      '1.5',
      '.5',
      '5.',
      '1k',
      '2Ki',
      '1.5Mi',
      '1e3',
      '1E',
      '1E-2',
      '7n',
      '3u',
    ];
    for (const text of [...texts, '-3', '+4', '9E', '99999Ei', '', '.', 'x', '1x', '1e', '--1'])
      expect(parseMilli(text), text).to.equal(parseSimulated(text));
  });

  it('of a value is what is served', () => {
    expect([0, 55, 0.1 + 0.2, 1.0001, 0.0004].map(toMilli)).to.deep.equal([0n, 55_000n, 300n, 1_001n, 1n]);
  });

  it('is written as a person would', () => {
    expect([0n, 55_000n, 1_500n, 1n, -2_050n].map(milliText)).to.deep.equal([
      '0',
      '55',
      '1.5',
      '0.001',
      '-2.05',
    ]);
  });
});
