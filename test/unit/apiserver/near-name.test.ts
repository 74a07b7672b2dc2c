import { expect } from 'chai';
import { isNear } from '../../../apiserver/near-name.js';

describe('apiserver/near-name', () => {
  const pairs: [string, string, boolean][] = [
    ['queue_depth', 'queue.depth', true],
    ['queue.depth', 'queue.dept', true],
    ['queue.depth', 'quue.deptj', true],
    ['nginx.requests', 'nginx.request.s', true],
    ['queue', 'queue', false],
    ['Queue', 'queue', false],
    ['a', 'b', false],
    ['cpu', 'mem', false],
    ['cpu', 'cpus', true],
    ['nginx.requests', 'redis.commands', false],
    ['queue', 'queue.depth.of.all', false],
  ];
  for (const [a, b, near] of pairs) {
    it(`takes ${a} and ${b} for ${near ? '' : 'no '}slip`, () => {
      expect(isNear(a, b)).to.equal(near);
      expect(isNear(b, a)).to.equal(near);
    });
  }
});
