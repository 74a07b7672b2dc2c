import { readFileSync } from 'node:fs';

/** What the kernel says of the memory of a process, in MB (10^6 bytes). */
export interface Memory {
  readonly residentMegabytes: number;
  /** The most that it ever had. */
  readonly peakMegabytes: number;
}

/** What the kernel counts CPU time in, for programs, on every platform of Linux that Node runs on. */
const ticksPerSecond = 100;

export function readMemory(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number =>
    (Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN) * 1024) / 1e6;
  return { residentMegabytes: field('VmRSS'), peakMegabytes: field('VmHWM') };
}

/** CPU time used so far by all threads of a process, in user and in system mode. */
export function readCpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is a name in parentheses, and may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** What a process gets from now until it is asked, in percent of one core. */
export interface Shares {
  /** By all of its threads together. */
  readonly cpuPercent: number;
  /**
   * For so long its main thread could have run and had no core: either its own other threads had it, which collect garbage,
   * or other programs of the machine did.
   */
  readonly waitPercent: number;
}

/** Looks at a process from now on. */
export function startShares(pid: number): () => Shares {
  const startedAtMs = performance.now();
  const before = { cpuSeconds: readCpuSeconds(pid), waitSeconds: readWaitSeconds(pid) };
  return () => {
    const percent = (seconds: number): number => (seconds * 100_000) / (performance.now() - startedAtMs);
    return {
      cpuPercent: percent(readCpuSeconds(pid) - before.cpuSeconds),
      waitPercent: percent(readWaitSeconds(pid) - before.waitSeconds),
    };
  };
}

/** How long the main thread has been kept waiting for a core so far. */
function readWaitSeconds(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e9;
}
