import { expect } from 'chai';
import { healthText } from '../../../cli/health.js';
import { jsonText, paintFor } from '../../../cli/output.js';
import { noPaint } from '../../../cmdapi/status/layout.js';

const terminal = { isTerminal: true, wantsColor: true, noColor: undefined };

describe('the colours of a command', () => {
  it('are there on a terminal, and for what is worth one', () => {
    const paint = paintFor(terminal);
    expect(paint('bad', 'x')).to.equal('\u001b[31mx\u001b[39m');
    expect(paint('good', 'x')).to.equal('\u001b[32mx\u001b[39m');
    expect(paint('plain', 'x')).to.equal('x');
    expect(paintFor({ ...terminal, noColor: '' })('bad', 'x')).to.not.equal('x');
  });

  for (const [title, given] of [
    ['in a pipe or a file', { ...terminal, isTerminal: false }],
    ['with --no-color', { ...terminal, wantsColor: false }],
    ['with NO_COLOR', { ...terminal, noColor: '1' }],
  ] as const)
    it(`are not there ${title}`, () => {
      expect(paintFor(given)('bad', 'x')).to.equal('x');
    });
});

describe('what a command prints', () => {
  it('is JSON in one line, or indented', () => {
    expect(jsonText({ a: [1] }, 'json')).to.equal('{"a":[1]}\n');
    expect(jsonText({ a: [1] }, 'pretty-json')).to.equal('{\n  "a": [\n    1\n  ]\n}\n');
  });

  it('of the health is in the layout of the original, with the details', () => {
    const well = healthText(
      { Healthy: ['a', 'b'], Unhealthy: [], Details: { b: 'degraded: slow' } },
      noPaint,
    );
    expect(well).to.equal(`Agent health: PASS
=== 2 healthy components ===
a, b
  b: degraded: slow
`);
    const unwell = healthText({ Healthy: [], Unhealthy: ['c'], Details: { c: 'stuck' } }, noPaint);
    expect(unwell).to.equal(`Agent health: FAIL
=== 0 healthy components ===

=== 1 unhealthy components ===
c
  c: stuck
`);
  });
});
