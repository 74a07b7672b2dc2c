import type { Clock } from '../../core/clock.js';
import type { User } from '../../core/user.js';
import { isMatch, type RequestMatch } from './faults.js';
import type { RequestInfo } from './request-info.js';

/** One request as the stand-in saw it. Tokens and bodies are not kept. */
export interface RecordedRequest {
  readonly method: string;
  /** With its query. */
  readonly url: string;
  /** Empty where the path leads to no resource; so are the fields up to `subresource`. */
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  readonly userAgent: string;
  /** Empty for a credential that proved nothing. */
  readonly user: string;
  /** 0 until, and unless, an answer begins. */
  readonly status: number;
  /** Of the body of the request. */
  readonly requestBytes: number;
  /** Of the body of the answer; grows while a watch lives. */
  readonly bytes: number;
  readonly atMonotonicMs: number;
}

/** A record under way. */
export interface OpenRecord {
  status: number;
  requestBytes: number;
  bytes: number;
}

interface Entry {
  readonly info: RequestInfo;
  readonly user: User | undefined;
  readonly seen: Omit<RecordedRequest, keyof OpenRecord>;
  readonly open: OpenRecord;
}

/** Remembers the last requests. */
export class Recorder {
  readonly #clock: Clock;
  readonly #maxRequests: number;
  #entries: Entry[] = [];

  constructor(ports: { readonly clock: Clock }, options: { readonly maxRequests: number }) {
    this.#clock = ports.clock;
    this.#maxRequests = options.maxRequests;
  }

  begin(info: RequestInfo, user: User | undefined, userAgent: string): OpenRecord {
    const target = info.target;
    const seen = {
      method: info.method,
      url: info.path + info.rawQuery,
      verb: target?.resource ? target.verb : '',
      group: target?.group ?? '',
      resource: target?.resource ?? '',
      namespace: target?.namespace ?? '',
      name: target?.name ?? '',
      subresource: target?.subresource ?? '',
      userAgent,
      user: user?.name ?? '',
      atMonotonicMs: this.#clock.monotonicMs(),
    };
    const open = { status: 0, requestBytes: 0, bytes: 0 };
    this.#entries.push({ info, user, seen, open });
    if (this.#entries.length > 2 * this.#maxRequests) this.#entries = this.#entries.slice(-this.#maxRequests);
    return open;
  }

  /** Oldest first. */
  list(match: RequestMatch): readonly RecordedRequest[] {
    return this.#entries
      .filter((entry) => isMatch(match, entry.info, entry.user))
      .map((entry) => ({ ...entry.seen, ...entry.open }));
  }

  clear(): void {
    this.#entries = [];
  }
}
