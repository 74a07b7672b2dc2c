import { expect } from 'chai';
import fc from 'fast-check';
import { textReply } from '../../../cmdapi/reply.js';
import { decodeSegment, parseTarget } from '../../../cmdapi/request-target.js';
import type { Route } from '../../../cmdapi/route.js';
import { RouteTable } from '../../../cmdapi/route-table.js';

const route = (method: Route['method'], path: string): Route => ({
  handler: `${method} ${path}`,
  method,
  path,
  credential: 'agents',
  answer: () => textReply(200, ''),
});

const table = new RouteTable([
  route('GET', '/version'),
  route('GET', '/config/by-source'),
  route('GET', '/config/:setting'),
  route('POST', '/config/:setting'),
  route('GET', '/tags/:node/:pod'),
  route('POST', '/stop'),
]);

/** What a request line leads to: handler and names, the methods that are there, or nothing. */
function wayOf(method: string, target: string): unknown {
  const way = table.find(method, parseTarget(target).segments);
  switch (way.kind) {
    case 'route':
      return [way.route.handler, way.names];
    case 'other-method':
      return way.methods;
    case 'nowhere':
      return undefined;
  }
}

describe('parseTarget', () => {
  for (const [target, segments, query] of [
    ['/version', ['version'], ''],
    ['/', [''], ''],
    ['', [''], ''],
    ['/a/b?x=/y?z#f', ['a', 'b'], 'x=/y?z'],
    ['/a#f?x=1', ['a'], ''],
    ['/a?', ['a'], ''],
    ['//a', ['', 'a'], ''],
    ['/a/', ['a', ''], ''],
    ['/a/../b', ['a', '..', 'b'], ''],
    ['/a%2Fb', ['a%2Fb'], ''],
    ['http://host:1/a?x', ['a'], 'x'],
    ['HTTPS://host', [''], ''],
    ['http://host?x', [''], 'x'],
    ['*', [''], ''],
  ] as const)
    it(`takes ${JSON.stringify(target)} apart`, () => {
      expect(parseTarget(target)).to.deep.equal({ segments, query });
    });

  it('takes anything at all without a throw', () => {
    fc.assert(
      fc.property(fc.string(), (target) => {
        expect(parseTarget(target).segments.length).to.be.above(0);
      }),
    );
  });
});

describe('decodeSegment', () => {
  it('decodes names, and leaves alone what is badly encoded', () => {
    expect(['a%2Fb', '%C3%A9', '%zz', '%', 'a b'].map(decodeSegment)).to.deep.equal([
      'a/b',
      'é',
      '%zz',
      '%',
      'a b',
    ]);
  });
});

describe('RouteTable', () => {
  it('finds a route and the names in its path', () => {
    expect(wayOf('GET', '/version?x=/y')).to.deep.equal(['GET /version', {}]);
    expect(wayOf('GET', '/tags/n%2F1/web-0')).to.deep.equal([
      'GET /tags/:node/:pod',
      { node: 'n/1', pod: 'web-0' },
    ]);
    expect(wayOf('HEAD', '/version')).to.deep.equal(['GET /version', {}]);
  });

  it('takes the first that was declared of two that fit', () => {
    expect(wayOf('GET', '/config/by-source')).to.deep.equal(['GET /config/by-source', {}]);
    expect(wayOf('POST', '/config/by-source')).to.deep.equal([
      'POST /config/:setting',
      { setting: 'by-source' },
    ]);
  });

  it('says which methods are there', () => {
    expect(wayOf('DELETE', '/config/x')).to.deep.equal(['HEAD', 'GET', 'POST']);
    expect(wayOf('GET', '/stop')).to.deep.equal(['POST']);
    expect(wayOf('HEAD', '/stop')).to.deep.equal(['POST']);
    expect(wayOf('get', '/version')).to.deep.equal(['HEAD', 'GET']);
  });

  it('finds nothing for what only looks like a path of a route', () => {
    for (const target of [
      '/Version',
      '/version/',
      '//version',
      '/version/..',
      '/x/../version',
      '/%76ersion',
      '/tags//web-0',
      '/tags/n1/',
      '/tags/n1',
      '/tags/n1/a/b',
      '/',
    ])
      expect(wayOf('GET', target), target).to.equal(undefined);
  });

  it('keeps names that are dangerous as keys for what they are', () => {
    expect(wayOf('GET', '/tags/__proto__/constructor')).to.deep.equal([
      'GET /tags/:node/:pod',
      { node: '__proto__', pod: 'constructor' },
    ]);
  });
});
