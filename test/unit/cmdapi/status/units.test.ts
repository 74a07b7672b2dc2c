import { expect } from 'chai';
import { counted, duration, since, size } from '../../../../cmdapi/status/units.js';

describe('units for people', () => {
  it('have the two largest parts of a duration', () => {
    const cases = [0, 0.04, 9.94, 10, 59.6, 61, 3_599, 3_600, 90_000, -75].map(duration);
    expect(cases).to.deep.equal([
      '0 s',
      '40 ms',
      '9.9 s',
      '10 s',
      '1 min 0 s',
      '1 min 1 s',
      '59 min 59 s',
      '1 h 0 min',
      '1 d 1 h',
      '-1 min 15 s',
    ]);
  });

  it('tell sizes and counts', () => {
    expect([size(999), size(1_000), size(2_340_000)]).to.deep.equal(['999 B', '1.0 kB', '2.3 MB']);
    expect([counted(1, 'call'), counted(2, 'call'), counted(0, 'query', 'queries')]).to.deep.equal([
      '1 call',
      '2 calls',
      '0 queries',
    ]);
  });

  it('tell how long ago an instant was, or how far ahead it is', () => {
    const nowMs = Date.parse('2026-03-04T05:06:07Z');
    expect(since('2026-03-04T05:06:00.500Z', nowMs)).to.equal('2026-03-04T05:06:00Z (6.5 s ago)');
    expect(since('2026-03-04T05:06:17Z', nowMs)).to.equal('2026-03-04T05:06:17Z (in 10 s)');
    expect([since(null, nowMs), since('nonsense', nowMs)]).to.deep.equal(['never', 'nonsense']);
  });
});
