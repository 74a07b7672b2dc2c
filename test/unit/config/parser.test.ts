import { expect } from 'chai';
import fc from 'fast-check';
import {
  booleanParser,
  durationParser,
  oneOfParser,
  portParser,
  wholeNumberParser,
  wordsParser,
} from '../../../config/parser.js';

describe('parsers of settings', () => {
  it('read booleans in every spelling and case', () => {
    for (const text of ['true', 'TRUE', 'True', '1', 'yes', 'YES'])
      expect(booleanParser.parse(text)).to.equal(true);
    for (const text of ['false', 'False', '0', 'no', 'NO']) expect(booleanParser.parse(text)).to.equal(false);
  });

  it('refuse other words for booleans', () => {
    for (const text of ['on', 'off', 't', '2', 'truee', '', 'nope', 'null']) {
      expect(booleanParser.parse(text), text).to.equal(undefined);
    }
  });

  it('read plain numbers as seconds', () => {
    const { parse } = durationParser({ lowestSeconds: 0, highestSeconds: 100_000 });
    expect(parse('90')).to.equal(90);
    expect(parse('0')).to.equal(0);
    expect(parse('0.25')).to.equal(0.25);
  });

  it("read durations in Go's notation", () => {
    const { parse } = durationParser({ lowestSeconds: 0, highestSeconds: 100_000 });
    expect(parse('90s')).to.equal(90);
    expect(parse('5m')).to.equal(300);
    expect(parse('1h')).to.equal(3_600);
    expect(parse('1h30m15s')).to.equal(5_415);
    expect(parse('1.5h')).to.equal(5_400);
    expect(parse('250ms')).to.equal(0.25);
  });

  it('refuse what is no duration', () => {
    const { parse } = durationParser({ lowestSeconds: 0, highestSeconds: 100_000 });
    for (const text of [
      '-1',
      '+5',
      '5 m',
      '5d',
      'm',
      '1e3',
      '.5',
      '5.',
      '1:30',
      'ninety',
      '',
      '0x10',
      'Infinity',
      'NaN',
    ]) {
      expect(parse(text), text).to.equal(undefined);
    }
  });

  it('hold durations within their bounds, both ends included', () => {
    const { parse, expected } = durationParser({ lowestSeconds: 1, highestSeconds: 60 });
    expect([parse('1'), parse('60'), parse('1m')]).to.deep.equal([1, 60, 60]);
    expect([parse('0.999'), parse('60.001'), parse('999999999h')]).to.deep.equal([
      undefined,
      undefined,
      undefined,
    ]);
    expect(expected).to.equal('a duration from 1 s to 60 s, such as 90, 90s or 5m');
  });

  it('refuse parts of a second where the wire has none', () => {
    const { parse } = durationParser({ lowestSeconds: 1, highestSeconds: 60, isWhole: true });
    expect(parse('1500ms')).to.equal(undefined);
    expect(parse('1.5')).to.equal(undefined);
    expect(parse('2000ms')).to.equal(2);
  });

  it('read ports from 0 to 65535', () => {
    expect([portParser.parse('0'), portParser.parse('443'), portParser.parse('65535')]).to.deep.equal([
      0, 443, 65_535,
    ]);
    for (const text of ['65536', '-1', '443.0', '44 3', 'https', '99999999999999999999']) {
      expect(portParser.parse(text), text).to.equal(undefined);
    }
  });

  it('hold whole numbers within their bounds', () => {
    const { parse } = wholeNumberParser(1, 35);
    expect([parse('1'), parse('35'), parse('0'), parse('36')]).to.deep.equal([1, 35, undefined, undefined]);
  });

  it('read one of some words in any case, and aliases', () => {
    const { parse } = oneOfParser(['warn', 'error'], { warning: 'warn' });
    expect([parse('WARN'), parse('Warning'), parse('error')]).to.deep.equal(['warn', 'warn', 'error']);
    expect(parse('toString')).to.equal(undefined);
  });

  it('read lists between spaces and commas', () => {
    expect(wordsParser.parse('a b,c ,  d\te')).to.deep.equal(['a', 'b', 'c', 'd', 'e']);
  });

  it('give for any text a value within bounds or none, and never throw', () => {
    const { parse } = durationParser({ lowestSeconds: 1, highestSeconds: 60 });
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\d.]{1,6}(ms|s|m|h)?$/)), (text) => {
        const seconds = parse(text);
        return seconds === undefined || (seconds >= 1 && seconds <= 60);
      }),
    );
  });
});
