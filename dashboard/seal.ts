import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../core/clock.js';

/** What a sealed text is good for; one for one thing opens nothing else. */
export type SealPurpose = 'entry' | 'session';

/** A code to open the page with is for the moment in which it is printed. */
export const entryLifetimeMs = 5 * 60_000;
export const sessionLifetimeMs = 12 * 3_600_000;

/** Texts that only a holder of the local token can have made, that end by themselves, and that do not hold the token. */
export class Seal {
  readonly #secret: string;
  readonly #clock: Pick<Clock, 'nowMs'>;

  constructor(secret: string, clock: Pick<Clock, 'nowMs'>) {
    this.#secret = secret;
    this.#clock = clock;
  }

  make(purpose: SealPurpose, lifetimeMs: number): string {
    const body = `${Math.round(this.#clock.nowMs() + lifetimeMs)}.${randomBytes(16).toString('base64url')}`;
    return `${body}.${this.#mark(purpose, body).toString('base64url')}`;
  }

  /** When it ends; `undefined`: ended, for something else, or not made with this secret. */
  open(purpose: SealPurpose, text: string): number | undefined {
    const match = /^((\d{1,16})\.[\w-]{22})\.([\w-]{43})$/.exec(text);
    if (match === null) return undefined;
    const [, body = '', endsAt = '', mark = ''] = match;
    const isOurs = timingSafeEqual(this.#mark(purpose, body), Buffer.from(mark, 'base64url'));
    return isOurs && Number(endsAt) > this.#clock.nowMs() ? Number(endsAt) : undefined;
  }

  #mark(purpose: SealPurpose, body: string): Buffer {
    return createHmac('sha256', this.#secret).update(`page ${purpose} ${body}`).digest();
  }
}

/** Codes that were used already, until they would have ended anyway. */
export class UsedCodes {
  readonly #endsAtMs = new Map<string, number>();

  /** Whether this is its first use. */
  use(code: string, endsAtMs: number, nowMs: number): boolean {
    for (const [known, end] of this.#endsAtMs) if (end <= nowMs) this.#endsAtMs.delete(known);
    if (this.#endsAtMs.has(code)) return false;
    this.#endsAtMs.set(code, endsAtMs);
    return true;
  }
}
