import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';

/** The programs of a control plane, by the names that their files have. */
export const BINARY_NAMES = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'] as const;
export type BinaryName = (typeof BINARY_NAMES)[number];

/** Where each program lies. */
export type Binaries = Readonly<Record<BinaryName, string>>;

/** The programs and where they come from, or why there are none. */
export type FoundBinaries =
  | {
      readonly found: true;
      readonly binaries: Binaries;
      readonly origin: 'KUBEBUILDER_ASSETS' | 'cache' | 'build';
    }
  | { readonly found: false; readonly reason: string };

/** By which client-go: today's, which knows Leases only, or v0.23 of 2021, the last that knew the older locks. */
export const ELECTOR_NAMES = ['elector', 'elector-of-2021'] as const;
export type ElectorName = (typeof ELECTOR_NAMES)[number];

/** For measuring: an external metrics server to compare with, and what puts a load on either. */
export const BENCH_PROGRAM_NAMES = ['peer', 'loader'] as const;
export type BenchProgramName = (typeof BENCH_PROGRAM_NAMES)[number];

/** A program that few tests need, or why there is none. */
export type FoundProgram =
  | {
      readonly found: true;
      readonly file: string;
      readonly origin: 'KUBEBUILDER_ASSETS' | 'cache' | 'build';
    }
  | { readonly found: false; readonly reason: string };

/** Where the programs lie, or shall lie, in a folder of theirs. */
export function binariesIn(folder: string): Binaries {
  return {
    etcd: join(folder, 'etcd'),
    'kube-apiserver': join(folder, 'kube-apiserver'),
    'kube-controller-manager': join(folder, 'kube-controller-manager'),
    kubectl: join(folder, 'kubectl'),
  };
}

/** The programs that are not there, or cannot be executed. */
export async function missingFrom(binaries: Binaries): Promise<BinaryName[]> {
  const isThere = await Promise.all(BINARY_NAMES.map((name) => isExecutable(binaries[name])));
  return BINARY_NAMES.filter((_, index) => isThere[index] !== true);
}

/** Whether the file is there and may be executed. */
export async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false; // absence is an answer here, whatever its cause
  }
}
