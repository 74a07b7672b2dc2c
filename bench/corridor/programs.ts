import { findBenchProgram, findBinaries } from '../../test/control-plane/binaries.js';
import type { Binaries } from '../../test/control-plane/binary-set.js';
import { runCommand } from '../../test/control-plane/commands.js';

/** The programs that the bench runs beside the product. */
export interface Programs {
  readonly binaries: Binaries;
  /** The adapter on the library that other metrics servers are built on. */
  readonly peer: string;
  /** A load generator that shows a client certificate. */
  readonly loader: string;
  /** The first line that h2load says of itself. */
  readonly h2loadVersion: string;
}

/** Finds or builds them; throws with all that is missing, and how to get it. */
export async function findPrograms(): Promise<Programs> {
  const h2load = await runCommand('h2load', ['--version']).catch(() => undefined);
  const binaries = await findBinaries();
  const peer = await findBenchProgram('peer');
  const loader = await findBenchProgram('loader');
  const missing = [
    ...(h2load?.code === 0 ? [] : ['there is no h2load on the PATH: apt-get install nghttp2-client']),
    ...[binaries, peer, loader].flatMap((one) => (one.found ? [] : [one.reason])),
  ];
  if (h2load === undefined || !binaries.found || !peer.found || !loader.found || missing.length > 0)
    throw new Error(`the bench cannot run:\n  ${[...new Set(missing)].join('\n  ')}`);
  return {
    binaries: binaries.binaries,
    peer: peer.file,
    loader: loader.file,
    h2loadVersion: h2load.stdout.trim().split('\n')[0] ?? '',
  };
}
