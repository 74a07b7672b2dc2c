import { join, resolve } from 'node:path';
import {
  type BenchProgramName,
  BINARY_NAMES,
  binariesIn,
  type ElectorName,
  type FoundBinaries,
  type FoundProgram,
  isExecutable,
  missingFrom,
} from './binary-set.js';
import { buildBenchProgram, buildBinaries, buildElector, buildHelm, buildScheduler } from './go-build.js';

/**
 * The control plane's programs: those in `KUBEBUILDER_ASSETS` where that is set (envtest's convention; an
 * incomplete folder is an error), else built by Go, which takes minutes the first time and says so on stderr.
 * Where Go cannot do it, the reason why.
 */
export async function findBinaries(): Promise<FoundBinaries> {
  const folder = process.env['KUBEBUILDER_ASSETS'];
  if (folder === undefined || folder === '') return buildBinaries();
  const binaries = binariesIn(resolve(folder));
  const missing = await missingFrom(binaries);
  if (missing.length > 0) {
    throw new Error(
      `KUBEBUILDER_ASSETS is ${folder}, which holds no executable ${missing.join(', no ')}; ` +
        `${BINARY_NAMES.join(', ')} are all needed. Add it, or unset KUBEBUILDER_ASSETS to build them with Go.`,
    );
  }
  return { found: true, binaries, origin: 'KUBEBUILDER_ASSETS' };
}

/** Helm: from `KUBEBUILDER_ASSETS` if it lies there, which it need not, else built by Go in about a minute. */
export function findHelm(): Promise<FoundProgram> {
  return findProgram('helm', buildHelm);
}

/** kube-scheduler, which envtest's archives do not hold, likewise. */
export function findScheduler(): Promise<FoundProgram> {
  return findProgram('kube-scheduler', buildScheduler);
}

/** The elector of client-go, likewise. */
export function findElector(name: ElectorName): Promise<FoundProgram> {
  return findProgram(name, () => buildElector(name));
}

/** A program for measuring, likewise. */
export function findBenchProgram(name: BenchProgramName): Promise<FoundProgram> {
  return findProgram(name, () => buildBenchProgram(name));
}

async function findProgram(name: string, build: () => Promise<FoundProgram>): Promise<FoundProgram> {
  const folder = process.env['KUBEBUILDER_ASSETS'];
  if (folder !== undefined && folder !== '') {
    const file = join(resolve(folder), name);
    if (await isExecutable(file)) return { found: true, file, origin: 'KUBEBUILDER_ASSETS' };
  }
  return build();
}
