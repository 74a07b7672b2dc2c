import type { Clock } from '../../core/clock.js';
import { type ApiError, expired } from './api-error.js';
import { apiVersionOf } from './kinds.js';
import type { Extent } from './negotiation.js';
import type { Choice } from './selection.js';
import type { ObjectStore } from './store.js';
import { type Change, type Table, toPartial, Version } from './table.js';

/** Where the lines of a watch go: the body of an answer that does not end by itself. */
export interface EventSink {
  write(line: string): void;
  /** Ends the body as a server does that has nothing more to say. */
  end(): void;
  /** Breaks the connection. */
  reset(): void;
  /** What the client has not taken yet. */
  bufferedBytes(): number;
}

export interface WatchOptions {
  readonly choice: Choice;
  /** Of the objects and the bookmarks; the Status of an ERROR is always whole. */
  readonly extent: Extent;
  /** Events after this one; none or 0: first the present objects as ADDED. */
  readonly revision: number | undefined;
  /** No bookmarks without. */
  readonly bookmarkMs: number | undefined;
  readonly timeoutMs: number | undefined;
}

/** A client that reads so slowly that this much waits for it is cut off, as a real server does. */
const maxBufferedBytes = 64 * 1024 * 1024;

/** One watch: lines of JSON, from a revision on, until it is ended by one side or a fault. */
export class WatchStream {
  readonly #table: Table;
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  readonly #sink: EventSink;
  readonly #options: WatchOptions;
  readonly #ended = new AbortController();
  #isStalled = false;
  #unsubscribe = (): void => {};

  constructor(
    ports: {
      readonly table: Table;
      readonly store: ObjectStore;
      readonly clock: Clock;
      readonly sink: EventSink;
    },
    options: WatchOptions,
  ) {
    this.#table = ports.table;
    this.#store = ports.store;
    this.#clock = ports.clock;
    this.#sink = ports.sink;
    this.#options = options;
  }

  /** Aborts when the watch has ended, whoever ended it. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  start(): void {
    const { revision, bookmarkMs, timeoutMs } = this.#options;
    if (revision !== undefined && revision > 0 && revision < this.#table.compactedRevision) {
      this.fail(expired(`too old resource version: ${revision} (${this.#table.compactedRevision})`));
      return;
    }
    this.#catchUp(revision ?? 0);
    const since = Math.max(revision ?? 0, this.#store.revision);
    this.#unsubscribe = this.#table.subscribe((change) => {
      if (change.revision > since) this.#tell(change);
    });
    if (bookmarkMs !== undefined) void this.#bookmark(bookmarkMs);
    if (timeoutMs !== undefined) void this.#clock.sleep(timeoutMs, this.ended).then(() => this.close());
  }

  /** Ends with an ERROR event, as a server does whose history no longer reaches back. */
  fail(error: ApiError): void {
    this.#write(`{"type":"ERROR","object":${JSON.stringify(error.status)}}\n`);
    this.close();
  }

  /** From now on silent for ever, though the connection lives. */
  stall(): void {
    this.#isStalled = true;
  }

  close(): void {
    if (this.ended.aborted) return;
    this.release();
    this.#sink.end();
  }

  reset(): void {
    this.release();
    this.#sink.reset();
  }

  /** Lets go of the store; for when the client has gone. */
  release(): void {
    this.#unsubscribe();
    this.#ended.abort();
  }

  #catchUp(revision: number): void {
    if (revision > 0) {
      for (const change of this.#table.changesSince(revision)) this.#tell(change);
      return;
    }
    for (const version of this.#table.all()) {
      if (this.#options.choice(version.object)) this.#tellOf('ADDED', version);
    }
  }

  /** An object that a change takes out of the selection is a DELETED for this watch, and one brought in an ADDED. */
  #tell({ before, after, revision }: Change): void {
    const { choice } = this.#options;
    const wasChosen = before !== undefined && choice(before.object);
    if (after !== undefined && choice(after.object)) this.#tellOf(wasChosen ? 'MODIFIED' : 'ADDED', after);
    else if (wasChosen) this.#tellOf('DELETED', atRevision(before, revision));
  }

  #tellOf(type: 'ADDED' | 'MODIFIED' | 'DELETED', version: Version): void {
    this.#write(`{"type":"${type}","object":${version.jsonOf(this.#options.extent)}}\n`);
  }

  async #bookmark(periodMs: number): Promise<void> {
    while (!this.ended.aborted) {
      await this.#clock.sleep(periodMs, this.ended);
      if (this.ended.aborted) return;
      this.#write(`${JSON.stringify({ type: 'BOOKMARK', object: this.#milestone() })}\n`);
    }
  }

  /** An object of the watched kind that says nothing but how far the watch has come. */
  #milestone(): object {
    const { kind } = this.#table;
    const metadata = { resourceVersion: String(this.#store.revision), creationTimestamp: null };
    if (this.#options.extent === 'metadata') return toPartial(metadata);
    return { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata };
  }

  #write(line: string): void {
    if (this.#isStalled || this.ended.aborted) return;
    this.#sink.write(line);
    if (this.#sink.bufferedBytes() > maxBufferedBytes) this.reset();
  }
}

/** What a DELETED event shows: the last state under the revision of its end. */
function atRevision({ key, object }: Version, revision: number): Version {
  const metadata = { ...object.metadata, resourceVersion: String(revision) };
  return new Version(revision, key, { ...object, metadata });
}
