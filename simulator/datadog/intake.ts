import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { type Clock, systemClock } from '../../core/clock.js';
import { fail, ok, type Result } from '../../core/result.js';
import { Recent } from './recent.js';
import { json, type Reply, refuse } from './reply.js';

/** A JSON object as a client sent it. */
export type Payload = Readonly<Record<string, unknown>>;

/** What arrives here is older than this: https://docs.datadoghq.com/api/latest/events/. */
const oldestEventSeconds = 18 * 3600;
/** The largest body that metrics may be sent in: https://docs.datadoghq.com/api/latest/metrics/. */
export const maxBodyBytes = 3_200_000;
const maxInflatedBytes = 62_914_560;

const unzip = { gzip: promisify(gunzip), deflate: promisify(inflate) };

/** Takes events, service checks and metrics, and remembers what was accepted. */
export class Intake {
  readonly #clock: Clock;
  readonly #events: Recent<Payload>;
  readonly #checkRuns: Recent<Payload>;
  readonly #series: Recent<Payload>;
  #nextEventId = 6_327_818_702_635_911_562n;

  constructor(ports: { readonly clock?: Clock }, options: { readonly maxRecords: number }) {
    this.#clock = ports.clock ?? systemClock;
    this.#events = new Recent(options.maxRecords);
    this.#checkRuns = new Recent(options.maxRecords);
    this.#series = new Recent(options.maxRecords);
  }

  get events(): readonly Payload[] {
    return this.#events.list;
  }

  get checkRuns(): readonly Payload[] {
    return this.#checkRuns.list;
  }

  /** The single series of all payloads. */
  get series(): readonly Payload[] {
    return this.#series.list;
  }

  clear(): void {
    this.#events.clear();
    this.#checkRuns.clear();
    this.#series.clear();
  }

  /** Takes a POST to one of the intake paths. */
  async receive(path: string, body: Buffer, encoding: string | undefined): Promise<Reply> {
    const payload = await decode(body, encoding);
    if (!payload.ok) return payload.error;
    switch (path) {
      case '/api/v1/events':
        return this.#takeEvent(payload.value);
      case '/api/v1/check_run':
        return this.#takeCheckRuns(payload.value);
      case '/api/v1/series':
        return this.#takeSeries(payload.value);
      default:
        return refuse(404, 'Not found');
    }
  }

  #takeEvent(payload: unknown): Reply {
    if (!isPayload(payload) || typeof payload['title'] !== 'string' || typeof payload['text'] !== 'string') {
      return refuse(400, 'An event needs a title and a text');
    }
    const nowSeconds = Math.floor(this.#clock.nowMs() / 1000);
    const happenedSeconds = payload['date_happened'] ?? nowSeconds;
    if (typeof happenedSeconds !== 'number') return refuse(400, 'date_happened must be a number of seconds');
    if (happenedSeconds < nowSeconds - oldestEventSeconds) {
      return refuse(400, 'Event too far in the past', { 'content-type': 'text/plain; charset=utf-8' });
    }
    this.#events.add(payload);
    return json(202, JSON.stringify({ status: 'ok', event: this.#toEvent(payload, happenedSeconds) }));
  }

  /** The identifier has more digits than a JSON number holds, so `id` is rounded and `id_str` is exact. */
  #toEvent(payload: Payload, happenedSeconds: number): Payload {
    const id = this.#nextEventId;
    this.#nextEventId += 1n;
    return {
      id: Number(id),
      id_str: String(id),
      title: payload['title'],
      text: payload['text'],
      date_happened: happenedSeconds,
      handle: null,
      priority: payload['priority'] ?? null,
      related_event_id: payload['related_event_id'] ?? null,
      tags: payload['tags'] ?? null,
      url: `https://app.datadoghq.com/event/event?id=${id}`,
    };
  }

  #takeCheckRuns(payload: unknown): Reply {
    const runs: readonly unknown[] = Array.isArray(payload) ? payload : [payload];
    if (
      !runs.every((run) => isPayload(run) && typeof run['check'] === 'string' && isCheckStatus(run['status']))
    ) {
      return refuse(400, 'A service check needs a check and a status of 0 to 3');
    }
    for (const run of runs.filter(isPayload)) this.#checkRuns.add(run);
    return accepted;
  }

  #takeSeries(payload: unknown): Reply {
    const list: unknown = isPayload(payload) ? payload['series'] : undefined;
    const series: readonly unknown[] = Array.isArray(list) ? list : [undefined];
    if (
      !series.every(
        (one) => isPayload(one) && typeof one['metric'] === 'string' && Array.isArray(one['points']),
      )
    ) {
      return refuse(400, 'Each series needs a metric and points');
    }
    for (const one of series.filter(isPayload)) this.#series.add(one);
    return accepted;
  }
}

const accepted: Reply = { status: 202, headers: { 'content-type': 'text/json' }, body: '{"status": "ok"}' };

function isPayload(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCheckStatus(value: unknown): boolean {
  return value === 0 || value === 1 || value === 2 || value === 3;
}

async function decode(body: Buffer, encoding: string | undefined): Promise<Result<unknown, Reply>> {
  if (body.length > maxBodyBytes) return fail(refuse(413, 'Payload too large'));
  try {
    const isZipped = encoding === 'gzip' || encoding === 'deflate';
    const text = isZipped ? await unzip[encoding](body, { maxOutputLength: maxInflatedBytes }) : body;
    return ok(JSON.parse(text.toString('utf8')));
  } catch (error: unknown) {
    const isTooLarge = error instanceof RangeError;
    return fail(
      isTooLarge ? refuse(413, 'Payload too large') : refuse(400, 'Payload is not in the expected format'),
    );
  }
}
