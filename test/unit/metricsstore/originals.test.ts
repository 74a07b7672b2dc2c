import { expect } from 'chai';
import fc from 'fast-check';
import { metricId } from '../../../core/metric.js';
import { decodeOriginals, isOriginalsKey } from '../../../metricsstore/originals.js';

/** As versions 1.5 and later write an entry. */
const later = {
  metricName: 'nginx.net.request_per_s',
  labels: { kube_container_name: 'nginx' },
  ts: 1_790_000_000,
  reference: { type: 'horizontal', name: 'web', namespace: 'shop', uid: 'u' },
  value: 12.5,
  valid: true,
};
const { reference, ...rest } = later;
/** As versions 1.0 to 1.4 write it. */
const earlier = { ...rest, value: 12, hpa: { name: 'web', namespace: 'shop', uid: 'u' } };

describe("an entry of the original agent's", () => {
  it('of the later generation is a valid record without a query', () => {
    expect(decodeOriginals(JSON.stringify(later))).to.deep.equal({
      state: 'valid',
      key: {
        namespace: 'shop',
        name: 'nginx.net.request_per_s',
        selector: [{ operator: 'in', key: 'kube_container_name', values: ['nginx'] }],
      },
      query: undefined,
      point: { value: 12.5, observedAtMs: 1_790_000_000_000 },
    });
  });

  it('of the earlier generation is one too', () => {
    const record = decodeOriginals(JSON.stringify(earlier));
    expect(record && metricId(record.key)).to.equal('shop/nginx.net.request_per_s?kube_container_name=nginx');
    expect(record).to.have.nested.property('point.value', 12);
  });

  it('without labels asks for everything', () => {
    for (const labels of [{}, null, undefined]) {
      expect(decodeOriginals(JSON.stringify({ ...later, labels })))
        .to.have.nested.property('key.selector')
        .that.deep.equals([]);
    }
  });

  it('is found by its key, whatever the version', () => {
    expect(
      [
        'external_metric-shop-web-orders',
        'external_metric-horizontal-shop-web-orders',
        'metric.shop.orders.0',
        'notes',
      ].map(isOriginalsKey),
    ).to.deep.equal([true, true, false, false]);
  });

  const useless: readonly (readonly [string, unknown])[] = [
    ['that is not valid', { ...later, valid: false }],
    ['whose validity is a text', { ...later, valid: 'true' }],
    ['without an owner', rest],
    ['whose owner has no namespace', { ...later, reference: { name: 'web' } }],
    ['whose owner is null', { ...later, reference: null }],
    ['without a name', { ...later, metricName: undefined }],
    ['with a negative value', { ...later, value: -1 }],
    ['with a value of null', { ...later, value: null }],
    ['without a time', { ...later, ts: undefined }],
    ['with labels that are no texts', { ...later, labels: { a: 5 } }],
    ['with labels that Kubernetes refuses', { ...later, labels: { '': 'x' } }],
    ['that is null', null],
    ['that is a number', 5],
    ['that is a list', []],
  ];
  for (const [title, entry] of useless) {
    it(`${title} is of no use`, () => expect(decodeOriginals(JSON.stringify(entry))).to.equal(undefined));
  }

  it('never throws, whatever is in it', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc
            .json()
            .map(
              (labels) =>
                `{"valid":true,"metricName":"m","ts":1,"value":1,"hpa":{"namespace":"n"},"labels":${labels}}`,
            ),
        ),
        (text) => {
          const record = decodeOriginals(text);
          if (record !== undefined) expect(record.state).to.equal('valid');
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('with a time that no calendar knows cannot be written down again, and is of no use', () => {
    for (const ts of [1e18, -1e18, Number.MAX_VALUE])
      expect(decodeOriginals(JSON.stringify({ ...later, ts }))).to.equal(undefined);
  });
});
