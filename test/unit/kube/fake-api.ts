import { Fault } from '../../../core/fault.js';
import type { Logger } from '../../../core/log.js';
import { fail, ok, type Result } from '../../../core/result.js';
import type { Call, KubeApi, Method, StreamCall } from '../../../kube/api.js';

export interface Seen {
  readonly method: Method | 'WATCH';
  readonly path: string;
  readonly call: Call | StreamCall;
}

type Answer = Result<unknown, Fault>;

/** A watch that the test feeds: each `send` is one batch. */
export class Wire {
  readonly #batches: (Result<readonly unknown[], Fault> | 'end')[] = [];
  #wake: () => void = () => {};

  constructor() {
    this.send();
  }

  send(...lines: readonly unknown[]): void {
    this.#push(ok(lines));
  }

  fail(fault: Fault): void {
    this.#push(fail(fault));
  }

  end(): void {
    this.#push('end');
  }

  async *read(signal: AbortSignal): AsyncGenerator<Result<readonly unknown[], Fault>, void, undefined> {
    signal.addEventListener('abort', () => this.#wake());
    while (!signal.aborted) {
      const batch = this.#batches.shift();
      if (batch === 'end') return;
      if (batch === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      } else {
        yield batch;
        if (!batch.ok) return;
      }
    }
    yield fail(new Fault('kube.unreachable', 'given up by us'));
  }

  #push(batch: Result<readonly unknown[], Fault> | 'end'): void {
    this.#batches.push(batch);
    this.#wake();
  }
}

/** An API that answers from a function, and gives each watch a `Wire`. */
export function fakeApi(answer: (method: Method, path: string, call: Call) => Answer): KubeApi & {
  readonly seen: Seen[];
  readonly wires: Wire[];
} {
  const seen: Seen[] = [];
  const wires: Wire[] = [];
  return {
    seen,
    wires,
    request(method, path, call) {
      seen.push({ method, path, call });
      return Promise.resolve(answer(method, path, call));
    },
    stream(path, call, signal) {
      seen.push({ method: 'WATCH', path, call });
      const wire = new Wire();
      wires.push(wire);
      return wire.read(signal);
    },
  };
}

export function listOf(items: readonly unknown[], revision: string, next?: string): Answer {
  return ok({
    metadata: { resourceVersion: revision, ...(next === undefined ? {} : { continue: next }) },
    items,
  });
}

export function named(
  name: string,
  rest: Record<string, unknown> = {},
  revision = '1',
): Record<string, unknown> {
  return { metadata: { namespace: 'shop', name, resourceVersion: revision, uid: `uid-${name}` }, ...rest };
}

/** A log that remembers its lines as `level message`. */
export function recordingLog(): Logger & { readonly lines: string[]; readonly fields: object[] } {
  const lines: string[] = [];
  const fields: object[] = [];
  const write = (level: string) => (about: object, message: string) => {
    lines.push(`${level} ${message}`);
    fields.push(about);
  };
  const log = {
    lines,
    fields,
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (): Logger => log,
  };
  return log;
}
