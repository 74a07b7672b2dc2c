import { expect } from 'chai';
import { type AuditedRequest, parseAudit } from '../../faults/audit.js';
import { complaintsOf, type Grant } from '../../faults/rights.js';

function request(verb: string, name: string, more: Partial<AuditedRequest> = {}): AuditedRequest {
  const uri = `/api/v1/namespaces/datadog/configmaps/${name}?limit=1`;
  return {
    verb,
    name,
    uri,
    apiGroup: '',
    resource: 'configmaps',
    namespace: 'datadog',
    status: 200,
    atMs: 10_000,
    ...more,
  };
}

const own: Grant = {
  from: 'binding own',
  namespace: 'datadog',
  isOurs: true,
  rules: [
    {
      apiGroups: [''],
      resources: ['configmaps'],
      resourceNames: ['box', 'box-1', 'box-2', 'lock'],
      verbs: ['get', 'delete'],
    },
  ],
};

const foreign: Grant = {
  from: 'binding foreign',
  namespace: undefined,
  isOurs: false,
  rules: [
    { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create', 'get'] },
    { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
  ],
};

const enough = [
  request('get', 'box'),
  request('get', 'box-1'),
  request('delete', 'box-2'),
  request('get', 'lock'),
  request('delete', 'lock'),
];

describe('complaintsOf', () => {
  it('is content when each verb was used on each name, and in a row of numbered ones on any', () => {
    expect(complaintsOf([own], enough)).to.deep.equal([]);
  });

  it('names a row of which only the first was used', () => {
    const first = [request('get', 'box'), request('delete', 'box'), ...enough.slice(3)];
    expect(complaintsOf([own], first)).to.deep.equal(['unused: configmaps box-N (binding own)']);
  });

  it('passes over what a starting kube-apiserver refuses, and nothing else', () => {
    const refused = (atMs: number) => request('get', 'lock', { status: 403, atMs });
    const outage = { what: 'kube-apiserver', fromMs: 5_000, untilMs: 8_000 };
    expect(complaintsOf([own], [...enough, refused(5_000), refused(9_000)], [outage])).to.deep.equal([]);
    const complaint = ['refused: get /api/v1/namespaces/datadog/configmaps/lock'];
    expect(complaintsOf([own], [...enough, refused(9_001)], [outage])).to.deep.equal(complaint);
    expect(complaintsOf([own], [...enough, refused(6_000)], [{ ...outage, what: 'etcd' }])).to.deep.equal(
      complaint,
    );
  });

  it('names a verb that nobody used on a name, or on any of a row', () => {
    expect(complaintsOf([own], enough.slice(0, 2))).to.deep.equal([
      'unused: delete configmaps box, box-N (binding own)',
      'unused: get configmaps lock (binding own)',
      'unused: delete configmaps lock (binding own)',
    ]);
  });

  it('counts no use in another namespace, and none that was refused, which it names', () => {
    const elsewhere = request('delete', 'lock', { namespace: 'shop' });
    const refused = request('delete', 'lock', { status: 403 });
    expect(complaintsOf([own], [...enough.slice(0, 4), elsewhere, refused])).to.deep.equal([
      'unused: delete configmaps lock (binding own)',
      'refused: delete /api/v1/namespaces/datadog/configmaps/lock',
    ]);
  });

  it('asks of a role of others only that each rule is used at all', () => {
    const review = request('create', '', { apiGroup: 'authentication.k8s.io', resource: 'tokenreviews' });
    expect(complaintsOf([foreign], [review])).to.deep.equal([
      'unused: subjectaccessreviews (binding foreign)',
    ]);
  });
});

describe('parseAudit', () => {
  it('reads what kube-apiserver writes, but for a line that is cut off', () => {
    const event = {
      verb: 'list',
      requestURI: '/apis/autoscaling/v2/horizontalpodautoscalers?limit=500',
      objectRef: { resource: 'horizontalpodautoscalers', apiGroup: 'autoscaling' },
      responseStatus: { code: 200 },
      requestReceivedTimestamp: '2026-01-01T00:00:01.250000Z',
    };
    expect(parseAudit(`${JSON.stringify(event)}\n{"verb":"wa`)).to.deep.equal([
      {
        verb: 'list',
        uri: event.requestURI,
        apiGroup: 'autoscaling',
        resource: 'horizontalpodautoscalers',
        namespace: '',
        name: '',
        status: 200,
        atMs: Date.UTC(2026, 0, 1, 0, 0, 1, 250),
      },
    ]);
  });
});
