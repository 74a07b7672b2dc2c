import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { fieldAt, textAt } from '../../../simulator/cluster/object.js';
import { projectRoot } from '../../project-root.js';

export const deployFolder = join(projectRoot, 'deploy');

/** All documents of a file below `deploy/`. Throws when it is not YAML. */
export function documentsOf(path: string): readonly unknown[] {
  return parseAllDocuments(readFileSync(join(deployFolder, path), 'utf8')).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new Error(`deploy/${path}: ${error.message}`);
    return document.toJS() as unknown;
  });
}

/** The one object of a file, by its kind and name. Throws when it is not there. */
export function objectOf(path: string, kind: string, name: string): unknown {
  const found = documentsOf(path).filter(
    (object) => textAt(object, 'kind') === kind && textAt(object, 'metadata', 'name') === name,
  );
  if (found.length !== 1) throw new Error(`deploy/${path} holds ${found.length} of ${kind} ${name}`);
  return found[0];
}

/** The plain manifests below `deploy/` (the chart's templates are no YAML), by path. */
export function manifestPaths(): readonly string[] {
  return readdirSync(deployFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => relative(deployFolder, join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith('chart/'))
    .toSorted();
}

export function deployment(): unknown {
  return objectOf('base/deployment.yaml', 'Deployment', 'datadog-cluster-agent');
}

/** The pod that the Deployment makes. */
export function podTemplate(): unknown {
  return fieldAt(deployment(), 'spec', 'template');
}

/** Its only container. */
export function container(): unknown {
  return fieldAt(podTemplate(), 'spec', 'containers', 0);
}
