import { readCpuSeconds } from '../shared/process-figures.js';

/** CPU time that processes used while some work was done, in seconds. */
export interface Accounted<T> {
  readonly result: T;
  /** One for each process, in their order. */
  readonly cpuSeconds: readonly number[];
}

export async function accounted<T>(pids: readonly number[], work: () => Promise<T>): Promise<Accounted<T>> {
  const before = pids.map(readCpuSeconds);
  const result = await work();
  return { result, cpuSeconds: pids.map((pid, at) => readCpuSeconds(pid) - (before[at] ?? Number.NaN)) };
}
