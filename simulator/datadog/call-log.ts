import type { IncomingMessage } from 'node:http';

/** One request, as it is remembered: keys are never kept, neither those of the headers nor those of the URL. */
export interface RecordedCall {
  readonly atMonotonicMs: number;
  readonly method: string;
  /** Without the query string. */
  readonly path: string;
  /** The single queries of a call to `/api/v1/query`, in order. */
  readonly queries: readonly string[];
  /** Characters of path and query string, encoded as they came. */
  readonly urlLength: number;
  readonly headers: Readonly<Record<string, string>>;
  /** `undefined` while no answer has gone out: late, hanging or reset. */
  readonly status: number | undefined;
  /** Of the answer's body, compressed if it was; `undefined` as long as `status` is. */
  readonly sentBytes: number | undefined;
}

/** Something that a correct client never does. */
export interface Violation {
  readonly kind: 'keyInUrl' | 'urlTooLong' | 'tooManyQueries';
  readonly path: string;
  readonly detail: string;
}

/** A recorded call whose answer is still to come. */
export class OpenCall implements RecordedCall {
  readonly atMonotonicMs: number;
  readonly method: string;
  readonly path: string;
  readonly queries: readonly string[];
  readonly urlLength: number;
  readonly headers: Readonly<Record<string, string>>;
  status: number | undefined = undefined;
  sentBytes: number | undefined = undefined;

  constructor(call: Omit<RecordedCall, 'status' | 'sentBytes'>) {
    this.atMonotonicMs = call.atMonotonicMs;
    this.method = call.method;
    this.path = call.path;
    this.queries = call.queries;
    this.urlLength = call.urlLength;
    this.headers = call.headers;
  }
}

const secretHeader = /key|authorization|cookie|token|secret/;

/** The headers of a request without those that carry secrets. */
export function harmlessHeaders(message: IncomingMessage): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined && !secretHeader.test(name)) headers[name] = String(value);
  }
  return headers;
}
