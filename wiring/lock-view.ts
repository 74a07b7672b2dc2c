import type { ElectionPorts } from '../leader/election.js';

type LockBox = ElectionPorts['box'];
type Lock = Parameters<LockBox['write']>[0];

/** Passes on to a lock and remembers what it last said, for people. */
export class LockView implements LockBox {
  readonly #box: LockBox;
  #last: Lock | undefined;

  constructor(box: LockBox) {
    this.#box = box;
  }

  /** As last read or written by this replica; `undefined` while it was not, or there is none. */
  last(): Lock | undefined {
    return this.#last;
  }

  async read(signal: AbortSignal): ReturnType<LockBox['read']> {
    const read = await this.#box.read(signal);
    if (read.ok) this.#last = read.value?.lock;
    return read;
  }

  async write(lock: Lock, revision: string | undefined, signal: AbortSignal): ReturnType<LockBox['write']> {
    const written = await this.#box.write(lock, revision, signal);
    if (written.ok) this.#last = lock;
    return written;
  }

  follow(onChange: () => void, signal: AbortSignal): Promise<void> {
    return this.#box.follow(onChange, signal);
  }
}
