import { expect } from 'chai';
import fc from 'fast-check';
import { parseAutoscaler } from '../../../kube/autoscaler-spec.js';

const external = (metric: unknown) => ({
  type: 'External',
  external: { metric, target: { type: 'Value', value: '5' } },
});
const hpa = (...metrics: readonly unknown[]) => ({
  metadata: { namespace: 'shop', name: 'web', uid: 'u1', resourceVersion: '7', managedFields: [{}] },
  spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, maxReplicas: 3, metrics },
});

describe('parseAutoscaler', () => {
  it('takes External metrics only, as written', () => {
    const selector = {
      matchLabels: { queue: 'Jobs' },
      matchExpressions: [{ key: 'env', operator: 'In', values: ['a', 'b'] }],
    };
    const parsed = parseAutoscaler(
      hpa(
        { type: 'Resource', resource: { name: 'cpu' } },
        external({ name: 'Queue.Depth', selector }),
        external({ name: 'plain' }),
      ),
    );
    expect(parsed).to.deep.equal({
      spec: {
        kind: 'HorizontalPodAutoscaler',
        namespace: 'shop',
        name: 'web',
        uid: 'u1',
        metrics: [
          { name: 'Queue.Depth', selector },
          { name: 'plain', selector: undefined },
        ],
      },
      problems: [],
    });
  });

  it('is not interested in an autoscaler without External metrics', () => {
    for (const object of [hpa(), hpa({ type: 'Resource' }), { metadata: {} }, { spec: { metrics: null } }]) {
      expect(parseAutoscaler(object)).to.equal(undefined);
    }
  });

  const hostile: readonly (readonly [unknown, string])[] = [
    [null, ': expected an object with name and selector'],
    ['x', ': expected an object with name and selector'],
    [{ name: 7 }, '.name: expected a text that is not empty'],
    [{ name: '' }, '.name: expected a text that is not empty'],
    [{ name: 'm', selector: 'a=b' }, '.selector: expected an object'],
    [{ name: 'm', selector: [] }, '.selector: expected an object'],
    [{ name: 'm', selector: { matchLabels: 'a' } }, '.selector.matchLabels: expected an object'],
    [{ name: 'm', selector: { matchLabels: { a: 1 } } }, '.selector.matchLabels: expected texts as values'],
    [{ name: 'm', selector: { matchExpressions: {} } }, '.selector.matchExpressions: expected a list'],
    [
      { name: 'm', selector: { matchExpressions: [null] } },
      '.selector.matchExpressions[0]: expected key and operator as texts',
    ],
    [
      { name: 'm', selector: { matchExpressions: [{ key: 'a', operator: 3 }] } },
      '.selector.matchExpressions[0]: expected key and operator as texts',
    ],
    [
      { name: 'm', selector: { matchExpressions: [{ key: 'a', operator: 'In', values: [1] }] } },
      '.selector.matchExpressions[0].values: expected a list of texts',
    ],
  ];
  for (const [metric, problem] of hostile) {
    it(`lets ${JSON.stringify(metric)} cost only itself`, () => {
      const parsed = parseAutoscaler(hpa(external(metric), external({ name: 'good' })));
      expect(parsed?.spec.metrics).to.deep.equal([{ name: 'good', selector: undefined }]);
      expect(parsed?.problems).to.deep.equal([`spec.metrics[0].external.metric${problem}`]);
    });
  }

  it('takes null for absent in selectors', () => {
    const metrics = [{ selector: null }, { selector: { matchLabels: null, matchExpressions: null } }].map(
      (rest) => external({ name: 'm', ...rest }),
    );
    expect(parseAutoscaler(hpa(...metrics))?.spec.metrics).to.deep.equal([
      { name: 'm', selector: undefined },
      { name: 'm', selector: {} },
    ]);
  });

  it('keeps label keys that are special to JavaScript as keys', () => {
    const parsed = parseAutoscaler(
      JSON.parse(
        JSON.stringify(hpa()).replace(
          '"metrics":[]',
          '"metrics":[{"type":"External","external":{"metric":{"name":"m","selector":{"matchLabels":{"__proto__":"x","constructor":"y"}}}}}]',
        ),
      ),
    );
    const labels = parsed?.spec.metrics[0]?.selector?.matchLabels ?? {};
    expect(Object.entries(labels)).to.deep.equal([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });

  it('gives a value, nothing, or a reason for anything at all', () => {
    const anyMetric = fc.oneof(
      fc.anything(),
      fc.anything().map(external),
      fc.anything().map((selector) => external({ name: 'm', selector })),
    );
    fc.assert(
      fc.property(fc.array(anyMetric, { maxLength: 4 }), (metrics) => {
        const parsed = parseAutoscaler(hpa(...metrics));
        const count = metrics.filter(
          (metric) => (metric as { type?: unknown } | null | undefined)?.type === 'External',
        ).length;
        expect((parsed?.spec.metrics.length ?? 0) + (parsed?.problems.length ?? 0)).to.equal(count);
      }),
    );
    expect(() => parseAutoscaler({ spec: { metrics: 'many' } })).to.throw('spec.metrics: expected a list');
    expect(() =>
      parseAutoscaler({ metadata: { name: 'x' }, spec: { metrics: [external({ name: 'm' })] } }),
    ).to.throw('metadata.namespace');
  });
});
