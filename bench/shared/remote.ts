import { type ChildProcess, fork } from 'node:child_process';
import { killAtExit } from '../../test/control-plane/leftovers.js';

/** What a call takes, and what it gives; both must be fit to be sent between processes. */
type Given<Calls, Name extends keyof Calls> = Calls[Name] extends (given: infer Value) => unknown
  ? Value
  : never;
type Answered<Calls, Name extends keyof Calls> = Calls[Name] extends (given: never) => infer Value
  ? Awaited<Value>
  : never;

interface Ask {
  readonly id: number;
  readonly name: string;
  readonly given: unknown;
}

type Reply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly reason: string };

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Another process of this bench that does what it is asked to, several things at once if need be. */
export class Remote<Calls> {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  constructor(file: URL) {
    this.#child = fork(file, { serialization: 'advanced' });
    killAtExit(this.#child);
    this.#child.on('message', (reply: Reply) => this.#take(reply));
    this.#child.once('exit', (code, signal) => this.#end(`${file.pathname} ended: ${signal ?? code}`));
  }

  /** Rejects with what the other process says of its failure, or of its end. */
  async ask<Name extends keyof Calls & string>(
    name: Name,
    given: Given<Calls, Name>,
  ): Promise<Answered<Calls, Name>> {
    this.#lastId += 1;
    const ask: Ask = { id: this.#lastId, name, given };
    const answer = await new Promise((resolve, reject) => {
      this.#waiting.set(ask.id, { resolve, reject });
      this.#child.send(ask, (error) => error && reject(error));
    });
    return answer as Answered<Calls, Name>;
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }

  #take(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.ok) waiting?.resolve(reply.value);
    else waiting?.reject(new Error(reply.reason));
  }

  #end(reason: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(reason));
    this.#waiting.clear();
  }
}

/** The other end of a `Remote`: does what the process that started this one asks, and ends with it. */
export function serve<Calls extends object>(calls: Calls): void {
  const byName = new Map<string, unknown>(Object.entries(calls));
  const answerTo = async ({ id, name, given }: Ask): Promise<Reply> => {
    const call = byName.get(name);
    if (typeof call !== 'function') return { id, ok: false, reason: `there is no call ${name}` };
    try {
      return { id, ok: true, value: await call(given) };
    } catch (error: unknown) {
      return {
        id,
        ok: false,
        reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
      };
    }
  };
  process.on('message', (ask: Ask) => {
    void answerTo(ask).then((reply) => process.send?.(reply));
  });
  process.on('disconnect', () => process.exit());
}
