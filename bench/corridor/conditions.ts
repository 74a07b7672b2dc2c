import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../test/project-root.js';
import type { Programs } from './programs.js';
import type { Conditions } from './results.js';

/** Where and with what this run was made. */
export function readConditions(given: {
  readonly programs: Programs;
  readonly isSmoke: boolean;
  readonly minutes: number;
}): Conditions {
  const model = cpus()[0]?.model.trim() ?? 'an unknown processor';
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${availableParallelism()} cores (${model}), ${gigabytes} GiB`,
    node: process.version,
    versions: {
      product: versionInFile('package.json', /"version": "([^"]+)"/),
      kubernetes: versionInFile('test/control-plane/tools/go.mod', /k8s\.io\/kubernetes (v\S+)/),
      etcd: versionInFile('test/control-plane/tools/go.mod', /go\.etcd\.io\/etcd\/server\/v3 (v\S+)/),
      'custom-metrics-apiserver': versionInFile(
        'test/control-plane/tools/bench/go.mod',
        /sigs\.k8s\.io\/custom-metrics-apiserver (v\S+)/,
      ),
      h2load: given.programs.h2loadVersion.replace('h2load ', ''),
    },
    isSmoke: given.isSmoke,
    minutes: given.minutes,
  };
}

function versionInFile(file: string, expression: RegExp): string {
  return expression.exec(readFileSync(join(projectRoot, file), 'utf8'))?.[1] ?? 'unknown';
}
