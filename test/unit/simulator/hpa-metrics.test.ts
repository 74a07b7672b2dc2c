import { expect } from 'chai';
import type { ProxyAnswer, ProxyRequest } from '../../../simulator/cluster-proxy.js';
import { goText, readExternalMetric, selectorText } from '../../../simulator/hpa-metrics.js';

const signal = new AbortController().signal;

function backend(
  status: number,
  body: unknown,
): { asked: ProxyRequest[]; get(request: ProxyRequest): Promise<ProxyAnswer> } {
  const asked: ProxyRequest[] = [];
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    asked,
    get: async (request) => {
      asked.push(request);
      return { status, contentType: 'application/json', headers: {}, body: Buffer.from(text) };
    },
  };
}

const wanted = { namespace: 'shop', name: 'Nginx.Hits', selector: { matchLabels: { b: '2', a: '1' } } };
const shown =
  'shop/Nginx.Hits/&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:[]LabelSelectorRequirement{},}';

async function errorFor(status: number, body: unknown): Promise<string> {
  const result = await readExternalMetric(backend(status, body), wanted, signal);
  return result.ok ? 'no error' : result.error;
}

describe('the HPA controller’s question for a metric', () => {
  it('lower-cases the name, sorts the conditions and writes spaces as +', async () => {
    const server = backend(200, { items: [{ value: '1' }] });
    const selector = {
      matchLabels: { a: '1' },
      matchExpressions: [
        { key: 'env', operator: 'In', values: ['prod', 'dev'] },
        { key: 'Zone', operator: 'Exists' },
        { key: 'tier', operator: 'NotIn', values: ['x'] },
        { key: 'yard', operator: 'DoesNotExist' },
      ],
    };
    await readExternalMetric(server, { namespace: 'default', name: 'NoSelector.Metric_A', selector }, signal);
    const url = server.asked[0]?.url ?? '';
    expect(url.split('?')[0]).to.equal(
      '/apis/external.metrics.k8s.io/v1beta1/namespaces/default/noselector.metric_a',
    );
    expect(url).to.contain('env+in+%28dev%2Cprod%29');
    expect(new URLSearchParams(url.split('?')[1]).get('labelSelector')).to.equal(
      'Zone,a=1,env in (dev,prod),tier notin (x),!yard',
    );
  });

  it('leaves the parameter out without a selector', async () => {
    const server = backend(200, { items: [{ value: '1' }] });
    await readExternalMetric(server, { namespace: 'default', name: 'm', selector: undefined }, signal);
    expect(server.asked[0]?.url).to.equal('/apis/external.metrics.k8s.io/v1beta1/namespaces/default/m');
    expect(server.asked[0]?.user.name).to.equal(
      'system:serviceaccount:kube-system:horizontal-pod-autoscaler',
    );
  });

  it('writes a set of one value as a set, as client-go does', () => {
    expect(selectorText({ matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] })).to.equal(
      'a in (b)',
    );
  });

  it('prints selectors as Go does', () => {
    expect(goText(undefined)).to.equal('nil');
    expect(goText({ matchExpressions: [{ key: 'env', operator: 'In', values: ['dev', 'prod'] }] })).to.equal(
      '&LabelSelector{MatchLabels:map[string]string{},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:env,Operator:In,Values:[dev prod],},},}',
    );
  });
});

describe('the answer for a metric', () => {
  it('is all values in thousandths', async () => {
    const result = await readExternalMetric(
      backend(200, { items: [{ value: '1500m' }, { value: '2k' }] }),
      wanted,
      signal,
    );
    expect(result).to.deep.equal({ ok: true, value: [1500n, 2_000_000n] });
  });

  it('shows the message of a Status', async () => {
    expect(await errorFor(503, { kind: 'Status', message: 'the last point is 120 s old' })).to.equal(
      `unable to get external metric ${shown}: unable to fetch metrics from external metrics API: the last point is 120 s old`,
    );
  });

  it('gets client-go’s general sentence for anything else', async () => {
    expect(await errorFor(503, 'service unavailable')).to.contain(
      'API: the server is currently unable to handle the request (get nginx.hits.external.metrics.k8s.io)',
    );
    expect(await errorFor(404, '404 page not found')).to.contain(
      'API: the server could not find the requested resource (get nginx.hits.external.metrics.k8s.io)',
    );
    expect(await errorFor(500, 'boom')).to.contain(
      'an error on the server ("boom") has prevented the request',
    );
  });

  it('is an error when it names no value, or one that is no quantity', async () => {
    expect(await errorFor(200, { items: [] })).to.equal(
      `unable to get external metric ${shown}: no metrics returned from external metrics API`,
    );
    expect(await errorFor(200, { items: [{ value: 'NaN' }] })).to.contain("got 'NaN'");
  });
});
