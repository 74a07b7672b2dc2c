import { expect } from 'chai';
import { advertisedVersion } from '../../../cmdapi/process-routes.js';
import { parseVersion } from '../../node-agent/answers.js';
import { chooseWays } from '../../node-agent/version.js';

const build = { version: '0.2.0', commit: 'abc1234' };

function ways(Major: number, Minor: number): string {
  const chosen = chooseWays({ ...advertisedVersion(build), Major, Minor });
  return chosen.kind === 'leader' ? 'by redirects to the leader' : `${chosen.services} ${chosen.namespaces}`;
}

describe('the advertised version', () => {
  it('has the six fields of the original, and says whose program this is', () => {
    expect(advertisedVersion(build)).to.deep.equal({
      Major: 7,
      Minor: 55,
      Patch: 0,
      Pre: '',
      Meta: 'independent.0.2.0',
      Commit: 'abc1234',
    });
  });

  it('is one that node agents can read', () => {
    const sent: unknown = JSON.parse(JSON.stringify(advertisedVersion(build)));
    expect(parseVersion(sent)).to.deep.equal({ ok: true, value: advertisedVersion(build) });
  });

  it('lets node agents ask by node, and for the metadata of namespaces', () => {
    const { Major, Minor } = advertisedVersion(build);
    expect(ways(Major, Minor)).to.equal('node metadata');
  });

  // Why it is this one: what agents do with its neighbours.
  for (const [major, minor, chosen] of [
    [1, 0, 'by redirects to the leader'],
    [1, 3, 'by redirects to the leader'],
    [1, 20, 'by redirects to the leader'],
    [1, 21, 'node labels'],
    [1, 22, 'node labels'],
    [2, 0, 'pod labels'],
    [7, 2, 'pod labels'],
    [7, 54, 'node labels'],
    [7, 55, 'node metadata'],
    [8, 0, 'pod labels'],
  ] as const)
    it(`of ${major}.${minor} would have them ask ${chosen}`, () => {
      expect(ways(major, minor)).to.equal(chosen);
    });

  for (const [version, meta] of [
    ['0.2.0-rc.1', 'independent.0.2.0-rc.1'],
    ['0.2.0+build 7', 'independent.0.2.0-build-7'],
    ['ü', 'independent.-'],
  ] as const)
    it(`keeps ${version} within what build metadata may hold`, () => {
      expect(advertisedVersion({ ...build, version }).Meta).to.equal(meta);
    });
});
