import { expect } from 'chai';
import { IdentityHeaders } from '../../../apiserver/front-proxy.js';

const names = {
  usernameHeaders: ['X-Remote-User', 'X-Alt-User'],
  uidHeaders: ['X-Remote-Uid'],
  groupHeaders: ['X-Remote-Group'],
  extraHeaderPrefixes: ['X-Remote-Extra-'],
};

describe('apiserver/front-proxy', () => {
  it('reads names in any case, the first of several, groups apart and extra fields by decoded keys', () => {
    const user = new IdentityHeaders(names).userOf([
      ...['x-ReMote-user', 'ann', 'X-Remote-User', 'bob', 'X-Remote-Uid', 'u1', 'X-Other', 'no'],
      ...['x-remote-group', 'a, b', 'X-Remote-Group', '', 'X-Remote-Group', 'a, b'],
      ...['X-Remote-Extra-Example.org%2fScopes', 'one', 'x-remote-extra-example.org%2Fscopes', 'two'],
      ...['X-Remote-Extra-bad%zz', 'kept', 'X-Remote-Extra-__proto__', 'p'],
    ]);
    expect(user).to.deep.include({ name: 'ann', uid: 'u1', groups: ['a, b', 'a, b'] });
    expect(Object.entries(user?.extra ?? {})).to.deep.equal([
      ['example.org/scopes', ['one', 'two']],
      ['bad%zz', ['kept']],
      ['__proto__', ['p']],
    ]);
  });

  it('names nobody without a user name, and takes the next header when the first is empty', () => {
    const headers = new IdentityHeaders(names);
    expect(headers.userOf(['X-Remote-Group', 'system:masters'])).to.equal(undefined);
    expect(headers.identityOf(['X-Remote-Group', 'system:masters'])).to.equal(undefined);
    expect(headers.identityOf(['Accept', '*/*'])).to.equal(undefined);
    expect(
      headers.userOf(['X-Remote-User', '', 'X-Remote-User', 'bob', 'X-Alt-User', 'carol'])?.name,
    ).to.equal('carol');
  });

  it('reads values as UTF-8', () => {
    const wire = Buffer.from('Žofie', 'utf8').toString('latin1');
    expect(new IdentityHeaders(names).userOf(['X-Remote-User', wire])?.name).to.equal('Žofie');
  });

  it('remembers an identity for the same headers, and never gives it to others', () => {
    const headers = new IdentityHeaders(names);
    const ann = headers.identityOf(['X-Remote-User', 'ann', 'X-Remote-Group', 'a', 'Accept', 'x']);
    expect(headers.identityOf(['Accept', 'y', 'x-remote-user', 'ann', 'X-Remote-Group', 'a'])).to.equal(ann);
    const others = [
      ['X-Remote-User', 'ann', 'X-Remote-Group', 'b'],
      ['X-Remote-User', 'ann'],
      ['X-Remote-User', 'ann', 'X-Remote-Group', 'a', 'X-Remote-Group', 'a'],
      ['X-Remote-User', 'ann', 'X-Remote-Uid', 'a'],
    ];
    const keys = others.map((raw) => headers.identityOf(raw)?.key);
    expect(new Set([ann?.key, ...keys]).size).to.equal(5);
  });

  it('trusts no header that the configuration does not name', () => {
    const none = new IdentityHeaders({
      usernameHeaders: [],
      uidHeaders: [],
      groupHeaders: [],
      extraHeaderPrefixes: [],
    });
    expect(none.identityOf(['X-Remote-User', 'ann'])).to.equal(undefined);
  });
});
