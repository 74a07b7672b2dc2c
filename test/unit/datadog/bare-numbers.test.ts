import { expect } from 'chai';
import fc from 'fast-check';
import { bareNumber, withoutBareNumbers } from '../../../datadog/bare-numbers.js';

const read = (json: string): unknown =>
  JSON.parse(withoutBareNumbers(json), (_, value: unknown) =>
    typeof value === 'number' ? bareNumber(value) : value,
  );

describe('bare numbers that JSON does not know', () => {
  const table: readonly (readonly [string, unknown])[] = [
    [
      '{"pointlist":[[1000,NaN],[2000,1]]}',
      {
        pointlist: [
          [1_000, Number.NaN],
          [2_000, 1],
        ],
      },
    ],
    ['[NaN, -Infinity ,Infinity]', [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]],
    ['[NaN,NaN,NaN]', [Number.NaN, Number.NaN, Number.NaN]],
    ['{"a": NaN}', { a: Number.NaN }],
    ['{"a":1}', { a: 1 }],
    ['{"a":"NaN"}', { a: 'NaN' }],
  ];
  for (const [text, expected] of table) {
    it(`are read in ${text}`, () => expect(read(text)).to.deep.equal(expected));
  }

  it('are no reason to change a number that is one', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => {
        fc.pre(value !== -Number.MIN_VALUE);
        expect(bareNumber(value)).to.equal(value);
      }),
    );
  });

  it('are sought outside of texts only: every text that is JSON already stays as it is', () => {
    const tricky = fc.constantFrom(
      'env:NaN,host:x',
      '[NaN]',
      'a: Infinity }',
      ',-Infinity,',
      'quoted ":NaN,"',
      'x',
    );
    const json = fc.oneof(
      fc.json(),
      fc.dictionary(fc.string(), tricky).map((one) => JSON.stringify(one)),
    );
    fc.assert(
      fc.property(json, (text) => {
        expect(withoutBareNumbers(text)).to.equal(text);
      }),
    );
  });
});
