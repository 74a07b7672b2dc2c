import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Reply } from './client.js';
import type { Outcome, Recorder, Via } from './recorder.js';
import { pathOf, type WatchedMetric, watchedMetrics } from './watched.js';

/** Someone who can be asked, for as long as there is a client. */
export interface Source {
  readonly via: Via;
  /** `undefined` while it is not there to be asked. */
  client(): Client | undefined;
}

/** Asks one source for the watched metrics in turn, again and again, and records every answer. */
export async function keepReading(
  source: Source,
  recorder: Recorder,
  options: { readonly everyMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  for (let turn = 0; !options.signal.aborted; turn += 1) {
    const metric = watchedMetrics[turn % watchedMetrics.length];
    const client = source.client();
    // Not one after the other: an answer that hangs must not hide those after it.
    if (metric !== undefined && client !== undefined && underWay.size < 50) {
      const read = readOnce(source.via, client, metric, recorder);
      underWay.add(read);
      void read.finally(() => underWay.delete(read));
    }
    await sleep(options.everyMs);
  }
  await Promise.all(underWay);
}

async function readOnce(via: Via, client: Client, metric: WatchedMetric, recorder: Recorder): Promise<void> {
  const sentAtMs = Date.now();
  const outcome = await client.get(pathOf(metric)).then(
    (reply) => outcomeOf(reply, metric),
    (error: unknown): Outcome => ({ kind: 'broken', message: String(error) }),
  );
  recorder.answer({ via, metric, sentAtMs, receivedAtMs: Date.now(), outcome });
}

/** What a reply says; one that is no `metav1.Status` has no reason, which no rule forgives. */
export function outcomeOf({ status, body }: Reply, metric: WatchedMetric): Outcome {
  const parsed = parse(body);
  if (status !== 200) {
    const { reason = '', message = body } = parsed;
    return { kind: 'refused', status, reason, message };
  }
  const [item, ...others] = parsed.items ?? [];
  const value = toNumber(item?.value ?? '');
  const timestampMs = Date.parse(item?.timestamp ?? '');
  const isWhole =
    others.length === 0 && item?.metricName === metric.name && value !== undefined && timestampMs > 0;
  return isWhole ? { kind: 'value', value, timestampMs } : { kind: 'misshapen', body };
}

interface Parsed {
  readonly reason?: string;
  readonly message?: string;
  readonly items?: readonly {
    readonly metricName?: string;
    readonly value?: string;
    readonly timestamp?: string;
  }[];
}

function parse(body: string): Parsed {
  try {
    return JSON.parse(body) as Parsed;
  } catch {
    return {}; // its text is then the message
  }
}

/** The values here are whole; a quantity may still shorten them by a suffix. */
function toNumber(quantity: string): number | undefined {
  const match = /^(\d+)([kMG]?)$/.exec(quantity);
  if (match === null) return undefined;
  return Number(match[1]) * ({ k: 1e3, M: 1e6, G: 1e9 }[match[2] ?? ''] ?? 1);
}
