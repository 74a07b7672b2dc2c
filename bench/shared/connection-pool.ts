import { messageOf } from '../../core/fault.js';
import { type Answer, type Connection, dial, type Place } from './connection.js';

/** So many handshakes are under way at once while the pool is opened. */
const handshakesAtOnce = 32;

/** Many connections to one server. Whoever asks gets the one that rests longest, and waits where none does. */
export class ConnectionPool {
  readonly #place: Place;
  readonly #idle: Connection[] = [];
  readonly #waiting: ((connection: Connection) => void)[] = [];
  #renewed = 0;
  #isClosed = false;

  constructor(place: Place) {
    this.#place = place;
  }

  /** Connections that had to be replaced. */
  get renewed(): number {
    return this.#renewed;
  }

  async open(count: number): Promise<void> {
    let left = count;
    const dialOneByOne = async (): Promise<void> => {
      for (; left > 0; this.#idle.push(await dial(this.#place))) left -= 1;
    };
    await Promise.all(Array.from({ length: Math.min(count, handshakesAtOnce) }, dialOneByOne));
  }

  /** Status 0, and the reason as the body, where there was no answer. */
  async ask(request: string): Promise<Answer> {
    const connection = this.#idle.shift() ?? (await new Promise<Connection>((go) => this.#waiting.push(go)));
    try {
      const answer = await connection.ask(request);
      this.#release(connection);
      return answer;
    } catch (error: unknown) {
      void this.#renew();
      return { status: 0, body: Buffer.from(messageOf(error)) };
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of this.#idle) connection.close();
  }

  #release(connection: Connection): void {
    const next = this.#waiting.shift();
    if (this.#isClosed) connection.close();
    else if (next === undefined) this.#idle.push(connection);
    else next(connection);
  }

  async #renew(): Promise<void> {
    this.#renewed += 1;
    try {
      this.#release(await dial(this.#place));
    } catch {
      // One connection fewer; the question that it failed has been counted as unanswered.
    }
  }
}
