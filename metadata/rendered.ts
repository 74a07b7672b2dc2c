import { LRUCache } from 'lru-cache';

interface Entry {
  /** What it was rendered from: an object or number that is another one after each change. */
  readonly source: unknown;
  readonly body: Buffer;
}

/** Answers as they were written, for as long as what they were written from stays the same, within a bound of bytes. */
export class Rendered {
  readonly #entries: LRUCache<string, Entry>;

  constructor(options: { readonly maxBytes: number }) {
    this.#entries = new LRUCache<string, Entry>({
      maxSize: options.maxBytes,
      sizeCalculation: ({ body }, key) => body.length + key.length + overheadBytes,
    });
  }

  of(key: string, source: unknown, render: () => Buffer): Buffer {
    const known = this.#entries.get(key);
    if (known !== undefined && known.source === source) return known.body;
    const body = render();
    this.#entries.set(key, { source, body });
    return body;
  }
}

/** What an entry costs beside its bytes, about. */
const overheadBytes = 200;
