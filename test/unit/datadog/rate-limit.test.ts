import { expect } from 'chai';
import fc from 'fast-check';
import { parseRateLimit, pauseSeconds } from '../../../datadog/rate-limit.js';

const headers = (limit: string, remaining: string, reset: string, period: string) => ({
  'x-ratelimit-limit': limit,
  'x-ratelimit-remaining': remaining,
  'x-ratelimit-reset': reset,
  'x-ratelimit-period': period,
  'x-ratelimit-name': 'batch_query',
});

describe('the rate limit of an answer', () => {
  it('is what its headers say', () => {
    expect(parseRateLimit(headers('100', '99', '23', '3600'))).to.deep.equal({
      limit: 100,
      remaining: 99,
      resetSeconds: 23,
      periodSeconds: 3_600,
      name: 'batch_query',
    });
  });

  it('is unknown without headers', () => {
    expect(Object.values(parseRateLimit({}))).to.deep.equal([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  for (const text of ['', ' ', '-1', 'soon', 'NaN', 'Infinity', '1, 2', '1e999']) {
    it(`does not take "${text}" for a number`, () =>
      expect(parseRateLimit({ 'x-ratelimit-reset': text }).resetSeconds).to.equal(undefined));
  }
});

describe('the pause after an answer', () => {
  const pause = (status: number, given: Record<string, string>): number =>
    pauseSeconds(status, parseRateLimit(given));
  const table: readonly (readonly [string, number, Record<string, string>, number])[] = [
    ['none after a success with budget left', 200, headers('100', '1', '23', '60'), 0],
    ['none after a success without headers', 200, {}, 0],
    ['none after another failure', 500, {}, 0],
    ['until the reset after a 429', 429, headers('100', '0', '23', '60'), 23],
    ['until the reset after the last call of the budget', 200, headers('100', '0', '23', '60'), 23],
    ['until the reset after a refusal that spent the budget', 422, headers('100', '0', '23', '60'), 23],
    ['until the reset after a 429 that claims to have budget left', 429, headers('100', '5', '23', '60'), 23],
    ['half a minute after a 429 that says nothing', 429, {}, 30],
    ['half a minute after a 429 whose reset cannot be read', 429, { 'x-ratelimit-reset': 'soon' }, 30],
    ['half a minute after a 429 whose reset is past', 429, { 'x-ratelimit-reset': '-3' }, 30],
    ['a second after a 429 whose reset is now', 429, headers('100', '0', '0', '60'), 1],
    ['a period at most, however absurd the reset', 429, headers('100', '0', '99999999', '60'), 60],
    [
      'an hour at most when the period is absurd too',
      429,
      headers('100', '0', '99999999', '99999999'),
      3_600,
    ],
    ['an hour at most when no period is given', 429, { 'x-ratelimit-reset': '99999999' }, 3_600],
    ['none after a success without budget and without a reset', 200, { 'x-ratelimit-remaining': '0' }, 0],
  ];
  for (const [title, status, given, expected] of table)
    it(`is ${title}`, () => expect(pause(status, given)).to.equal(expected));

  it('is between a second and an hour after every 429, whatever the headers', () => {
    const text = fc.option(fc.oneof(fc.string(), fc.integer().map(String), fc.double().map(String)), {
      nil: undefined,
    });
    fc.assert(
      fc.property(text, text, text, (remaining, reset, period) => {
        const given = {
          'x-ratelimit-remaining': remaining,
          'x-ratelimit-reset': reset,
          'x-ratelimit-period': period,
        };
        const present = Object.fromEntries(
          Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined),
        );
        expect(pause(429, present)).to.be.within(1, 3_600);
      }),
    );
  });
});
