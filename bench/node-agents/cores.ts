import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Where the product runs, and where all the rest does. */
export type Pinning =
  | { readonly state: 'pinned'; readonly productCores: string; readonly otherCores: string }
  | { readonly state: 'free'; readonly reason: string };

/**
 * Moves this process, and with it all that it starts later, off the first of its cores, which is left to the product;
 * with `isShared` the product may use the others beside it, so that its garbage collector need not stop it. It needs
 * Linux, `taskset` and two cores; where one is missing all processes stay free to run anywhere.
 */
export function leaveFirstCore({ isShared }: { readonly isShared: boolean }): Pinning {
  const [first, ...others] = allowedCores();
  if (first === undefined || others.length === 0) return { state: 'free', reason: 'a single core' };
  const otherCores = others.join(',');
  const { error, status } = spawnSync('taskset', ['-a', '-c', '-p', otherCores, `${process.pid}`]);
  if (error !== undefined || status !== 0) return { state: 'free', reason: 'no taskset' };
  return { state: 'pinned', productCores: isShared ? `${first},${otherCores}` : `${first}`, otherCores };
}

/** What has to stand before a command so that it runs where the product is to run. */
export function onProductCores(pinning: Pinning): readonly string[] {
  return pinning.state === 'pinned' ? ['taskset', '-c', pinning.productCores] : [];
}

export function pinningText(pinning: Pinning): string {
  return pinning.state === 'pinned'
    ? `the product on core ${pinning.productCores}, the rest on ${pinning.otherCores}`
    : `not pinned to cores (${pinning.reason})`;
}

/** As the kernel lists them: `0-1,4`. */
function allowedCores(): readonly number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  return list.split(',').flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
