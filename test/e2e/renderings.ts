import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { parse } from 'yaml';
import { type Helm, outputOfHelm } from '../control-plane/helm.js';
import { type Kubectl, outputOf } from '../control-plane/kubectl.js';
import { projectRoot } from '../project-root.js';
import { at } from './manifest.js';

const deployFolder = join(projectRoot, 'deploy');
export const chartFolder = join(deployFolder, 'chart', 'datadog-cluster-agent');

/** A folder that kustomize can render, by its path under `deploy/`. */
export interface Kustomization {
  readonly path: string;
  /** No rendering of its own: it changes others. */
  readonly isComponent: boolean;
}

/** Every folder under `deploy/` with a `kustomization.yaml`. */
export function listKustomizations(): readonly Kustomization[] {
  const files = readdirSync(deployFolder, { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => basename(file) === 'kustomization.yaml')
    .toSorted()
    .map((file) => {
      const content: unknown = parse(readFileSync(join(deployFolder, file), 'utf8'));
      return { path: dirname(file), isComponent: at(content, 'kind') === 'Component' };
    });
}

/**
 * Copies `deploy/` without the chart, and makes of each `<name>.env.example` the `<name>.env` that an operator would.
 * Returns the copy's folder.
 */
export function copyDeployFolder(into: string): string {
  const copy = join(into, 'deploy');
  cpSync(deployFolder, copy, {
    recursive: true,
    filter: (source) => !relative(deployFolder, source).startsWith('chart'),
  });
  for (const file of readdirSync(copy, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.env.example')) continue;
    const text = readFileSync(join(copy, file), 'utf8');
    writeFileSync(join(copy, file.replace(/\.example$/, '')), text);
  }
  return copy;
}

/** What kustomize makes of a folder of the copy. */
export function renderKustomization(kubectl: Kubectl, copy: string, path: string): Promise<string> {
  return outputOf(kubectl, ['kustomize', join(copy, path)]);
}

/** What a component makes of the node agents, for which those in `components/` are, or of the base. */
export function renderComponent(kubectl: Kubectl, copy: string, path: string): Promise<string> {
  const folder = join(copy, `trial-${path.replaceAll('/', '-')}`);
  mkdirSync(folder, { recursive: true });
  const changed = path.startsWith('components/') ? '../node-agent' : '../base';
  const content = { resources: [changed], components: [`../${path}`] };
  writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(content));
  return outputOf(kubectl, ['kustomize', folder]);
}

/** What the chart is made with. */
export interface ChartCase {
  readonly title: string;
  /** Default `datadog-cluster-agent`. */
  readonly release?: string;
  readonly values: object;
  /** What the API server may warn of; nothing when left out. */
  readonly warning?: string;
}

/** The chart's objects for a case, in the namespace `datadog`; throws with helm's complaint. */
export function renderChart(helm: Helm, chartCase: ChartCase, folder: string): Promise<string> {
  const release = chartCase.release ?? 'datadog-cluster-agent';
  const values = valuesFile(chartCase.values, folder);
  return outputOfHelm(helm, ['template', release, chartFolder, '-n', 'datadog', '-f', values]);
}

let filesWritten = 0;

/** A file with values, for helm's `-f`. JSON is YAML. */
export function valuesFile(values: object, folder: string): string {
  filesWritten += 1;
  const file = join(folder, `values-${filesWritten}.json`);
  writeFileSync(file, JSON.stringify(values));
  return file;
}
