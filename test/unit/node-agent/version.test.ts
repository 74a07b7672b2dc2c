import { expect } from 'chai';
import { chooseWays } from '../../node-agent/version.js';

describe('the ways of an agent of today', () => {
  const table: readonly (readonly [number, number, string])[] = [
    [0, 10, 'pod, labels'],
    [0, 60, 'pod, labels'],
    [1, 0, 'leader'],
    [1, 2, 'leader'],
    [1, 3, 'leader'],
    [1, 20, 'leader'],
    [1, 21, 'node, labels'],
    [1, 55, 'node, labels'],
    [2, 0, 'pod, labels'],
    [2, 3, 'node, labels'],
    [6, 99, 'node, labels'],
    [7, 2, 'pod, labels'],
    [7, 3, 'node, labels'],
    [7, 54, 'node, labels'],
    [7, 55, 'node, metadata'],
    [7, 80, 'node, metadata'],
    [8, 0, 'pod, labels'],
    [8, 54, 'node, labels'],
    [8, 55, 'node, metadata'],
  ];
  for (const [Major, Minor, expected] of table)
    it(`are ${expected} with ${Major}.${Minor}`, () => {
      const ways = chooseWays({ Major, Minor, Patch: 9, Pre: 'rc.1', Meta: 'git', Commit: 'abc' });
      expect(ways.kind === 'leader' ? 'leader' : `${ways.services}, ${ways.namespaces}`).to.equal(expected);
    });
});
