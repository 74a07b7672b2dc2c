import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { findBinaries, findHelm } from '../control-plane/binaries.js';
import type { CommandResult } from '../control-plane/commands.js';
import { type ControlPlane, startControlPlane } from '../control-plane/control-plane.js';
import { findDefinitions } from '../control-plane/crds.js';
import { type Helm, helmFor } from '../control-plane/helm.js';
import { outputOf } from '../control-plane/kubectl.js';
import { type Manifest, parseAnswer, parseManifests } from './manifest.js';
import { copyDeployFolder } from './renderings.js';

/** A control plane that renderings are tried on, which knows the kinds of cert-manager and the Prometheus operator. */
export interface Trial {
  readonly plane: ControlPlane;
  /** Without a cluster. */
  readonly helm: Helm;
  readonly helmOnCluster: Helm;
  /** For files of the test's own. */
  readonly folder: string;
  /** A copy of `deploy/`, with the files that an operator makes. */
  readonly deployFolder: string;
  /** A server-side dry run, strict about fields, where pods outside the restricted standard are warned of. */
  dryRun(text: string): Promise<CommandResult>;
  /** What the API server would store. Throws when it refuses anything, or warns of anything but `warning`. */
  accepted(text: string, warning?: string): Promise<readonly Manifest[]>;
  count(what: 'lint' | 'refusal'): void;
  /** How much was tried. */
  summary(): string;
  stop(): Promise<void>;
}

/** Starts the control plane; throws with the reason where a program or definition is missing. */
export async function startTrial(): Promise<Trial> {
  const binaries = await findBinaries();
  if (!binaries.found) throw new Error(binaries.reason);
  const helm = await findHelm();
  if (!helm.found) throw new Error(helm.reason);
  const definitions = await findDefinitions();
  if (!definitions.found) throw new Error(definitions.reason);

  const plane = await startControlPlane({ binaries: binaries.binaries });
  const folder = mkdtempSync(join(tmpdir(), 'manifests-'));
  const home = join(folder, 'home');
  const stop = async (): Promise<void> => {
    await plane.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await define(plane, definitions.files);
  } catch (error: unknown) {
    await stop();
    throw error;
  }
  const tally = { rendering: 0, object: 0, lint: 0, refusal: 0 };
  return {
    plane,
    helm: helmFor(helm.file, { home }),
    helmOnCluster: helmFor(helm.file, { home, kubeconfigPath: plane.adminKubeconfigPath }),
    folder,
    deployFolder: copyDeployFolder(folder),
    dryRun: (text) => dryRun(plane, text),
    accepted: async (text, warning) => {
      const objects = expectAcceptance(await dryRun(plane, text), warning);
      expect(objects.length, 'objects in the answer').to.equal(parseManifests(text).length);
      tally.rendering += 1;
      tally.object += objects.length;
      return objects;
    },
    count: (what) => {
      tally[what] += 1;
    },
    summary: () =>
      `${tally.rendering} renderings with ${tally.object} objects accepted, ${tally.lint} lints, ` +
      `${tally.refusal} refusals as they should be`,
    stop,
  };
}

async function define(plane: ControlPlane, files: readonly string[]): Promise<void> {
  await outputOf(plane.kubectl, ['apply', '--server-side', ...files.flatMap((file) => ['-f', file])]);
  await outputOf(plane.kubectl, ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=20s']);
}

async function dryRun(plane: ControlPlane, text: string): Promise<CommandResult> {
  const names = parseManifests(text).flatMap(({ kind, name, namespace }) => [
    ...(namespace === undefined ? [] : [namespace]),
    ...(kind === 'Namespace' ? [name] : []),
  ]);
  const isForNodes = text.includes('kind: DaemonSet'); // Datadog's node agent reads what its node has
  const standard = isForNodes ? 'privileged' : 'restricted';
  await plane.apply(...[...new Set(['default', ...names])].map((name) => namespaceOf(name, standard)));
  const args = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '--force-conflicts'];
  return plane.kubectl([...args, '--field-manager=manifests-test', '-o', 'json', '-f', '-'], text);
}

function namespaceOf(name: string, standard: 'restricted' | 'privileged'): object {
  const labels = { 'pod-security.kubernetes.io/warn': standard };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

function expectAcceptance(result: CommandResult, warning: string | undefined): readonly Manifest[] {
  if (result.code !== 0) throw new Error(result.stderr.trim());
  const warnings = result.stderr.split('\n').filter((line) => line !== '');
  expect(warnings, 'warnings of the API server').to.deep.equal(warning === undefined ? [] : [warning]);
  return parseAnswer(result.stdout);
}
