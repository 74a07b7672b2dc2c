import { expect } from 'chai';
import { createRegistry } from '../../core/telemetry.js';
import {
  type Handler,
  type Loopback,
  type Pod,
  type PodOptions,
  refusal,
  startLoopback,
  startPod,
} from './kube-loopback.js';

const { signal } = new AbortController();

describe('KubeClient, asked for a text', () => {
  let loopback: Loopback;
  let pod: Pod;

  const ask = async (handler: Handler, options: PodOptions = {}) => {
    loopback = await startLoopback(handler);
    pod = startPod(loopback, options);
    return await pod.client.text('/readyz', { query: { verbose: 'true' }, alsoAnswers: [500] }, signal);
  };

  afterEach(async () => {
    await pod.leave();
    await loopback.close();
  });

  it('sends token and query, and answers status and text as they came', async () => {
    const seen: unknown[] = [];
    const answer = await ask((request, response) => {
      const { url, headers } = request;
      seen.push([url, headers.authorization, headers['user-agent'], headers.accept]);
      response.writeHead(200, { 'content-type': 'text/plain' }).end('[+]etcd ok\nreadyz check passed\n');
    });
    expect(answer).to.deep.equal({
      ok: true,
      value: { status: 200, text: '[+]etcd ok\nreadyz check passed\n' },
    });
    expect(seen).to.deep.equal([['/readyz?verbose=true', 'Bearer token-1', 'test/1', 'text/plain, */*']]);
  });

  it('takes a status that was named for an answer, and each other one for a refusal', async () => {
    const answer = await ask((_request, response) => {
      response.writeHead(500, { 'content-type': 'text/plain' }).end('[-]etcd failed: reason withheld\n');
    });
    expect(answer).to.deep.equal({
      ok: true,
      value: { status: 500, text: '[-]etcd failed: reason withheld\n' },
    });
    const other = await pod.client.text('/readyz', { alsoAnswers: [] }, signal);
    expect(other.ok || [other.error.code, other.error.message]).to.deep.equal([
      'kube.unreachable',
      'GET /readyz: HTTP 500',
    ]);
  });

  it('says who may not do what, and by which rule one may', async () => {
    const denied = await ask((_request, response) =>
      refusal(response, 403, 'forbidden: User "u" cannot get path "/readyz"'),
    );
    expect(denied.ok || [denied.error.code, denied.error.message]).to.deep.equal([
      'kube.denied',
      'GET /readyz: HTTP 403: forbidden: User "u" cannot get path "/readyz"; grant it by RBAC: a ClusterRole with nonResourceURLs ["/readyz"], verbs ["get"]',
    ]);
  });

  it('ends the wait for a server that says nothing', async () => {
    const silent = await ask(() => {}, { requestTimeoutMs: 50 });
    expect(silent.ok || silent.error.message).to.equal('GET /readyz: no answer within 50 ms');
  });

  it('counts it as any other request', async () => {
    const registry = createRegistry({ withProcessMetrics: false });
    await ask((_request, response) => response.writeHead(500).end('x'), { registry });
    const metric = await registry.getSingleMetric('kube_api_requests_total')?.get();
    expect(metric?.values.map(({ labels, value }) => [labels, value])).to.deep.equal([
      [{ verb: 'GET', status: '5xx' }, 1],
    ]);
  });
});
