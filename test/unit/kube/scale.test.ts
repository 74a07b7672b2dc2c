import { expect } from 'chai';
import { parseQuantity } from '../../../kube/quantity.js';
import { parseScale } from '../../../kube/scale.js';

const external = (name: string, target: object) => ({
  type: 'External',
  external: { metric: { name }, target },
});

describe('parseScale', () => {
  it('reads sizes, targets and what the controller complains of', () => {
    expect(
      parseScale({
        spec: {
          minReplicas: 2,
          maxReplicas: 9,
          metrics: [
            { type: 'Resource', resource: { name: 'cpu' } },
            external('a', { type: 'AverageValue', averageValue: '500m' }),
            external('b', { type: 'Value', value: '2k' }),
          ],
        },
        status: {
          currentReplicas: 3,
          desiredReplicas: 4,
          conditions: [
            { type: 'AbleToScale', status: 'True', message: 'fine' },
            { type: 'ScalingActive', status: 'False', message: 'no metric' },
            { type: 'ScalingLimited', status: 'True', message: 'at most 9' },
          ],
        },
      }),
    ).to.deep.equal({
      minReplicas: 2,
      maxReplicas: 9,
      currentReplicas: 3,
      desiredReplicas: 4,
      targets: [
        { metric: 'a', kind: 'AverageValue', value: 0.5 },
        { metric: 'b', kind: 'Value', value: 2_000 },
      ],
      troubles: ['ScalingActive: no metric', 'ScalingLimited: at most 9'],
    });
  });

  it('leaves out what is malformed, and cuts what is long', () => {
    const conditions = Array.from({ length: 9 }, () => ({
      type: 'T',
      status: 'False',
      message: 'x'.repeat(999),
    }));
    const odd = { spec: { maxReplicas: 'many', metrics: [null, external('a', {})] }, status: { conditions } };
    const scale = parseScale(odd);
    expect(scale).to.include({ minReplicas: 1, maxReplicas: 1, currentReplicas: undefined });
    expect(scale.targets).to.deep.equal([]);
    expect(scale.troubles.map(({ length }) => length)).to.deep.equal([300, 300, 300, 300]);
    expect(parseScale(undefined).troubles).to.deep.equal([]);
  });
});

describe('parseQuantity', () => {
  it('reads what Kubernetes writes', () => {
    const texts = ['10', '500m', '1.5k', '2Ki', '1e3', '-3', '.5', '7E'];
    expect(texts.map(parseQuantity)).to.deep.equal([10, 0.5, 1_500, 2_048, 1_000, -3, 0.5, 7e18]);
  });

  it('reads nothing else', () => {
    const texts = ['', 'x', '1x', '1 k', null, {}, '1'.repeat(70)];
    expect(texts.map(parseQuantity)).to.deep.equal(texts.map(() => undefined));
  });
});
