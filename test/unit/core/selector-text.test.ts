import { expect } from 'chai';
import fc from 'fast-check';
import { metricId } from '../../../core/metric.js';
import { canonicalSelector, fromLabelSelector } from '../../../core/selector.js';
import { parseSelector } from '../../../core/selector-text.js';
import { labelSelector, metricName, namespace, selector } from './arbitrary.js';
import { controllerRequest } from './hpa-controller.js';

function canonical(text: string): string {
  const parsed = parseSelector(text);
  return parsed.ok ? canonicalSelector(parsed.value) : `error: ${parsed.error}`;
}

describe('the text of a selector', () => {
  const accepted: readonly (readonly [string, string])[] = [
    ['', ''],
    ['  \t\n', ''],
    ['a=b', 'a=b'],
    ['a==b', 'a=b'],
    ['a!=b', 'a!=b'],
    ['a', 'a'],
    ['!a', '!a'],
    ['! a', '!a'],
    ['\rx', 'x'],
    ['a ', 'a'],
    ['a in (b)', 'a=b'],
    ['a in (c,b)', 'a in (b,c)'],
    ['a notin (b)', 'a!=b'],
    ['a notin (c, b)', 'a notin (b,c)'],
    ['foo  in\t (abc)', 'foo=abc'],
    ['x notin\n (abc)', 'x!=abc'],
    ['a in(b)', 'a=b'],
    ['a>5', 'a>5'],
    ['a<5', 'a<5'],
    ['a > 5', 'a>5'],
    ['a=', 'a='],
    ['a=,b', 'a=,b'],
    ['a!=,b', 'a!=,b'],
    ['x in ()', 'x='],
    ['x notin ( )', 'x!='],
    ['x in (abc,)', 'x in (,abc)'],
    ['x notin (, a)', 'x notin (,a)'],
    ['x notin (abc,,def),bar,z in (),w', 'bar,w,x notin (,abc,def),z='],
    ['a in (x,y,notin, z,in)', 'a in (in,notin,x,y,z)'],
    ['in=in', 'in=in'],
    ['notin notin (in)', 'notin!=in'],
    ['in in (notin)', 'in=notin'],
    ['b=2,a=1', 'a=1,b=2'],
    ['a=1,a=1', 'a=1'],
    ['a=1,a in (1)', 'a=1'],
    ['a=2,a=1', 'a=1,a=2'],
    ['x=a,y!=b,z in (h,i,j)', 'x=a,y!=b,z in (h,i,j)'],
    ['this-is-a-dns.domain.com/key-with-dash', 'this-is-a-dns.domain.com/key-with-dash'],
    [
      '0.1.2.domain/99 notin (10.10.100.1, tick.tack.clock)',
      '0.1.2.domain/99 notin (10.10.100.1,tick.tack.clock)',
    ],
    ['a=1,b=2,env in (dev,prod),tier notin (x),!yard,zone', 'a=1,b=2,env in (dev,prod),tier!=x,!yard,zone'],
  ];
  for (const [text, expected] of accepted) {
    it(`${JSON.stringify(text)} means ${expected === '' ? 'everything' : expected}`, () => {
      expect(canonical(text)).to.equal(expected);
    });
  }

  const refused: readonly (readonly [string, string])[] = [
    ['=b', "found '=', expected: !, identifier, or 'end of string'"],
    [',a', "found ',', expected: !, identifier, or 'end of string'"],
    ['(', "found '(', expected: !, identifier, or 'end of string'"],
    ['a,,b', "found ',', expected: identifier after ','"],
    ['a,', "found '', expected: identifier after ','"],
    ['a in (xyz),', "found '', expected: identifier after ','"],
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
    ['a=b=c', "found '=', expected: ',' or 'end of string'"],
    ['!a=b', "found '=', expected: ',' or 'end of string'"],
    ['a in (xyz)b', "found 'b', expected: ',' or 'end of string'"],
    ['!', "unable to parse requirement: found '', expected: identifier"],
    ['!!a', "unable to parse requirement: found '!', expected: identifier"],
    ['a=(', "unable to parse requirement: found '(', expected: identifier"],
    ['a===b', "unable to parse requirement: found '=', expected: identifier"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a (', "unable to parse requirement: found '(', expected: in, notin, =, ==, !=, gt, lt"],
    ['x nott in (y)', "unable to parse requirement: found 'nott', expected: in, notin, =, ==, !=, gt, lt"],
    ['a!', "unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt"],
    ['a in (xyz abc)', "unable to parse requirement: found 'abc', expected: ',' or ')'"],
  ];
  for (const [text, expected] of refused) {
    it(`${JSON.stringify(text)} is refused in the words of Kubernetes`, () => {
      expect(canonical(text)).to.equal(`error: ${expected}`);
    });
  }

  const refusedByMeaning: readonly (readonly [string, RegExp])[] = [
    ['a notin(', /unable to parse requirement: found ''/],
    ['a in b', /found 'b'.*expected: '\('/],
    ['a in', /found ''.*expected: '\('/],
    ['a in (b', /found ''/],
    ['x=a||y=b', /value 'a\|\|y'|found '='/],
    ['a$=b', /key 'a\$'/],
    ['a=-b', /value '-b' of 'a'/],
    ['a>x', /the value must be an integer/],
    ['a<', /the value must be an integer/],
    ['a>1,b<2.5', /the value must be an integer/],
    ['Example.com/a=b', /DNS subdomain/],
    ['a=b\u0000,c=d', /value 'b/],
    ['\u0000', /key '/],
    [`a=${'v'.repeat(64)}`, /at most 63/],
    ['a=é', /value 'é'/],
  ];
  for (const [text, expected] of refusedByMeaning) {
    it(`${JSON.stringify(text.slice(0, 20))} is refused`, () => {
      expect(canonical(text))
        .to.match(/^error: /)
        .and.match(expected);
    });
  }

  it('is never half read: a NUL does not end it early', () => {
    expect(parseSelector('a=b\u0000c')).to.have.property('ok', false);
    expect(parseSelector('a=b,\u0000')).to.have.property('ok', false);
  });

  it('never throws and either parses or gives an error, for any text', () => {
    const grammatical = fc.array(
      fc.constantFrom(
        'a',
        'b/c',
        'in',
        'notin',
        '(',
        ')',
        ',',
        '=',
        '==',
        '!',
        '!=',
        '<',
        '>',
        ' ',
        '5',
        '',
        '\u0000',
      ),
      {
        maxLength: 12,
      },
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      grammatical.map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (anything) => {
        const parsed = parseSelector(anything);
        if (parsed.ok) expect(parseSelector(canonicalSelector(parsed.value))).to.deep.equal(parsed);
        else expect(parsed.error).to.be.a('string').with.length.above(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it('reads a text of any length in one pass', () => {
    const long = Array.from({ length: 20_000 }, (_, index) => `k${index}=v`).join(',');
    const parsed = parseSelector(long);
    expect(parsed.ok && parsed.value.length).to.equal(20_000);
    expect(parseSelector('!'.repeat(100_000))).to.have.property('ok', false);
    expect(parseSelector(`a in (${','.repeat(100_000)})`)).to.have.property('ok', true);
  });

  it('reads back what the canonical form says', () => {
    fc.assert(
      fc.property(selector, (one) => {
        expect(parseSelector(canonicalSelector(one))).to.deep.equal({ ok: true, value: one });
      }),
    );
  });
});

describe("the key from an autoscaler's spec and the key from the HPA controller's request", () => {
  function keyOfSpec(metric: {
    namespace: string;
    name: string;
    selector?: Parameters<typeof fromLabelSelector>[0];
  }): string {
    const read = fromLabelSelector(metric.selector);
    return read.ok
      ? metricId({ namespace: metric.namespace, name: metric.name, selector: read.value })
      : read.error;
  }

  /** As any server reads such a request: path segments decoded once, the query as a form. */
  function keyOfRequest(request: string): string {
    const url = new URL(request, 'https://server');
    const [, , , , , where = '', name = ''] = url.pathname.split('/').map(decodeURIComponent);
    const parsed = parseSelector(url.searchParams.get('labelSelector') ?? '');
    return parsed.ok ? metricId({ namespace: where, name, selector: parsed.value }) : parsed.error;
  }

  it('are the same for any metric and selector, however the controller orders conditions of one key', () => {
    const metric = fc.record({
      namespace,
      name: metricName,
      selector: fc.option(labelSelector, { nil: undefined }),
    });
    fc.assert(
      fc.property(metric, fc.boolean(), (one, isReversed) => {
        const request = controllerRequest(one, (conditions) =>
          isReversed ? [...conditions].reverse() : conditions,
        );
        expect(keyOfRequest(request)).to.equal(
          keyOfSpec({
            namespace: one.namespace,
            name: one.name,
            ...(one.selector && { selector: one.selector }),
          }),
        );
      }),
      { numRuns: 1_000 },
    );
  });

  it('are the same for the request that was seen on the wire', () => {
    const spec = {
      namespace: 'default',
      name: 'NoSelector.Metric_A',
      selector: {
        matchLabels: { a: '1', b: '2' },
        matchExpressions: [
          { key: 'env', operator: 'In', values: ['prod', 'dev'] },
          { key: 'tier', operator: 'NotIn', values: ['x'] },
          { key: 'yard', operator: 'DoesNotExist' },
          { key: 'zone', operator: 'Exists' },
        ],
      },
    };
    const seen =
      '/apis/external.metrics.k8s.io/v1beta1/namespaces/default/noselector.metric_a' +
      '?labelSelector=a%3D1%2Cb%3D2%2Cenv+in+%28dev%2Cprod%29%2Ctier+notin+%28x%29%2C%21yard%2Czone';
    expect(controllerRequest(spec)).to.equal(seen);
    expect(keyOfRequest(seen)).to.equal(keyOfSpec(spec));
  });

  it('are the same without a selector, with an empty one and with empty values', () => {
    for (const one of [
      undefined,
      {},
      { matchLabels: {} },
      { matchLabels: { a: '' } },
      { matchExpressions: [{ key: 'a', operator: 'In', values: [''] }] },
    ]) {
      const metric = { namespace: 'shop', name: 'orders', selector: one };
      expect(keyOfRequest(controllerRequest(metric))).to.equal(
        keyOfSpec({ namespace: 'shop', name: 'orders', ...(one && { selector: one }) }),
      );
    }
  });

  it('are the same where a set names a value twice', () => {
    const metric = {
      namespace: 'shop',
      name: 'orders',
      selector: { matchExpressions: [{ key: 'a', operator: 'In', values: ['b', 'b', 'c'] }] },
    };
    expect(controllerRequest(metric)).to.contain('b%2Cb%2Cc');
    expect(keyOfRequest(controllerRequest(metric))).to.equal('shop/orders?a in (b,c)');
  });
});
