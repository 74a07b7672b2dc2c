import { expect } from 'chai';
import type { AutoscalerSpec } from '../../../core/autoscaler.js';
import { silentLog } from '../../../core/log.js';
import type { Scale } from '../../../kube/scale.js';
import { Wants } from '../../../provider/wants.js';
import { pageAutoscalers } from '../../../wiring/page.js';

describe('the autoscalers of the page', () => {
  const spec: AutoscalerSpec = {
    kind: 'HorizontalPodAutoscaler',
    namespace: 'shop',
    name: 'web',
    uid: 'u',
    metrics: [
      { name: 'Requests', selector: { matchLabels: { service: 'web' } } },
      { name: 'depth', selector: undefined },
    ],
  };
  const scale: Scale = {
    minReplicas: 1,
    maxReplicas: 9,
    currentReplicas: 3,
    desiredReplicas: undefined,
    targets: [
      { metric: 'Requests', kind: 'Value', value: 5 },
      { metric: 'another', kind: 'Value', value: 6 },
    ],
    troubles: [],
  };

  const wants = new Wants({ sources: [], log: silentLog }, { aggregator: 'avg', rollupSeconds: 30 });

  it('know each metric by the id under which its value is stored, with its own target only', () => {
    const list = pageAutoscalers({ autoscalers: { list: () => [spec], scaleOf: () => scale }, wants });
    expect(list()).to.deep.equal([
      {
        id: 'shop/web',
        minReplicas: 1,
        maxReplicas: 9,
        currentReplicas: 3,
        desiredReplicas: null,
        troubles: [],
        metrics: [
          { id: 'shop/requests?service=web', target: { kind: 'Value', value: 5 } },
          { id: 'shop/depth?', target: null },
        ],
      },
    ]);
  });

  it('stay the same objects until the HPA says something else', () => {
    let now: Scale | undefined = scale;
    const list = pageAutoscalers({ autoscalers: { list: () => [spec], scaleOf: () => now }, wants });
    const [first] = list();
    expect(list()[0]).to.equal(first);
    now = { ...scale, currentReplicas: 4 };
    expect(list()[0]).to.include({ currentReplicas: 4 });
    now = undefined;
    expect(list()[0]).to.include({ currentReplicas: null, maxReplicas: 1 });
  });
});
