import { expect } from 'chai';
import { anonymousUser, type User } from '../../../core/user.js';
import { Faults } from '../../../simulator/cluster/faults.js';
import { toRequestInfo } from '../../../simulator/cluster/request-info.js';

const replica: User = { ...anonymousUser, name: 'replica-0' };
const put = toRequestInfo('PUT', '/api/v1/namespaces/ns/configmaps/a');
const list = toRequestInfo('GET', '/api/v1/namespaces/ns/configmaps?limit=5');
const next = toRequestInfo('GET', '/api/v1/namespaces/ns/configmaps?limit=5&continue=abc');

describe('faults that lie in wait', () => {
  it('strike as often as they were told', () => {
    const faults = new Faults();
    const fault = faults.inject({ kind: 'conflict' }, { verb: 'update', times: 2 });
    const kinds = [put, list, put, put].map((info) => faults.plan(info, replica).action?.kind);
    expect(kinds).to.deep.equal(['conflict', undefined, 'conflict', undefined]);
    expect(fault.hits).to.equal(2);
  });

  it('strike until they are cleared', () => {
    const faults = new Faults();
    const fault = faults.inject({ kind: 'silent' }, {});
    const other = faults.inject({ kind: 'conflict' }, {});
    expect(faults.plan(put, replica).action?.kind).to.equal('silent');
    fault.clear();
    expect(faults.plan(put, replica).action?.kind).to.equal('conflict');
    faults.clear();
    expect(faults.plan(put, replica).action).to.equal(undefined);
    expect([fault.hits, other.hits]).to.deep.equal([1, 1]);
  });

  it('choose by all that they name', () => {
    const strikes = (match: object): boolean => {
      const faults = new Faults();
      faults.inject({ kind: 'silent' }, match);
      return faults.plan(put, replica).action !== undefined;
    };
    expect(
      strikes({
        verb: ['patch', 'update'],
        resource: 'configmaps',
        namespace: 'ns',
        name: 'a',
        user: 'replica-0',
      }),
    ).to.equal(true);
    for (const match of [
      { verb: 'get' },
      { resource: 'secrets' },
      { namespace: 'x' },
      { name: 'b' },
      { user: 'replica-1' },
      { subresource: 'status' },
    ]) {
      expect(strikes(match), JSON.stringify(match)).to.equal(false);
    }
  });

  it('tell first pages from the pages after', () => {
    const faults = new Faults();
    faults.inject({ kind: 'expired' }, { verb: 'list', page: 'next' });
    expect(faults.plan(list, replica).action).to.equal(undefined);
    expect(faults.plan(next, replica).action?.kind).to.equal('expired');
  });

  it('add their delays up and let another fault follow', () => {
    const faults = new Faults();
    faults.inject({ kind: 'slow', latencyMs: 100 }, {});
    faults.inject({ kind: 'slow', latencyMs: 50 }, { verb: 'update' });
    faults.inject({ kind: 'conflict' }, { verb: 'update' });
    expect(faults.plan(put, replica)).to.deep.equal({ latencyMs: 150, action: { kind: 'conflict' } });
    expect(faults.plan(list, replica)).to.deep.equal({ latencyMs: 100, action: undefined });
  });
});
