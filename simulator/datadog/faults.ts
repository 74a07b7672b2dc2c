/** What can go wrong with a whole request, on any path. */
export type RequestFault =
  /** The answer comes late; latencies of several faults add up. */
  | { readonly kind: 'latency'; readonly ms: number }
  /** The answer never comes; with `at: 'body'` it stops after half of the body. */
  | { readonly kind: 'hang'; readonly at?: 'start' | 'body' }
  /** The connection breaks instead of an answer; with `at: 'body'` after half of the body. */
  | { readonly kind: 'reset'; readonly at?: 'start' | 'body' }
  /** A status with the body that Datadog gives with it; `headers` are added and win, `withoutHeaders` are left out. */
  | {
      readonly kind: 'status';
      readonly status: 400 | 403 | 413 | 422 | 429 | 500 | 502 | 503;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly withoutHeaders?: readonly string[];
    }
  /** 200 with the first half of the body, as if that were all. */
  | { readonly kind: 'truncated' }
  /** 200 with a web page, as a captive proxy gives. */
  | { readonly kind: 'html' };

/** What can go wrong with an answer of `/api/v1/query` as a whole. */
export type AnswerFault =
  /** 200 with `status: "error"`. */
  | { readonly kind: 'errorBody'; readonly message?: string }
  /** The series stand in reverse, so that order is no guide and yet a run can be repeated. */
  | { readonly kind: 'shuffled' };

/** What can go wrong with the series of one query. A query without series is left alone by all of them. */
export type SeriesFault =
  | { readonly kind: 'noSeries' }
  | { readonly kind: 'noPoints' }
  | { readonly kind: 'nulls' }
  /** Every point has this value: NaN (a bare token), Infinity (`1e999`), a negative or a huge number. */
  | { readonly kind: 'value'; readonly value: number }
  /** The newest bucket alone has this value: it is incomplete. */
  | { readonly kind: 'newestValue'; readonly value: number | null }
  /** All points are dated later, or earlier with a negative number: old points only. */
  | { readonly kind: 'shifted'; readonly bySeconds: number }
  /** One point more, so far after the newest. */
  | { readonly kind: 'futurePoint'; readonly aheadSeconds: number }
  | { readonly kind: 'noIndex' }
  /** Another `query_index`: that of a neighbour, or one that no query has. */
  | { readonly kind: 'index'; readonly index: number }
  /** As many series as `count` (default 2), by an additional tag. */
  | { readonly kind: 'severalSeries'; readonly count?: number };

export type DatadogFault = RequestFault | AnswerFault | SeriesFault;

/** A fault that meets one request. Without a `query` it concerns all of them. */
export interface ActiveFault {
  readonly fault: DatadogFault;
  readonly query?: string;
}

export const queryPath = '/api/v1/query';

interface Standing {
  readonly fault: DatadogFault;
  readonly path: string;
  /** Only requests with a query that matches. */
  readonly pattern?: RegExp;
}

interface Counted extends Standing {
  remaining: number;
}

/** The faults that a test has ordered. Those for a number of requests come first, then by query, then the lasting ones. */
export class FaultBook {
  #counted: Counted[] = [];
  #byQuery: Standing[] = [];
  #lasting: Standing[] = [];

  /** True as long as nothing is ordered; the way without faults is the fast one. */
  get isEmpty(): boolean {
    return this.#counted.length + this.#byQuery.length + this.#lasting.length === 0;
  }

  /** The next `count` requests to `path`. Orders for one path queue up: each request takes one. */
  next(count: number, fault: DatadogFault, path = queryPath): void {
    refuseMisplaced(fault, path);
    this.#counted.push({ fault, path, remaining: count });
  }

  /** Every request to `path` until `clear`, or until the function that it returns is called. */
  always(fault: DatadogFault, path = queryPath): () => void {
    refuseMisplaced(fault, path);
    const standing = { fault, path };
    this.#lasting.push(standing);
    return () => {
      this.#lasting = this.#lasting.filter((other) => other !== standing);
    };
  }

  /**
   * Every query whose text matches. A series fault harms that query alone; any other harms the whole batch that the
   * query is in, as Datadog does. The function that it returns takes the order back.
   */
  forQuery(pattern: RegExp, fault: DatadogFault): () => void {
    const standing = { fault, path: queryPath, pattern };
    this.#byQuery.push(standing);
    return () => {
      this.#byQuery = this.#byQuery.filter((other) => other !== standing);
    };
  }

  clear(): void {
    this.#counted = [];
    this.#byQuery = [];
    this.#lasting = [];
  }

  /** What meets this request; an order for a number of requests is used up by one. */
  take(path: string, queries: readonly string[]): readonly ActiveFault[] {
    const active: ActiveFault[] = [];
    const counted = this.#counted.find((order) => order.path === path);
    if (counted !== undefined) {
      active.push({ fault: counted.fault });
      counted.remaining -= 1;
      this.#counted = this.#counted.filter((order) => order.remaining > 0);
    }
    for (const { fault, pattern, path: wantedPath } of [...this.#byQuery, ...this.#lasting]) {
      if (wantedPath !== path) continue;
      if (pattern === undefined) active.push({ fault });
      else
        active.push(
          ...queries.filter((query) => query.search(pattern) >= 0).map((query) => ({ fault, query })),
        );
    }
    return active;
  }
}

function refuseMisplaced(fault: DatadogFault, path: string): void {
  if (path === queryPath || isRequestFault(fault)) return;
  throw new RangeError(`fault '${fault.kind}' makes sense for ${queryPath} only, not for ${path}`);
}

export function isRequestFault(fault: DatadogFault): fault is RequestFault {
  switch (fault.kind) {
    case 'latency':
    case 'hang':
    case 'reset':
    case 'status':
    case 'truncated':
    case 'html':
      return true;
    case 'errorBody':
    case 'shuffled':
    case 'noSeries':
    case 'noPoints':
    case 'nulls':
    case 'value':
    case 'newestValue':
    case 'shifted':
    case 'futurePoint':
    case 'noIndex':
    case 'index':
    case 'severalSeries':
      return false;
  }
}
