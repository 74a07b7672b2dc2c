import { expect } from 'chai';
import { tokens } from '../../simulator/stand-ins.js';
import { getHttp2Once } from '../unit/http/https-clients.js';
import { endScenes, HandFeed } from '../unit/http/tls-scene.js';
import { type Answering, answerYes, startFollower, startLeader } from './cmdapi-forwarder-scene.js';

const closers: (() => Promise<void>)[] = [];

/** A follower of a leader, both with certificates of one authority. */
async function scene(answering: Answering = answerYes) {
  const feed = new HandFeed();
  const leader = await startLeader(feed, answering);
  const follower = await startFollower(feed, { port: leader.port });
  closers.push(follower.close);
  return { feed, leader, follower, client: follower.client };
}

describe('what a follower passes on', () => {
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
    await endScenes();
  });

  it('reaches the leader with its target byte for byte', async () => {
    const { client, leader } = await scene();
    const targets = [
      '/api/v1/leader/status',
      '/api/v1/leader/status?',
      '/api/v1/leader/status?x=/y',
      '/api/v1/leader/status?x=%2Fy&x=a+b&&=',
      '/a%2Fb/c%2f',
      '/a;b=c;d/e',
      '//a//b//',
      '/a/../b/./c',
      '/a/%2e%2e/b',
      '/%zz/%',
      '/a#b?c',
      '/{}|\\^`"<>',
      '/?',
      '/',
      'https://other.example/a%2Fb?x',
    ];
    for (const target of targets) expect((await client.ask(target)).text, target).to.equal('{"yes":0}');
    expect(leader.seen.map(({ target }) => target)).to.deep.equal(targets);
  });

  for (const [method, body, framing] of [
    ['GET', '', {}],
    ['HEAD', '', {}],
    ['DELETE', '', {}],
    ['OPTIONS', '', {}],
    ['POST', 'a=1', { 'content-length': '3' }],
    ['POST', 'a=1', { 'transfer-encoding': 'chunked' }],
    ['POST', '', { 'content-length': '0' }],
    ['PUT', 'ü'.repeat(50_000), {}],
    ['PATCH', '{}', {}],
    ['GET', 'a body where none is usual', { 'content-length': '26' }],
  ] as const)
    it(`reaches the leader as ${method} with ${body.length} characters and ${JSON.stringify(framing)}`, async () => {
      const { client, leader } = await scene();
      const answer = await client.ask('/x', { method, body, headers: framing });
      expect(answer.status).to.equal(200);
      expect(leader.seen.map((seen) => [seen.method, seen.body])).to.deep.equal([[method, body]]);
    });

  it('reaches the leader with its headers, its token and the mark, and without those of the connection', async () => {
    const { client, leader } = await scene();
    await client.ask('/x', {
      headers: {
        'x-real-ip': '10.0.0.1',
        'user-agent': 'Go-http-client/1.1',
        'accept-encoding': 'gzip',
        connection: 'keep-alive, x-hop',
        'x-hop': '1',
        'proxy-authorization': 'Basic x',
        te: 'trailers',
      },
    });
    const { host, connection: _connection, ...headers } = leader.seen[0]?.headers ?? {};
    expect(headers).to.deep.equal({
      authorization: `Bearer ${tokens.agents}`,
      'x-real-ip': '10.0.0.1',
      'user-agent': 'Go-http-client/1.1',
      'accept-encoding': 'gzip',
      'x-dca-follower-forwarded': 'true',
    });
    expect(host).to.equal(`127.0.0.1:${leader.port}`);
  });

  for (const [status, headers, body] of [
    [200, { 'content-type': 'application/json', warning: '299 - "old"' }, '{"a":"ü"}'],
    [404, { 'content-type': 'text/plain' }, 'not here\n'],
    [500, { 'retry-after': '7' }, 'a bug'],
    [302, { location: 'https://elsewhere.example/' }, ''],
    [200, { 'content-encoding': 'gzip' }, 'left packed'],
  ] as const)
    it(`comes back as the leader's ${status} with ${JSON.stringify(headers)}, and a mark`, async () => {
      const { client } = await scene((_seen, response) => {
        response.statusCode = status;
        for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
        response.end(body);
      });
      const answer = await client.ask('/x');
      expect([answer.status, answer.text]).to.deep.equal([status, body]);
      expect(answer.headers).to.include({ ...headers, 'x-dca-forwarded': 'true' });
    });

  it('comes back to HTTP/2 clients too', async () => {
    const { follower, leader } = await scene();
    const answer = await getHttp2Once({ port: follower.port, ca: follower.ca, path: '/a%2Fb?' });
    expect(answer).to.include({ status: 200, body: '{"yes":0}' });
    expect(answer.headers['x-dca-forwarded']).to.equal('true');
    expect(leader.seen[0]?.target).to.equal('/a%2Fb?');
    expect(Object.keys(leader.seen[0]?.headers ?? {}).filter((name) => name.startsWith(':'))).to.deep.equal(
      [],
    );
  });

  it('is counted, and nothing else is', async () => {
    const { client, follower } = await scene();
    await client.ask('/x');
    await client.ask('/x', { headers: { 'x-dca-follower-forwarded': 'true' } });
    expect(await follower.registry.metrics()).to.include('forwarded_requests{handler="test"} 1');
  });
});

describe('a request that was passed on before', () => {
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
    await endScenes();
  });

  for (const mark of ['true', 'false', ''])
    it(`gets 508 and goes no further, whatever the mark says ("${mark}")`, async () => {
      const { client, leader } = await scene();
      const answer = await client.ask('/x', { headers: { 'X-DCA-Follower-Forwarded': mark } });
      expect([answer.status, answer.text]).to.deep.equal([
        508,
        'this request was passed on once and this replica does not lead; it goes no further\n',
      ]);
      expect(answer.headers['x-dca-forwarded']).to.equal(undefined);
      expect(leader.seen).to.deep.equal([]);
    });

  it('is answered by the replica that leads', async () => {
    const { client, follower, leader } = await scene();
    follower.know({ leader: { who: 'me' } });
    const marked = { headers: { 'x-dca-follower-forwarded': 'true' } };
    expect((await client.ask('/x', marked)).status).to.equal(299);
    expect((await client.ask('/x')).status).to.equal(299);
    expect(leader.seen).to.deep.equal([]);
  });

  it('makes one hop between two followers that take each other for the leader', async () => {
    const feed = new HandFeed();
    const [one, other] = [await startFollower(feed, {}), await startFollower(feed, {})];
    closers.push(one.close, other.close);
    one.know({ port: other.port });
    other.know({ port: one.port });
    const answer = await one.client.ask('/x');
    expect(answer.status).to.equal(508);
    expect(answer.headers['x-dca-forwarded']).to.equal('true');
    expect(await one.registry.metrics()).to.include('forwarded_requests{handler="test"} 1');
    expect(await other.registry.metrics()).to.not.include('forwarded_requests{');
  });
});
