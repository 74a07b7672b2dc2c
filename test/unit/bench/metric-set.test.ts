import { expect } from 'chai';
import { encode } from '../../../apiserver/encode.js';
import { toQuantity } from '../../../apiserver/quantity.js';
import { groupVersion } from '../../../apiserver/value-list.js';
import { protobufValue, quantityOf, spread } from '../../../bench/corridor/metric-set.js';

describe('the metrics of the bench', () => {
  it('have values as the product writes them', () => {
    for (const index of [0, 7, 999, 1_000, 1_001, 49_000, 49_999])
      expect(quantityOf(index)).to.equal(toQuantity(index));
  });

  it('are known in protobuf by the bytes of the whole value', () => {
    const list = (value: string) =>
      encode(
        {
          kind: 'ExternalMetricValueList',
          apiVersion: groupVersion,
          metadata: {},
          items: [{ metricName: 'm', metricLabels: {}, timestamp: '2026-11-30T00:00:00Z', value }],
        },
        'protobuf',
      ).toString('latin1');
    expect(list('17')).to.contain(protobufValue(17));
    expect(list('117')).to.not.contain(protobufValue(17));
    expect(list('1')).to.not.contain(protobufValue(17));
  });

  it('are spread evenly, and each taken once', () => {
    expect(spread(1_000, 4)).to.deep.equal([0, 250, 500, 750]);
    expect(spread(3, 10)).to.deep.equal([0, 1, 2]);
  });
});
