import { expect } from 'chai';
import type { Logger } from '../../../core/log.js';
import type { MetricId } from '../../../core/metric.js';
import { toMetricKey } from '../../../provider/autoscaler.js';
import { toWants, type Want, Wants } from '../../../provider/wants.js';
import { HandSource, hpa, hpaOn } from './autoscaler-scene.js';

const options = { aggregator: 'avg', rollupSeconds: 30 } as const;

function wantsOf(...specs: Parameters<typeof toWants>[0]): Want[] {
  return [...toWants(specs, options).wants.values()];
}

describe('the question of an autoscaler', () => {
  it('is its namespace, the name as written, and its selector', () => {
    const spec = hpa('web', 'Orders.Waiting', { matchLabels: { queue: 'jobs' } });
    expect(
      toMetricKey(spec, { name: 'Orders.Waiting', selector: { matchLabels: { queue: 'jobs' } } }),
    ).to.deep.equal({
      ok: true,
      value: {
        namespace: 'shop',
        name: 'Orders.Waiting',
        selector: [{ operator: 'in', key: 'queue', values: ['jobs'] }],
      },
    });
  });

  it('is none without a name or with a selector that cannot be read, and says which', () => {
    const spec = hpa('web', 'm');
    expect(toMetricKey(spec, { name: '', selector: undefined }))
      .to.have.property('error')
      .that.contains('metric.name');
    const unreadable = toMetricKey(spec, {
      name: 'orders',
      selector: { matchExpressions: [{ key: 'a', operator: 'Near' }] },
    });
    expect(unreadable)
      .to.have.property('error')
      .that.matches(/external metric orders cannot be read.*'Near'/);
  });
});

describe('the wanted set', () => {
  it('holds ten autoscalers that ask the same thing as one want', () => {
    const specs = Array.from({ length: 10 }, (_, index) =>
      hpa(`web-${index}`, 'orders', { matchLabels: { queue: 'jobs' } }),
    );
    const wants = wantsOf(...specs);
    expect(wants.map((want) => want.id)).to.deep.equal(['shop/orders?queue=jobs']);
    expect(wants[0]?.ask).to.deep.equal({ kind: 'query', query: 'avg:orders{queue:jobs}.rollup(30)' });
  });

  it('holds the same question of two namespaces as two wants with one query', () => {
    const wants = wantsOf(
      hpa('web', 'orders', undefined, 'shop-a'),
      hpa('web', 'orders', undefined, 'shop-b'),
    );
    expect(wants.map((want) => want.id)).to.deep.equal(['shop-a/orders?', 'shop-b/orders?']);
    expect(new Set(wants.map((want) => want.ask.kind === 'query' && want.ask.query)).size).to.equal(1);
  });

  it('holds two selectors of one metric in one autoscaler apart', () => {
    const wants = wantsOf(
      hpaOn('web', [
        ['orders', { matchLabels: { queue: 'a' } }],
        ['orders', { matchLabels: { queue: 'b' } }],
      ]),
    );
    expect(wants.map((want) => want.id)).to.deep.equal(['shop/orders?queue=a', 'shop/orders?queue=b']);
  });

  it('holds one selector spelled in two ways once', () => {
    const wants = wantsOf(
      hpa('a', 'orders', { matchLabels: { queue: 'jobs', env: 'prod' } }),
      hpa('b', 'orders', {
        matchExpressions: [
          { key: 'env', operator: 'In', values: ['prod'] },
          { key: 'queue', operator: 'In', values: ['jobs'] },
        ],
      }),
    );
    expect(wants.length).to.equal(1);
  });

  it('keeps what cannot be asked, with its reason, so that the answer can say it', () => {
    const [want] = wantsOf(hpa('web', 'orders', { matchLabels: { env: '' } }));
    expect(want?.ask).to.include({ kind: 'refused', reason: 'unaskable' });
    expect(want?.ask).to.have.property('detail').that.contains('env');
  });

  for (const order of [
    ['orders', 'Orders'],
    ['Orders', 'orders'],
    ['orders', 'Orders', 'orders'],
    ['ORDERS', 'orders', 'Orders'],
  ]) {
    it(`refuses ${order.join(', ')} as ambiguous: requests cannot tell them apart`, () => {
      const wants = wantsOf(...order.map((name, index) => hpa(`web-${index}`, name)));
      expect(wants.length).to.equal(1);
      expect(wants[0]?.ask).to.include({ kind: 'refused', reason: 'ambiguous' });
      expect(wants[0]?.ask)
        .to.have.property('detail')
        .that.contains('shop')
        .and.contains(order[0])
        .and.contains(order.at(-1));
    });
  }

  it('does not mind two spellings of one name in two namespaces or under two selectors', () => {
    const wants = wantsOf(
      hpa('a', 'orders', undefined, 'x'),
      hpa('a', 'Orders', undefined, 'y'),
      hpa('b', 'ORDERS', { matchLabels: { a: 'b' } }, 'x'),
    );
    expect(wants.map((want) => want.ask.kind)).to.deep.equal(['query', 'query', 'query']);
  });

  it('lets an unreadable metric cost only itself', () => {
    const { wants, unreadable } = toWants(
      [
        hpaOn('web', [
          ['', undefined],
          ['good', undefined],
          ['bad', { matchLabels: { '': 'x' } }],
        ]),
        hpa('other', 'fine'),
      ],
      options,
    );
    expect([...wants.keys()]).to.deep.equal(['shop/good?', 'shop/fine?']);
    expect(unreadable.map(({ autoscaler }) => autoscaler)).to.deep.equal([
      'HorizontalPodAutoscaler shop/web',
      'HorizontalPodAutoscaler shop/web',
    ]);
    expect(unreadable[1]?.detail).to.contain('bad');
  });
});

describe('the live wanted set', () => {
  function scene(...sources: HandSource[]) {
    const warnings: object[] = [];
    const log: Logger = {
      debug() {},
      info() {},
      warn: (fields) => warnings.push(fields),
      error() {},
      child: () => log,
    };
    const wants = new Wants({ sources, log }, options);
    let changes = 0;
    wants.onChange(() => {
      changes += 1;
    });
    return {
      wants,
      warnings,
      stop: wants.follow(),
      changes: () => changes,
      ids: () => wants.list().map((want) => want.id),
    };
  }

  it('follows its sources: what is added, edited or removed counts at once', () => {
    const source = new HandSource(hpa('a', 'orders'));
    const { wants, ids, changes } = scene(source);
    expect(ids()).to.deep.equal(['shop/orders?']);
    source.set(hpa('a', 'orders', { matchLabels: { queue: 'jobs' } }));
    expect(ids()).to.deep.equal(['shop/orders?queue=jobs']);
    source.set();
    expect(ids()).to.deep.equal([]);
    expect(wants.isWanted('shop/orders?queue=jobs' as MetricId)).to.equal(false);
    expect(changes()).to.equal(2);
  });

  it('keeps a metric for as long as one autoscaler wants it', () => {
    const source = new HandSource(hpa('a', 'orders'), hpa('b', 'orders'));
    const { ids } = scene(source);
    source.set(hpa('b', 'orders'));
    expect(ids()).to.deep.equal(['shop/orders?']);
  });

  it('joins several sources, and is complete when all of them are', () => {
    const [first, second] = [new HandSource(hpa('a', 'orders')), new HandSource(hpa('b', 'payments'))];
    second.isSynced = false;
    const { wants, ids } = scene(first, second);
    expect(ids()).to.deep.equal(['shop/orders?', 'shop/payments?']);
    expect(wants.hasSynced()).to.equal(false);
    second.isSynced = true;
    expect(wants.hasSynced()).to.equal(true);
  });

  it('works a burst of changes out once', () => {
    const source = new HandSource();
    let lists = 0;
    const counted = Object.assign(source, {
      list: () => {
        lists += 1;
        return [hpa('a', 'orders')];
      },
    });
    const { wants } = scene(counted);
    for (let change = 0; change < 100; change += 1) source.set();
    wants.list();
    wants.list();
    wants.isWanted('shop/orders?' as MetricId);
    expect(lists).to.equal(1);
  });

  it('names what it refuses once, and again only after it had gone', () => {
    const bad = hpa('a', 'orders', { matchLabels: { env: '' } });
    const source = new HandSource(bad, hpa('nameless', ''));
    const { ids, warnings } = scene(source);
    ids();
    source.set(bad, hpa('nameless', ''), hpa('b', 'fine'));
    ids();
    expect(warnings).to.have.length(2);
    expect(warnings[0]).to.have.property('metric', 'shop/orders?env=');
    expect(warnings[1]).to.have.property('autoscaler', 'HorizontalPodAutoscaler shop/nameless');
    source.set();
    ids();
    source.set(bad);
    ids();
    expect(warnings).to.have.length(3);
  });

  it('stops listening when told', () => {
    const source = new HandSource(hpa('a', 'orders'));
    const { stop, changes } = scene(source);
    stop();
    source.set();
    expect([source.listening, changes()]).to.deep.equal([0, 0]);
  });
});
