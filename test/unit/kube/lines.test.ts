import { expect } from 'chai';
import fc from 'fast-check';
import { JsonLines } from '../../../kube/lines.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('JsonLines', () => {
  it('gives the same values wherever the chunks are cut, inside of characters too', () => {
    fc.assert(
      fc.property(
        fc.array(fc.json(), { maxLength: 8 }),
        fc.array(fc.nat(400), { maxLength: 8 }),
        (texts, cuts) => {
          const all = bytes(texts.map((text) => `${text}\n`).join(''));
          const borders = [...new Set([0, ...cuts.map((cut) => Math.min(cut, all.length)), all.length])].sort(
            (a, b) => a - b,
          );
          const lines = new JsonLines();
          const values: unknown[] = [];
          for (const [index, border] of borders.slice(1).entries()) {
            const batch = lines.push(all.subarray(borders[index] ?? 0, border));
            if (batch.ok) values.push(...batch.value);
          }
          expect(values).to.deep.equal(texts.map((text) => JSON.parse(text)));
          expect(lines.end()).to.deep.equal({ ok: true, value: [] });
        },
      ),
    );
  });

  it('gives a last line without a newline at the end', () => {
    const lines = new JsonLines();
    expect(lines.push(bytes('{"a":1}\n{"b"'))).to.deep.equal({ ok: true, value: [{ a: 1 }] });
    expect(lines.push(bytes(':2}'))).to.deep.equal({ ok: true, value: [] });
    expect(lines.end()).to.deep.equal({ ok: true, value: [{ b: 2 }] });
  });

  it('says where a line is not JSON, and nothing of what it holds', () => {
    const result = new JsonLines().push(bytes('{"token":secret-abc}\n'));
    expect(result.ok).to.equal(false);
    expect(JSON.stringify(result))
      .to.match(/a line that is not JSON/)
      .and.not.contain('secret');
  });

  it('does not collect a line without end', () => {
    const lines = new JsonLines();
    const chunk = bytes('x'.repeat(4 * 1024 * 1024));
    const results = [1, 2, 3, 4, 5].map(() => lines.push(chunk).ok);
    expect(results).to.deep.equal([true, true, true, true, false]);
  });

  it('passes over blank lines', () => {
    expect(new JsonLines().push(bytes('\n \r\n1\n'))).to.deep.equal({ ok: true, value: [1] });
  });
});
