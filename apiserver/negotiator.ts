import { LRUCache } from 'lru-cache';
import { type Clause, chooseEncoding, type Encoding, parseAccept } from './accept.js';
import type { Form } from './encode.js';
import type { AnyRequest } from './peer.js';

const maxRememberedLength = 512;

/** Chooses the form of answers by what requests accept. It remembers headers: clients send few different ones. */
export class Negotiator {
  readonly #remembered = new LRUCache<string, readonly Clause[]>({ max: 256 });

  /** The clauses of a request's `Accept` header, most wanted first. */
  clausesOf(request: AnyRequest): readonly Clause[] {
    const header = request.headers.accept ?? '';
    const known = this.#remembered.get(header);
    if (known !== undefined) return known;
    const clauses = parseAccept(header);
    if (header.length <= maxRememberedLength) this.#remembered.set(header, clauses);
    return clauses;
  }

  /**
   * The form for an object, or `undefined` when none of those offered is accepted. JSON comes indented when `isPretty`
   * says so or, without its word, to the tools of people.
   */
  formOf(request: AnyRequest, offered: readonly Encoding[], isPretty: boolean | undefined): Form | undefined {
    const encoding = chooseEncoding(this.clausesOf(request), offered);
    return encoding === 'json' && (isPretty ?? isReadByPeople(request)) ? 'pretty' : encoding;
  }
}

function isReadByPeople(request: AnyRequest): boolean {
  const agent = request.headers['user-agent'] ?? '';
  return agent.startsWith('curl') || agent.startsWith('Wget') || agent.startsWith('Mozilla/5.0');
}
