import { WebSocket } from 'undici';
import { until } from '../control-plane/waiting.js';
import type { Replica } from '../e2e/replica.js';
import { readTelemetry } from './telemetry.js';

/** Of one replica, in MiB. */
export interface Memory {
  readonly heap: number;
  readonly resident: number;
}

const mebibyte = 1024 * 1024;

/** What a replica holds on to: read after its garbage is collected, which it is made to do through its inspector. */
export async function liveMemory(replica: Replica): Promise<Memory> {
  await collectGarbage(await inspectorOf(replica));
  return readMemory(replica);
}

/** With the garbage that lies about. */
export async function readMemory(replica: Replica): Promise<Memory> {
  const samples = await readTelemetry(replica);
  const of = (name: string): number => (samples.get(name) ?? Number.NaN) / mebibyte;
  return { heap: of('nodejs_heap_size_used_bytes'), resident: of('process_resident_memory_bytes') };
}

/** SIGUSR1 makes Node open its inspector, once; where, stands in the log. */
function inspectorOf(replica: Replica): Promise<string> {
  process.kill(replica.process.pid, 'SIGUSR1');
  return until(`the inspector of ${replica.name}`, async () => {
    const found = (await replica.log()).matchAll(/^Debugger listening on (ws:\S+)$/gm);
    return [...found].at(-1)?.[1];
  });
}

function collectGarbage(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    const timer = setTimeout(() => reject(new Error('no garbage was collected in 10 s')), 10_000);
    socket.addEventListener('open', () =>
      socket.send(JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' })),
    );
    socket.addEventListener('error', () => reject(new Error(`the inspector at ${url} does not answer`)));
    socket.addEventListener('message', () => socket.close());
    socket.addEventListener('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
