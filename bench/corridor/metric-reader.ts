import { setTimeout as sleep } from 'node:timers/promises';
import { type Place, toRequest } from '../shared/connection.js';
import { ConnectionPool } from '../shared/connection-pool.js';
import { metricPath, quantityOf } from './metric-set.js';

/** Where to read, and as whom. */
export interface ReadingPlace extends Place {
  readonly token: string;
}

const connections = 8;

/** Asks one replica for metrics, over a few kept-alive connections. */
export class MetricReader {
  readonly #pool: ConnectionPool;
  readonly #token: string;

  private constructor(pool: ConnectionPool, token: string) {
    this.#pool = pool;
    this.#token = token;
  }

  static async open(place: ReadingPlace): Promise<MetricReader> {
    const pool = new ConnectionPool(place);
    await pool.open(connections);
    return new MetricReader(pool, place.token);
  }

  /** As `open`, for a server that may not listen yet; rejects with the last reason when it takes longer than that. */
  static async openInTime(place: ReadingPlace, timeoutMs: number): Promise<MetricReader> {
    const deadlineAtMs = performance.now() + timeoutMs;
    for (;;) {
      try {
        return await MetricReader.open(place);
      } catch (error: unknown) {
        if (performance.now() > deadlineAtMs) throw error;
        await sleep(20);
      }
    }
  }

  /** The time that the metric's value is of; a fault where the answer is not right. */
  async timeOf(index: number): Promise<{ readonly time?: string; readonly fault?: string }> {
    const { status, body } = await this.#pool.ask(toRequest(metricPath(index), this.#token));
    const text = body.toString();
    const time = /"timestamp":"([^"]+)"/.exec(text)?.[1];
    if (status === 200 && time !== undefined && text.includes(`"value":"${quantityOf(index)}"`))
      return { time };
    return { fault: `metric ${index}: ${status} ${text.slice(0, 200)}` };
  }

  close(): void {
    this.#pool.close();
  }
}
