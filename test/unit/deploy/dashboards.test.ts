import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { textAt } from '../../../simulator/cluster/object.js';
import { appAtRest } from '../../app-at-rest.js';
import { projectRoot } from '../../project-root.js';
import { deployFolder, documentsOf } from './manifests.js';

/** Each metric's labels by the name under which it is scraped: a histogram has three. */
function scrapedNames(): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, readonly string[]>();
  for (const metric of appAtRest().registry.getMetricsAsArray()) {
    const labels: string[] =
      'labelNames' in metric && Array.isArray(metric.labelNames) ? metric.labelNames : [];
    const isHistogram = metric.constructor.name === 'Histogram';
    for (const suffix of isHistogram ? ['_bucket', '_count', '_sum'] : [''])
      names.set(`${metric.name}${suffix}`, suffix === '_bucket' ? [...labels, 'le'] : labels);
  }
  return names;
}

function read(file: string): string {
  return readFileSync(join(deployFolder, 'dashboards', file), 'utf8');
}

/** All texts under `key`, however deep. */
function textsUnder(value: unknown, key: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => textsUnder(item, key));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === key && typeof inner === 'string' ? [inner] : textsUnder(inner, key),
  );
}

const words = new Set(['by', 'or', 'and', 'on', 'unless', 'bool', 'without', 'ignoring']);
/** What the scraper adds. */
const scrapersLabels = ['namespace', 'pod', 'instance', 'job'];

/** The metrics of an expression of PromQL, each with the labels of its matchers. */
function metricsOf(expression: string): { readonly name: string; readonly labels: readonly string[] }[] {
  const bare = expression
    .replaceAll(/\b(?:by|on|without|ignoring) *\([^)]*\)/g, ' ')
    .replaceAll(/\[[^\]]*\]/g, ' ');
  const found = bare.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)(\s*\()?(?:\{([^}]*)\})?(?=([^"]*"[^"]*")*[^"]*$)/g);
  return [...found].flatMap(([, name = '', call, matchers = '']) =>
    call !== undefined || words.has(name)
      ? []
      : [{ name, labels: [...matchers.matchAll(/([a-z_]+)(?:=~|!=|!~|=)/g)].map(([, label = '']) => label) }],
  );
}

function problemsOf(expression: string, names: ReadonlyMap<string, readonly string[]>): string[] {
  return metricsOf(expression).flatMap(({ name, labels }) => {
    const known = names.get(name);
    if (known === undefined) return [`${name} in ${expression}`];
    return labels
      .filter((label) => !known.includes(label) && !scrapersLabels.includes(label))
      .map((label) => `${name}{${label}} in ${expression}`);
  });
}

describe('dashboards and alerts', () => {
  const names = scrapedNames();

  it('are read by this test as meant', () => {
    const read = metricsOf('sum by (a) (rate(x_total{b="c d",e=~"f|g"}[5m])) or vector(0) > time() - y');
    expect(read).to.deep.equal([
      { name: 'x_total', labels: ['b', 'e'] },
      { name: 'y', labels: [] },
    ]);
    expect(problemsOf('external_metrics{valid="x",nope="y"} + nothing', names)).to.have.length(2);
  });

  it('of Grafana ask for metrics and labels that exist, and every panel for something', () => {
    const dashboard = JSON.parse(read('grafana.json')) as { panels: { type: string; id: number }[] };
    const expressions = textsUnder(dashboard, 'expr');
    expect(expressions.length).to.be.above(30);
    expect(expressions.flatMap((expression) => problemsOf(expression, names))).to.deep.equal([]);
    for (const panel of dashboard.panels)
      expect(textsUnder(panel, 'expr').length > 0, JSON.stringify(panel)).to.equal(panel.type !== 'row');
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).to.equal(dashboard.panels.length);
  });

  it('of Prometheus alert on metrics and labels that exist, and say what is wrong', () => {
    const { groups } = parse(read('prometheus-rules.yaml')) as { groups: { rules: Rule[] }[] };
    const rules = groups.flatMap((group) => group.rules);
    const page = readFileSync(join(projectRoot, 'docs/operations.md'), 'utf8');
    expect(rules.length).to.be.above(10);
    for (const { alert, expr, labels, annotations } of rules) {
      expect(problemsOf(expr, names), alert).to.deep.equal([]);
      expect(labels['severity']).to.be.oneOf(['critical', 'warning', 'info']);
      expect(annotations['summary']).to.match(/\.$/);
      expect(annotations['description']).to.match(/\.$/);
      expect(page, `${alert} stands in docs/operations.md`).to.contain(
        alert.replace('DatadogClusterAgent', ''),
      );
    }
    expect(new Set(rules.map(({ alert }) => alert)).size).to.equal(rules.length);
  });

  it('leave what has a series for each metric of an autoscaler to those who ask for it', () => {
    const perMetric = [...names].filter(([, labels]) => labels.includes('metric')).map(([name]) => name);
    expect(annotated().exclude_metrics).to.have.members(perMetric);
  });

  it('of Datadog ask for metrics that exist and that the annotation has collected, or leaves out as the README says', () => {
    const queries = textsUnder(JSON.parse(read('datadog.json')), 'query');
    expect(queries.length).to.be.above(20);
    const collected = annotated().metrics.map((entry) => new RegExp(`^${entry}$`));
    const wrong = queries.flatMap((query) => {
      const { name = '', suffix } =
        /^(?:avg|sum|min|max):datadog\.cluster_agent\.(?<name>[a-z0-9_]+)(?:\.(?<suffix>count|sum))?\{/.exec(
          query,
        )?.groups ?? {};
      const scraped = suffix === undefined ? [name] : [`${name}_${suffix}`, `${name}_total`, name];
      const isThere = scraped.some((one) => names.has(one));
      return isThere && collected.some((one) => one.test(name)) ? [] : [query];
    });
    expect(wrong).to.deep.equal([]);
  });
});

/** What a node agent is told to collect of the replicas. */
function annotated(): { readonly metrics: readonly string[]; readonly exclude_metrics: readonly string[] } {
  const [deployment] = documentsOf('base/deployment.yaml');
  const annotation = 'ad.datadoghq.com/cluster-agent.instances';
  const text = textAt(deployment, 'spec', 'template', 'metadata', 'annotations', annotation) ?? '';
  const [instance] = JSON.parse(text) as [ReturnType<typeof annotated>];
  return instance;
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}
