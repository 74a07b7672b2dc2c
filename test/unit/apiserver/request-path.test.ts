import { expect } from 'chai';
import fc from 'fast-check';
import { accessOf, parseRequestPath, type Route } from '../../../apiserver/request-path.js';
import { metricId } from '../../../core/metric.js';
import { canonicalSelector, fromLabelSelector } from '../../../core/selector.js';

const base = '/apis/external.metrics.k8s.io/v1beta1/namespaces';

/** What a metric route says when it is asked for: the identity, or the code and message of the fault. */
function question(route: Route): string {
  if (route.kind !== 'metric') return route.kind;
  return route.question.ok
    ? route.question.value.id
    : `${route.question.error.code}: ${route.question.error.message}`;
}

describe('apiserver/request-path', () => {
  it('reads namespace, name and selector, decoding once', () => {
    const route = parseRequestPath(`${base}/shop/Queue.Depth?labelSelector=env+in+%28b%2Ca%29%2Capp%3Dweb`);
    expect(question(route)).to.equal('shop/queue.depth?app=web,env in (a,b)');
    expect(question(parseRequestPath(`${base}/shop/datadogmetric%40ns%3Aname`))).to.equal(
      'shop/datadogmetric@ns:name?',
    );
    expect(question(parseRequestPath(`${base}/shop/a%7Cb`))).to.equal('shop/a|b?');
    expect(question(parseRequestPath(`${base}/shop/a%2525b`))).to.match(/^request.malformed: .*contain "%"$/);
  });

  it('gives the same identity as an autoscaler’s spec for what the HPA controller sends for it', () => {
    const key = fc
      .stringMatching(/^[a-z][a-z0-9-]{0,8}[a-z0-9]$/)
      .chain((name) => fc.tuple(fc.constant(name), fc.constantFrom('', 'example.com/')))
      .map(([name, prefix]) => prefix + name);
    const value = fc.stringMatching(/^[A-Za-z0-9]{1,8}$/);
    const expression = fc.oneof(
      fc.record({
        key,
        operator: fc.constantFrom('In', 'NotIn'),
        values: fc.array(value, { minLength: 1, maxLength: 4 }),
      }),
      fc.record({ key, operator: fc.constantFrom('Exists', 'DoesNotExist') }),
    );
    const spec = fc.record({
      matchLabels: fc.dictionary(key, value, { maxKeys: 4 }),
      matchExpressions: fc.array(expression, { maxLength: 4 }),
    });
    const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.]{0,20}$/);
    fc.assert(
      fc.property(spec, name, (labelSelector, metric) => {
        fc.pre(metric.toLowerCase() !== 'status' && metric.toLowerCase() !== 'finalize');
        const selector = fromLabelSelector(labelSelector);
        if (!selector.ok) return expect.fail(selector.error);
        // Go's url.Values writes a blank as a plus sign, as URLSearchParams does.
        const query = new URLSearchParams({ labelSelector: canonicalSelector(selector.value) });
        const route = parseRequestPath(`${base}/shop/${metric.toLowerCase()}?${query}`);
        expect(question(route)).to.equal(
          metricId({ namespace: 'shop', name: metric, selector: selector.value }),
        );
      }),
    );
  });

  const strays = [
    '',
    '/',
    '/shop',
    '/shop/',
    '//queue',
    '/shop/queue/',
    '/shop/a/b',
    '/shop/status',
    '/shop/finalize',
  ];
  for (const rest of strays) {
    it(`sends ${base}${rest} nowhere`, () => expect(parseRequestPath(base + rest).kind).to.equal('stray'));
  }

  const paths: [string, string][] = [
    ['/apis', '/apis'],
    ['/apis/external.metrics.k8s.io/v1beta1', '/apis/external.metrics.k8s.io/v1beta1'],
    ['/apis/external.metrics.k8s.io/v1beta1/', '/apis/external.metrics.k8s.io/v1beta1/'],
    ['/apis/apps/v1/deployments', '/apis/apps/v1/deployments'],
    ['/metric%73?x=%zz', '/metrics'],
    ['/a%252Fb', '/a%2Fb'],
  ];
  for (const [url, path] of paths) {
    it(`takes ${url} for the path ${path}`, () =>
      expect(parseRequestPath(url)).to.deep.equal({ kind: 'path', path }));
  }

  for (const url of [
    '',
    '*',
    'http://x/metrics',
    '/a b',
    '/a#b',
    '/é',
    '/a\u0000',
    '/%zz',
    '/%ff',
    '/a%',
    `${base}/shop/%e2%28`,
  ]) {
    it(`cannot read ${JSON.stringify(url)}`, () => expect(parseRequestPath(url).kind).to.equal('malformed'));
  }

  const refusals: [string, RegExp][] = [
    ['shop/..', /^request.malformed: a metric cannot be named "\.\."$/],
    ['shop/%2e', /^request.malformed: a metric cannot be named "\."$/],
    ['shop/a%2Fb', /contain "\/"$/],
    ['shop/a%0d%0ab', /contain "\\r"$/],
    ['shop/a%00', /contain "\\u0000"$/],
    [`shop/${'x'.repeat(401)}`, /at most 400 characters, this one has 401$/],
    ['Shop/queue', /^request.malformed: not a namespace: "Shop"/],
    [`${'a'.repeat(64)}/queue`, /^request.malformed: not a namespace/],
    ['a%2Fb/queue', /^request.malformed: not a namespace: "a\/b"/],
    ['shop/queue?labelSelector=a;b', /raw ';'/],
    ['shop/queue?labelSelector=%zz', /cannot be decoded/],
    ['shop/queue?labelSelector=a&labelSelector=a', /came 2 times/],
    ['shop/queue?labelselector=a', /unknown parameter "labelselector": expected labelSelector/],
    ['shop/queue?labelSelector=a%20in%20()', /^shop\/queue\?a=$/],
    ['shop/queue?labelSelector=a%00', /^request.malformed: unable to parse requirement/],
    ['shop/queue?watch=true', /^request.method_not_allowed: watch is not supported/],
    ['shop/queue?watch', /^request.method_not_allowed/],
    ['shop/queue?watch=0', /^shop\/queue\?$/],
    ['shop/queue?watch=False&limit=5&pretty=1', /^shop\/queue\?$/],
    [
      'shop/queue?resourceVersion=0&resourceVersionMatch=Never',
      /^request.invalid: .*Unsupported value: "Never"/,
    ],
    ['shop/queue?sendInitialEvents=true', /^request.invalid: .*forbidden for list$/],
  ];
  for (const [rest, expected] of refusals) {
    it(`answers ${rest.slice(0, 60)} as it should`, () =>
      expect(question(parseRequestPath(`${base}/${rest}`))).to.match(expected));
  }

  const access: [string, string, string][] = [
    ['GET', `${base}/shop/Queue`, 'list v1beta1 shop Queue'],
    ['HEAD', `${base}/shop/queue`, 'list v1beta1 shop queue'],
    ['GET', `${base}/shop/queue?watch=1`, 'watch v1beta1 shop queue'],
    ['POST', `${base}/shop/queue`, 'create v1beta1 shop queue'],
    ['DELETE', `${base}/shop/queue`, 'deletecollection v1beta1 shop queue'],
    ['GET', `${base}/shop`, 'get v1beta1 shop namespaces'],
    ['GET', `${base}/shop/status`, 'get v1beta1 shop namespaces'],
    ['GET', `${base}/shop/group/queue`, 'get v1beta1 shop group'],
    ['DELETE', `${base}/shop/group/queue`, 'delete v1beta1 shop group'],
    ['GET', '/apis/external.metrics.k8s.io/v1beta1/nodes', 'list v1beta1  nodes'],
    ['GET', '/apis/external.metrics.k8s.io/v1/nodes', 'list v1  nodes'],
    ['GET', '/metrics', 'get /metrics'],
  ];
  for (const [method, url, expected] of access) {
    it(`authorizes ${method} ${url} as ${expected}`, () => {
      const route = parseRequestPath(url);
      if (route.kind === 'malformed') return expect.fail(url);
      const asked = accessOf(route, method);
      const text =
        asked.kind === 'path'
          ? `${asked.verb} ${asked.path}`
          : `${asked.verb} ${asked.version} ${asked.namespace} ${asked.resource}`;
      expect(text).to.equal(expected);
    });
  }

  it('never throws, whatever the target', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('%', '%2F', '/', '?', 'labelSelector=', base),
    );
    const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, (tail) => {
        for (const url of [tail, `${base}/shop/${tail}`, `${base}/shop/queue?labelSelector=${tail}`]) {
          const route = parseRequestPath(url);
          if (route.kind !== 'malformed') accessOf(route, 'GET');
        }
      }),
      { numRuns: 500 },
    );
  });
});
