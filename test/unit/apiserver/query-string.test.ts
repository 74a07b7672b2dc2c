import { expect } from 'chai';
import fc from 'fast-check';
import { parseQueryString } from '../../../apiserver/query-string.js';

describe('apiserver/query-string', () => {
  it('decodes names and values, a plus sign as a blank, and keeps repeated values apart', () => {
    const query = parseQueryString('labelSelector=a%3D1%2Cenv+in+%28dev%29&x=1&x=2&flag&&y=');
    expect(query).to.deep.equal({
      ok: true,
      value: new Map([
        ['labelSelector', ['a=1,env in (dev)']],
        ['x', ['1', '2']],
        ['flag', ['']],
        ['y', ['']],
      ]),
    });
  });

  for (const bad of ['a=%zz', 'a=%', '%ff=1', 'a=b&c=%e2%28', 'a;b', 'labelSelector=a;b=c']) {
    it(`refuses ${bad} whole`, () => expect(parseQueryString(bad)).to.have.property('ok', false));
  }

  it('reads what URLSearchParams wrote, and never throws', () => {
    const pairs = fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })));
    fc.assert(
      fc.property(pairs, (entries) => {
        const expected = new Map<string, string[]>();
        for (const [name, value] of entries) expected.set(name, [...(expected.get(name) ?? []), value]);
        expect(parseQueryString(new URLSearchParams(entries).toString())).to.deep.equal({
          ok: true,
          value: expected,
        });
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => void parseQueryString(text)));
  });
});
