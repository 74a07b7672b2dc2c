import { expect } from 'chai';
import { FakeClock } from '../../fake-clock.js';
import { parseTextMap } from '../../node-agent/answers.js';
import { Connection, type ConnectionOptions, UnexpectedStatus } from '../../node-agent/connection.js';
import { newManners, oldManners } from '../../node-agent/manners.js';
import {
  failureOf,
  type Reply,
  startClusterAgent,
  stopClusterAgents,
  until,
  version,
} from './canned-cluster-agent.js';

const { signal } = new AbortController();
const token = 'a'.repeat(32);
const labels = '/api/v1/tags/node/node-1';

async function scene(replies: Record<string, Reply> = {}, options: Partial<ConnectionOptions> = {}) {
  const clock = new FakeClock();
  const server = await startClusterAgent({
    'GET /version': version(7, 60),
    [`GET ${labels}`]: { json: { zone: 'a' } },
    ...replies,
  });
  const { endpoint } = server;
  const connection = new Connection({ clock }, { endpoint, token, manners: newManners, ...options });
  return { clock, server, connection };
}

describe('the connection of a node agent', () => {
  afterEach(stopClusterAgents);

  it('is one for many calls, and asks for the version before anything else', async () => {
    const { connection, server } = await scene();
    for (let call = 0; call < 20; call += 1) await connection.get(labels.slice(1), signal);
    expect(server.calls()).to.deep.equal(['GET /version', ...Array(20).fill(`GET ${labels}`)]);
    expect(connection.connectionsOpened).to.equal(1);
    expect(server.connections()).to.equal(1);
    connection.close();
  });

  it('speaks as an agent of today: HTTP/1.1 on TLS 1.3, with the token and the address of the runner', async () => {
    const { connection, server } = await scene({}, { realIp: '10.0.0.7' });
    await connection.ready(signal);
    const [seen] = server.seen;
    expect(seen).to.include({ call: 'GET /version', httpVersion: '1.1', tls: 'TLSv1.3' });
    expect(seen?.headers).to.include({
      authorization: `Bearer ${token}`,
      'x-real-ip': '10.0.0.7',
      'user-agent': 'Go-http-client/1.1',
      'accept-encoding': 'gzip',
    });
    connection.close();
  });

  it('sends an empty address without a runner', async () => {
    const { connection, server } = await scene();
    await connection.ready(signal);
    expect(server.seen[0]?.headers).to.include({ 'x-real-ip': '' });
    connection.close();
  });

  it('speaks as an agent of 2018: TLS 1.2, and no address', async () => {
    const { connection, server } = await scene({}, { manners: oldManners });
    await connection.ready(signal);
    expect(server.seen[0]).to.include({ httpVersion: '1.1', tls: 'TLSv1.2' });
    expect(server.seen[0]?.headers).to.not.have.property('x-real-ip');
    connection.close();
  });

  it('posts bytes with their length and without a type', async () => {
    const { connection, server } = await scene({ 'POST /api/v1/x': { json: {} } });
    expect(await connection.post('api/v1/x', Buffer.from('{"a":1}'), signal)).to.equal('{}');
    expect(server.seen[1]).to.include({ call: 'POST /api/v1/x', body: '{"a":1}' });
    expect(server.seen[1]?.headers).to.include({ 'content-length': '7' });
    expect(server.seen[1]?.headers).to.not.have.any.keys('content-type', 'transfer-encoding');
    connection.close();
  });

  it('puts up with a slash at the end of the URL, as Go does', async () => {
    const { connection, server } = await scene({ 'GET //version': version(7, 60) });
    const slashed = new Connection(
      { clock: new FakeClock() },
      { endpoint: `${server.endpoint}/`, token, manners: newManners },
    );
    expect(await slashed.ready(signal)).to.include({ Major: 7, Minor: 60 });
    expect(server.calls()).to.deep.equal(['GET //version']);
    slashed.close();
    connection.close();
  });

  it('survives a refusal as an agent of today, and tells it', async () => {
    const { connection, server } = await scene({ [`GET ${labels}`]: { status: 500, text: 'no such node' } });
    const failure = await failureOf(connection.get(labels.slice(1), signal));
    expect(failure).to.be.instanceOf(UnexpectedStatus);
    expect(failure).to.include({
      status: 500,
      message: `remote service error: ${server.endpoint}${labels}: 500`,
    });
    expect(await connection.ready(signal)).to.include({ Major: 7 });
    await failureOf(connection.get(labels.slice(1), signal));
    expect(connection.connectionsOpened).to.equal(1);
    connection.close();
  });

  it('is lost with a refusal as an agent of 2018', async () => {
    const refusal = { status: 403, text: 'invalid session token\n' };
    const { connection } = await scene({ [`GET ${labels}`]: refusal }, { manners: oldManners });
    const failure = await failureOf(connection.get(labels.slice(1), signal));
    expect(failure).to.include({ status: 403, message: 'unexpected status code from cluster agent: 403' });
    await failureOf(connection.get(labels.slice(1), signal));
    expect(connection.connectionsOpened).to.equal(2);
    connection.close();
  });

  it('does not come about while there is no valid version', async () => {
    const { connection, server } = await scene({ 'GET /version': { json: { Major: 7 } } });
    expect((await failureOf(connection.get(labels.slice(1), signal))).message).to.equal(
      'failed to unmarshal JSON from URL: version, err: Minor of a version is a whole number, raw message: "{\\"Major\\":7}"',
    );
    server.replies.set('GET /version', { status: 401, text: 'no session token provided\n' });
    expect((await failureOf(connection.ready(signal))).message).to.equal(
      `remote service error: ${server.endpoint}/version: 401`,
    );
    server.replies.set('GET /version', version(7, 61));
    expect(await connection.ready(signal)).to.include({ Minor: 61 });
    expect(server.calls()).to.deep.equal(['GET /version', 'GET /version', 'GET /version']);
    connection.close();
  });

  it('tells what is no JSON, in the words of either generation', async () => {
    const texts = { [`GET ${labels}`]: { status: 200, text: 'ok' } };
    const today = await scene(texts);
    const then = await scene(texts, { manners: oldManners });
    const why = `Unexpected token 'o', "ok" is not valid JSON`;
    const failures = await Promise.all(
      [today, then].map(({ connection }) =>
        failureOf(connection.query(labels.slice(1), parseTextMap, signal)),
      ),
    );
    expect(failures.map(({ message }) => message)).to.deep.equal([
      `failed to unmarshal JSON from URL: ${labels.slice(1)}, err: ${why}, raw message: "ok"`,
      why,
    ]);
    today.connection.close();
    then.connection.close();
  });

  it('is made anew after 1,200 s, and asked for the version before it is used', async () => {
    const { connection, server, clock } = await scene();
    await connection.get(labels.slice(1), signal);
    await clock.advance(1_199_999);
    await connection.get(labels.slice(1), signal);
    expect(connection.connectionsOpened).to.equal(1);
    server.replies.set('GET /version', version(7, 61));
    await clock.advance(1);
    await connection.get(labels.slice(1), signal);
    expect(await connection.ready(signal)).to.include({ Minor: 61 });
    expect(server.connections()).to.equal(2);
    expect(connection.connectionsOpened).to.equal(2);
    expect(server.calls().slice(3)).to.deep.equal(['GET /version', `GET ${labels}`]);
    connection.close();
  });

  it('stays as it was when the new one does not answer, until the next is due', async () => {
    const { connection, server, clock } = await scene();
    await connection.ready(signal);
    server.replies.set('GET /version', { status: 503, text: '' });
    await clock.advance(1_200_000);
    expect(await connection.ready(signal)).to.include({ Minor: 60 });
    expect(await connection.query(labels.slice(1), parseTextMap, signal)).to.deep.equal({ zone: 'a' });
    expect(connection.failedRenewals).to.equal(1);
    expect(server.calls()).to.deep.equal(['GET /version', 'GET /version', `GET ${labels}`]);
    server.replies.set('GET /version', version(7, 61));
    await clock.advance(1_200_000);
    expect(await connection.ready(signal)).to.include({ Minor: 61 });
    connection.close();
  });

  it('is dropped when it was not used for long, and made anew without asking for the version', async () => {
    const { connection, server } = await scene({}, { manners: { ...newManners, idleMs: 20 } });
    await connection.ready(signal);
    await until(() => server.openConnections() === 0);
    expect(await connection.get(labels.slice(1), signal)).to.equal('{"zone":"a"}');
    expect(server.calls()).to.deep.equal(['GET /version', `GET ${labels}`]);
    expect(connection.connectionsOpened).to.equal(2);
    connection.close();
  });

  it('is never made anew by an agent of 2018', async () => {
    const { connection, clock } = await scene({}, { manners: oldManners });
    await connection.ready(signal);
    await clock.advance(86_400_000);
    await connection.get(labels.slice(1), signal);
    expect(connection.connectionsOpened).to.equal(1);
    connection.close();
  });

  it('is made anew without a failure when the server has cut it', async () => {
    const { connection, server } = await scene();
    await connection.ready(signal);
    server.cut();
    expect(await connection.get(labels.slice(1), signal)).to.equal('{"zone":"a"}');
    expect(connection.connectionsOpened).to.equal(2);
    connection.close();
  });

  it('asks a GET again, and no POST, that a server cut off without an answer', async () => {
    const { connection, server } = await scene();
    const cutOnce = (call: string, then: Reply) => (): void => {
      server.replies.set(call, then);
      server.cut();
    };
    await connection.ready(signal);
    server.replies.set(`GET ${labels}`, cutOnce(`GET ${labels}`, { json: {} }));
    expect(await connection.get(labels.slice(1), signal)).to.equal('{}');
    server.replies.set('POST /x', cutOnce('POST /x', { json: {} }));
    expect((await failureOf(connection.post('x', Buffer.from('1'), signal))).message).to.equal(
      `remote service error: ${server.endpoint}/x: socket hang up`,
    );
    expect(server.calls().filter((call) => call.startsWith('POST'))).to.deep.equal(['POST /x']);
    connection.close();
  });

  it('says which limit was passed, in the words of either generation', async () => {
    const silent = { [`GET ${labels}`]: () => {} };
    const today = await scene(silent);
    const then = await scene(silent, { manners: oldManners });
    const failures: string[] = [];
    for (const { connection, clock, server } of [today, then]) {
      const failure = failureOf(connection.get(labels.slice(1), signal));
      await until(() => server.seen.length === 2);
      await clock.advance(3_000);
      failures.push((await failure).message);
      connection.close();
    }
    expect(failures).to.deep.equal([
      `remote service error: ${today.server.endpoint}${labels}: no response header within 3000 ms`,
      `Get ${then.server.endpoint}${labels}: no answer within 2000 ms`,
    ]);
  });

  it('ends a call with the signal, and is not made anew for one that has ended', async () => {
    const { connection, server, clock } = await scene();
    await connection.ready(signal);
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    expect((await failureOf(connection.get(labels.slice(1), stop.signal))).message).to.equal('enough');
    await clock.advance(1_200_000);
    expect((await failureOf(connection.get(labels.slice(1), stop.signal))).message).to.equal('enough');
    expect(server.calls()).to.deep.equal(['GET /version']);
    expect(connection.failedRenewals).to.equal(0);
    connection.close();
  });
});
