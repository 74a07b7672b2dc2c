import { expect } from 'chai';
import { anonymous, toIdentity } from '../../../apiserver/identity.js';
import type { User } from '../../../core/user.js';

const user = (name: string, groups: readonly string[] = []): User => ({
  name,
  uid: undefined,
  groups,
  extra: {},
});

describe('apiserver/identity', () => {
  it('adds system:authenticated to everybody who is somebody', () => {
    expect(toIdentity(user('ann', ['a']))).to.deep.include({ isAuthenticated: true, isMaster: false });
    expect(toIdentity(user('ann', ['a'])).user.groups).to.deep.equal(['a', 'system:authenticated']);
    expect(toIdentity(user('ann', ['system:authenticated'])).user.groups).to.deep.equal([
      'system:authenticated',
    ]);
    expect(toIdentity(user('root', ['system:masters'])).isMaster).to.equal(true);
  });

  it('leaves the anonymous user alone, also one whom a front proxy names', () => {
    expect(anonymous).to.deep.include({ isAuthenticated: false, isMaster: false });
    expect(toIdentity(user('system:anonymous', ['x'])).user.groups).to.deep.equal(['x']);
    expect(toIdentity(user('eve', ['system:unauthenticated'])).isAuthenticated).to.equal(false);
  });

  it('has one key per user', () => {
    const users: User[] = [
      user('a'),
      user('a', ['b']),
      user('a', ['b', 'c']),
      user('a', ['b,c']),
      user('a","b'),
      { ...user('a'), uid: '' },
      { ...user('a'), uid: 'u' },
      { ...user('a'), extra: { k: ['v'] } },
      { ...user('a'), extra: { k: ['v', 'w'] } },
    ];
    expect(new Set(users.map((each) => toIdentity(each).key)).size).to.equal(users.length);
    expect(toIdentity(user('a', ['b'])).key).to.equal(toIdentity(user('a', ['b'])).key);
  });
});
