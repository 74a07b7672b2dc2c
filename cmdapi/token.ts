import { createHash, timingSafeEqual } from 'node:crypto';
import { shortestToken } from '../config/name-parsers.js';

/** Whose token opens a door: that of the node agents, or the one that commands on this machine share with the server. */
export type Credential = 'agents' | 'local';

/** A shared secret that can be compared with, and neither read nor printed. */
export class Token {
  readonly #digest: Buffer;

  /** Throws `RangeError` for a secret that is too short to be one: no request must ever match an empty token. */
  constructor(secret: string) {
    if (secret.length < shortestToken)
      throw new RangeError(`a token of ${secret.length} characters is no secret`);
    this.#digest = digestOf(secret);
  }

  /** Takes the same time whatever the candidate has in common with the secret, its length included. */
  matches(candidate: string): boolean {
    return timingSafeEqual(this.#digest, digestOf(candidate));
  }
}

export type Tokens = Readonly<Record<Credential, Token>>;

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
