import type { ClusterEvent } from '../core/cluster-event.js';
import { Fault } from '../core/fault.js';
import type { Logger } from '../core/log.js';
import { fail, ok, type Result } from '../core/result.js';
import type { KubeApi } from './api.js';
import { parseClusterEvent } from './event-object.js';
import { toText, valueAt } from './json.js';
import { faultOfStatus } from './status.js';
import { parseEvent, type Slimmed, slim } from './view.js';

/** What came together: events in the order in which they came, and how far the reader has got with them. */
export interface EventChunk {
  readonly events: readonly ClusterEvent[];
  /** All events up to this revision have been given; `undefined` amid a list, whose order is by name. */
  readonly revision: string | undefined;
}

export interface EventLogPorts {
  readonly client: KubeApi;
  readonly log: Logger;
  /** A number in [0, 1), for jitter. */
  readonly random: () => number;
}

export interface EventLogOptions {
  /** Events with these reasons are not asked for. */
  readonly filteredReasons: readonly string[];
  /** How long a watch lasts, at most. */
  readonly watchSeconds: number;
  /** Default 500. */
  readonly pageSize?: number;
}

/** Where events are served. Both are views of the same objects, with the same revisions. */
const places = ['/apis/events.k8s.io/v1/events', '/api/v1/events'] as const;
type Place = (typeof places)[number];

/** A page's token can expire while its list is under way; to begin anew for ever is not normal. */
const maxRestarts = 10;

/** The cluster's events: those that are stored, and those to come. */
export class EventLog {
  readonly #ports: EventLogPorts;
  readonly #options: EventLogOptions;
  #place: Place | undefined;
  #unreadable = 0;

  constructor(ports: EventLogPorts, options: EventLogOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /**
   * The newest revision of the cluster: what a watch begins after must not lie beyond it, since etcd would wait for it
   * in silence.
   */
  async current(signal: AbortSignal): Promise<Result<string, Fault>> {
    const located = await this.#locate(signal);
    return located.ok ? ok(located.value.revision) : located;
  }

  /**
   * All events that are stored, page by page; the next page is asked for when this one has been taken. The last chunk
   * has the revision of the list. It ends after a fault.
   */
  async *list(signal: AbortSignal): AsyncGenerator<Result<EventChunk, Fault>, void, undefined> {
    const located = await this.#locate(signal);
    if (!located.ok) return yield located;
    const { place } = located.value;
    let [first, next]: (string | undefined)[] = [];
    for (let restarts = 0; ; ) {
      const query = { limit: this.#options.pageSize ?? 500, continue: next, fieldSelector: this.#selector() };
      const page = await this.#ports.client.request('GET', place, { query }, signal);
      if (!page.ok) {
        if (page.error.code !== 'kube.gone' || next === undefined || restarts === maxRestarts)
          return yield page;
        [first, next, restarts] = [undefined, undefined, restarts + 1];
        continue;
      }
      const items: unknown = valueAt(page.value, 'items') ?? [];
      first ??= toText(valueAt(page.value, 'metadata', 'resourceVersion'));
      if (first === undefined || !Array.isArray(items)) return yield fail(noList(place));
      next = toText(valueAt(page.value, 'metadata', 'continue'));
      const events = items.flatMap((item: unknown) =>
        this.#usable(slim(item, { toItem: parseClusterEvent })),
      );
      yield ok({ events, revision: next === undefined ? first : undefined });
      if (next === undefined) return;
    }
  }

  /**
   * Events that came, or came again, after `revision`, in their order. Those that the API server deletes are passed over.
   * Ends with the watch, which lasts a bounded time, or after a fault; `kube.gone`: the revision is too old, or none that
   * this cluster has had.
   */
  async *watch(
    revision: string,
    signal: AbortSignal,
  ): AsyncGenerator<Result<EventChunk, Fault>, void, undefined> {
    if (this.#place === undefined) {
      const located = await this.#locate(signal);
      if (!located.ok) return yield located;
    }
    const place = this.#place ?? places[0];
    const { watchSeconds } = this.#options;
    const timeoutSeconds = Math.max(1, Math.round(watchSeconds * (1 - 0.2 * this.#ports.random())));
    const query = {
      watch: true,
      allowWatchBookmarks: true,
      timeoutSeconds,
      resourceVersion: revision,
      fieldSelector: this.#selector(),
    };
    const call = { query, silenceMs: (watchSeconds + 15) * 1000 };
    for await (const lines of this.#ports.client.stream(place, call, signal)) {
      if (!lines.ok) {
        this.#forgetPlaceAfter(lines.error);
        return yield lines;
      }
      const { chunk, fault } = this.#take(place, lines.value);
      if (chunk.events.length > 0 || chunk.revision !== undefined) yield ok(chunk);
      if (fault !== undefined) return yield fail(fault);
    }
  }

  /** What a watch brought in one go, up to an error among it. */
  #take(
    path: string,
    lines: readonly unknown[],
  ): { readonly chunk: EventChunk; readonly fault: Fault | undefined } {
    const events: ClusterEvent[] = [];
    let revision: string | undefined;
    for (const line of lines) {
      const event = parseEvent(line, { toItem: parseClusterEvent });
      if (event.kind === 'error')
        return { chunk: { events, revision }, fault: faultOfStatus(`WATCH ${path}`, event.status) };
      if (event.kind === 'unknown') continue;
      if (event.kind === 'put') events.push(...this.#usable(event.slimmed));
      revision = event.revision ?? revision;
    }
    return { chunk: { events, revision }, fault: undefined };
  }

  #usable({ key, item, problem }: Slimmed<ClusterEvent>): ClusterEvent[] {
    if (item !== undefined) return [item];
    // Once is enough: a thousand lines would say no more.
    if (this.#unreadable === 0)
      this.#ports.log.warn({ event: key, problem }, 'an event cannot be read and is left out');
    this.#unreadable += 1;
    return [];
  }

  /** A cluster may change, and rights may: so before each list the better place is tried first. */
  async #locate(
    signal: AbortSignal,
  ): Promise<Result<{ readonly place: Place; readonly revision: string }, Fault>> {
    const faults: Fault[] = [];
    for (const place of places) {
      const tried = await this.#ports.client.request('GET', place, { query: { limit: 1 } }, signal);
      if (tried.ok) {
        const revision = toText(valueAt(tried.value, 'metadata', 'resourceVersion'));
        if (revision === undefined) return fail(noList(place));
        return ok({ place: this.#choose(place, faults[0]), revision });
      }
      if (tried.error.code !== 'kube.not_found' && tried.error.code !== 'kube.denied') return tried;
      faults.push(tried.error);
    }
    const [first, second] = faults as [Fault, Fault];
    // The right for either does; the newer one is the one to grant.
    const message = second.code === 'kube.denied' ? first.message : `${first.message}; and ${second.message}`;
    return fail(
      new Fault(first.code === 'kube.denied' ? first.code : second.code, message, { cause: second }),
    );
  }

  #choose(place: Place, because: Fault | undefined): Place {
    if (place !== this.#place)
      this.#ports.log.info(
        { place, ...(because && { because: because.message }) },
        'reading the events of the cluster',
      );
    this.#place = place;
    return place;
  }

  #forgetPlaceAfter(fault: Fault): void {
    if (fault.code === 'kube.denied' || fault.code === 'kube.not_found') this.#place = undefined;
  }

  #selector(): string | undefined {
    const { filteredReasons } = this.#options;
    return filteredReasons.length === 0
      ? undefined
      : filteredReasons.map((reason) => `reason!=${escapeSelector(reason)}`).join(',');
  }
}

function noList(place: Place): Fault {
  return new Fault('kube.unreachable', `GET ${place}: the answer is no Kubernetes list`);
}

/** As Kubernetes escapes values of field selectors: `\`, `,` and `=`. */
function escapeSelector(value: string): string {
  return value.replaceAll(/[\\,=]/g, '\\$&');
}
