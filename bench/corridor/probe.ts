import { createServer } from 'node:http';
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What a process tells of itself, since it was told to watch itself. */
export interface ProbeReading {
  /** Of the event loop, with the millisecond of the timer that it is measured by. */
  readonly longestBlockMs: number;
  /** Stops of the garbage collector. */
  readonly longestCollectionMs: number;
  readonly collectionsMs: number;
  readonly heapMegabytes: number;
}

/**
 * Loaded into a process before its own program, by `--import`, it costs nothing until it is asked on the loopback port
 * `BENCH_PROBE_PORT`: `/watch` begins to watch the event loop and the garbage collector, `/` ends it and tells;
 * `/collected` collects garbage before, so that the heap is what the process holds on to.
 */
function probe(port: number): void {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  let collections: number[] = [];
  const observer = new PerformanceObserver((list) => {
    collections.push(...list.getEntries().map(({ duration }) => duration));
  });
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const watch = (): void => {
    collections = [];
    observer.observe({ entryTypes: ['gc'] });
    delay.reset();
    delay.enable();
  };
  const server = createServer((request, response) => {
    if (request.url === '/watch') {
      watch();
      response.end('{}');
      return;
    }
    observer.disconnect();
    delay.disable();
    if (request.url === '/collected') collect();
    const reading: ProbeReading = {
      longestBlockMs: delay.max / 1e6,
      longestCollectionMs: Math.max(0, ...collections),
      collectionsMs: collections.reduce((sum, ms) => sum + ms, 0),
      heapMegabytes: process.memoryUsage().heapUsed / 1e6,
    };
    response.end(JSON.stringify(reading));
  });
  server.listen(port, '127.0.0.1');
  server.unref();
}

probe(Number(process.env['BENCH_PROBE_PORT']));
