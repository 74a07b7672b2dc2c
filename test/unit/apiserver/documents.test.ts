import { expect } from 'chai';
import { probeAnswer } from '../../../apiserver/health.js';
import { versionDocument } from '../../../apiserver/version.js';

describe('apiserver/health', () => {
  const good = { name: 'store', ok: true, detail: 'synced' };
  const bad = { name: 'wants', ok: false, detail: 'not listed' };
  const text = (checks: (typeof good)[], isVerbose: boolean): [number, string] => {
    const { status, body } = probeAnswer('readyz', checks, isVerbose);
    return [status, body.toString()];
  };

  it('says ok, or what fails, and tells all when asked', () => {
    expect(text([], false)).to.deep.equal([200, 'ok']);
    expect(text([good], false)).to.deep.equal([200, 'ok']);
    expect(text([good], true)).to.deep.equal([200, '[+]store ok\nreadyz check passed\n']);
    expect(text([good, bad], false)).to.deep.equal([
      500,
      '[-]wants failed: not listed\nreadyz check failed\n',
    ]);
    expect(text([good, bad], true)).to.deep.equal([
      500,
      '[+]store ok\n[-]wants failed: not listed\nreadyz check failed\n',
    ]);
  });
});

describe('apiserver/version', () => {
  const info = { gitCommit: 'c', buildDate: '', compiler: 'node', platform: 'linux/amd64' };

  it('splits the version into its parts', () => {
    expect(versionDocument({ ...info, gitVersion: 'v1.22.3-rc.1' })).to.include({
      major: '1',
      minor: '22',
      gitVersion: 'v1.22.3-rc.1',
    });
    expect(versionDocument({ ...info, gitVersion: 'unknown' })).to.include({ major: '', minor: '' });
  });
});
