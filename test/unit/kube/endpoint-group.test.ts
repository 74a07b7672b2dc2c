import { expect } from 'chai';
import fc from 'fast-check';
import { parseEndpointSlice, parseEndpoints } from '../../../kube/endpoint-group.js';

const slice = (endpoints: unknown, labels: object = { 'kubernetes.io/service-name': 'web' }) => ({
  metadata: { namespace: 'shop', name: 'web-abc', labels },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080 }],
  endpoints,
});
const target = (name: string, more: object = {}) => ({
  kind: 'Pod',
  namespace: 'shop',
  name,
  uid: 'u',
  ...more,
});
const endpoint = (name: string, more: object = {}) => ({
  addresses: ['10.0.0.1'],
  nodeName: 'n1',
  targetRef: target(name),
  conditions: { ready: true },
  ...more,
});
const podNames = (object: unknown): readonly string[] =>
  parseEndpointSlice(object)?.pods.map(({ name, isReady }) => `${name} ${isReady}`) ?? [];

describe('parseEndpointSlice', () => {
  it('reads the pods behind the service that its label names', () => {
    expect(parseEndpointSlice(slice([endpoint('a')]))).to.deep.equal({
      service: 'web',
      namespace: 'shop',
      ports: [{ name: 'http', port: 8080 }],
      pods: [{ name: 'a', namespace: 'shop', node: 'n1', address: '10.0.0.1', isReady: true }],
    });
  });

  it('belongs to no service without the label', () => {
    expect(parseEndpointSlice(slice([endpoint('a')], {}))).to.equal(undefined);
  });

  it('takes an unknown readiness for ready, as the API says', () => {
    expect(
      podNames(
        slice([
          endpoint('yes'),
          endpoint('no', { conditions: { ready: false, serving: true, terminating: true } }),
          endpoint('unknown', { conditions: {} }),
          endpoint('silent', { conditions: undefined }),
        ]),
      ),
    ).to.deep.equal(['yes true', 'no false', 'unknown true', 'silent true']);
  });

  it('leaves out what is no pod, and what says no node', () => {
    expect(
      podNames(
        slice([
          endpoint('node', { targetRef: { kind: 'Node', name: 'n1' } }),
          endpoint('none', { targetRef: undefined }),
          endpoint('nowhere', { nodeName: undefined }),
          endpoint('a'),
        ]),
      ),
    ).to.deep.equal(['a true']);
  });

  it('takes anything at all without a throw', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (object, endpoints) => {
        parseEndpointSlice(object);
        expect(parseEndpointSlice(slice(endpoints))?.pods).to.be.an('array');
      }),
    );
  });
});

describe('parseEndpoints', () => {
  const address = (name: string) => ({ ip: '10.0.0.2', nodeName: 'n1', targetRef: target(name) });

  it('reads ready and unready addresses of all subsets', () => {
    const parsed = parseEndpoints({
      metadata: { namespace: 'shop', name: 'web' },
      subsets: [
        { addresses: [address('a')], notReadyAddresses: [address('b')], ports: [{ port: 80 }] },
        { addresses: [address('a'), { ip: '10.0.0.3' }], ports: [{ name: 'admin', port: 81 }] },
      ],
    });
    expect(parsed?.service).to.equal('web');
    expect(parsed?.pods.map(({ name, isReady }) => `${name} ${isReady}`)).to.deep.equal([
      'a true',
      'b false',
      'a true',
    ]);
    expect(parsed?.ports).to.deep.equal([
      { name: '', port: 80 },
      { name: 'admin', port: 81 },
    ]);
  });

  it('reads one without subsets as a service without pods', () => {
    expect(parseEndpoints({ metadata: { namespace: 'shop', name: 'web' } })?.pods).to.deep.equal([]);
  });
});
