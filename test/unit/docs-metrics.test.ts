import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { compareTexts } from '../../core/order.js';
import type { Registry } from '../../core/telemetry.js';
import { appAtRest } from '../app-at-rest.js';
import { projectRoot } from '../project-root.js';

const row = /^\| `([a-z0-9_]+)`(?: \*o\*)? \| (counter|gauge|histogram) \| (.*?) ?\| \S.*\|$/gm;

/** `name type label,label` of each row. */
function documented(): string[] {
  const page = readFileSync(join(projectRoot, 'docs/metrics.md'), 'utf8');
  return [...page.matchAll(row)].map(([, name, type, labels = '']) => {
    const names = [...labels.matchAll(/`([a-z_]+)`/g)].map(([, label]) => label);
    return `${name} ${type} ${names.join(',')}`;
  });
}

/** The same of each metric that the whole application registers. */
function registered(registry: Registry): string[] {
  return registry.getMetricsAsArray().map((metric) => {
    const labels = 'labelNames' in metric && Array.isArray(metric.labelNames) ? metric.labelNames : [];
    return `${metric.name} ${metric.constructor.name.toLowerCase()} ${labels.join(',')}`;
  });
}

describe('docs/metrics.md', () => {
  it('names every metric once, with its type and labels, and no other', () => {
    const { registry } = appAtRest();
    expect(documented().sort(compareTexts)).to.deep.equal(registered(registry).sort(compareTexts));
  });
});
