import type { Clock } from '../core/clock.js';
import type { Component, Health } from '../core/component.js';
import { Fault } from '../core/fault.js';
import type { Logger } from '../core/log.js';
import { Outage } from '../core/outage.js';
import { ok, type Result } from '../core/result.js';
import type { KubeApi } from './api.js';
import { type Collection, listAll } from './list.js';
import type { Mirror } from './mirror.js';
import { Problems } from './problems.js';
import { faultOfStatus } from './status.js';
import { startTimeLimit } from './time-limit.js';
import { parseEvent, type Slimming } from './view.js';
import { afterWatch, type WatchEnd } from './watch-end.js';

/** What is reflected: where it is served, and what of each object is kept. */
export interface Reflected<T> extends Slimming<T> {
  /** Asked before each list, with the fault of the list before, if that failed. */
  readonly locate: (lastFault: Fault | undefined, signal: AbortSignal) => Promise<Result<Collection, Fault>>;
  /** The media types to ask for; default JSON of the whole objects. */
  readonly accept?: { readonly list: string; readonly watch: string };
  /** See `StreamCall.inBrief`. */
  readonly inBrief?: (line: string) => unknown;
}

export interface ReflectionPorts<T> {
  readonly client: KubeApi;
  readonly clock: Clock;
  readonly log: Logger;
  readonly reflected: Reflected<T>;
  readonly mirror: Mirror<T>;
  /** A number in [0, 1), for jitter. */
  readonly random: () => number;
}

export interface ReflectionOptions {
  /** For logs and health: "autoscalers". */
  readonly name: string;
  /** Objects a page; default 500. */
  readonly pageSize?: number;
  /**
   * How long the server is asked to keep a watch open, at most; default 60 s. A quiet collection is not known
   * to be fresh for longer.
   */
  readonly watchSeconds?: number;
  /** The longest silence of a watch; default `watchSeconds` and 15 s. */
  readonly silenceMs?: number;
  /** Everything is listed again at least this often; default 300 s. */
  readonly resyncMs?: number;
}

/**
 * Keeps a mirror of a collection in step with the API server: a list by pages, then a watch from there on,
 * and both again after any failure, with growing jittered waits of at most 30 s. It never gives up.
 */
export class Reflection<T> implements Component {
  readonly name: string;
  readonly #ports: ReflectionPorts<T>;
  readonly #options: Required<ReflectionOptions>;
  readonly #random: () => number;
  readonly #listing: Outage;
  readonly #watching: Outage;
  readonly #problems: Problems;
  readonly #listeners = new Set<() => void>();
  #hasSynced = false;
  #heardAtMs = Number.NEGATIVE_INFINITY;
  #lastListFault: Fault | undefined;

  constructor(ports: ReflectionPorts<T>, options: ReflectionOptions) {
    const { name, watchSeconds = 60 } = options;
    this.name = name;
    this.#ports = ports;
    this.#options = {
      name,
      pageSize: options.pageSize ?? 500,
      watchSeconds,
      silenceMs: options.silenceMs ?? (watchSeconds + 15) * 1000,
      resyncMs: options.resyncMs ?? 300_000,
    };
    this.#random = ports.random;
    this.#problems = new Problems({
      tell: (object, problem) =>
        ports.log.warn({ object, problem }, `${name}: an object cannot be used and is left out`),
    });
    const outagePorts = { clock: ports.clock, log: ports.log, random: this.#random };
    const recovered = (verb: string): string => `${name}: the API server can be ${verb} again`;
    this.#listing = new Outage(outagePorts, {
      trouble: `${name}: cannot be listed`,
      recovered: recovered('listed'),
      quietFailures: 0,
    });
    this.#watching = new Outage(outagePorts, {
      trouble: `${name}: cannot be watched`,
      recovered: recovered('watched'),
      quietFailures: 2,
    });
  }

  /** Whether a complete list has ever arrived; from then on the mirror shows a truth, if an old one. */
  hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Since the last list, event, bookmark or orderly end of a watch; `Infinity` before the first list. */
  staleForMs(): number {
    return this.#ports.clock.monotonicMs() - this.#heardAtMs;
  }

  /**
   * Calls `listener` after the first list, and then after each change that counts: once for what came
   * together.
   */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  health(): Health {
    const trouble = this.#listing.trouble ?? this.#watching.trouble;
    if (!this.#hasSynced)
      return { state: 'starting', detail: `${this.name}: ${trouble ?? 'waiting for the first list'}` };
    const staleForMs = this.staleForMs();
    if (trouble === undefined && staleForMs <= this.#options.silenceMs) return { state: 'ready' };
    const detail = `${this.name}: ${trouble ?? 'the watch is silent'}`;
    return { state: 'degraded', detail: `${detail}; last heard of ${Math.round(staleForMs / 1000)} s ago` };
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const listed = await this.#list(signal);
      if (signal.aborted) return;
      this.#lastListFault = listed.ok ? undefined : listed.error;
      if (listed.ok) {
        this.#listing.over();
        await this.#follow(listed.value, signal);
      } else {
        await this.#listing.pause(listed.error, signal);
      }
    }
  }

  /** Lists everything into the mirror. */
  async #list(signal: AbortSignal): Promise<Result<Place, Fault>> {
    const startedAtMs = this.#ports.clock.monotonicMs();
    const { client, reflected, mirror } = this.#ports;
    const located = await reflected.locate(this.#lastListFault, signal);
    if (!located.ok) return located;
    const collection = located.value;
    const both: Pick<Mirror<T>, 'begin' | 'list'> = {
      begin: () => {
        mirror.begin();
        this.#problems.begin();
      },
      list: (page) => {
        mirror.list(page);
        this.#problems.list(page);
      },
    };
    const listed = await listAll(
      { client, slimming: reflected, mirror: both },
      { collection, pageSize: this.#options.pageSize, accept: reflected.accept?.list },
      signal,
    );
    if (!listed.ok) return listed;
    this.#heardAtMs = startedAtMs;
    this.#problems.complete();
    const hasChanged = mirror.complete();
    const isFirst = !this.#hasSynced;
    this.#hasSynced = true;
    if (isFirst || hasChanged) this.#tell();
    return ok({ collection, revision: listed.value });
  }

  /** Watches from a list on, watch after watch, until everything should be listed again. */
  async #follow(place: Place, signal: AbortSignal): Promise<void> {
    // A little early, by chance, so that replicas that started together do not list together.
    const resyncMs = this.#options.resyncMs * (1 - 0.1 * this.#random());
    const resync = startTimeLimit(this.#ports.clock, resyncMs, signal);
    let at = place;
    try {
      while (!resync.signal.aborted) {
        const { revision, end } = await this.#watch(at, resync.signal);
        at = { ...at, revision };
        if (resync.signal.aborted) return;
        if (end.fault !== undefined && end.lastedMs >= this.#options.silenceMs)
          this.#watching.tell(end.fault);
        const next = afterWatch(end);
        if (next.pauses) await this.#watching.pause(end.fault ?? endedAtOnce(at), resync.signal);
        else if (end.fault === undefined) this.#heard();
        if (next.step === 'list') return;
      }
    } finally {
      resync.release();
    }
  }

  async #watch(
    place: Place,
    signal: AbortSignal,
  ): Promise<{ readonly revision: string; readonly end: WatchEnd }> {
    const { path, fieldSelector, labelSelector } = place.collection;
    const { client, reflected } = this.#ports;
    const { silenceMs, watchSeconds } = this.#options;
    // Replicas' watches shall not end together for ever.
    const timeoutSeconds = Math.max(1, Math.round(watchSeconds * (1 - 0.2 * this.#random())));
    const query = {
      watch: true,
      allowWatchBookmarks: true,
      timeoutSeconds,
      resourceVersion: place.revision,
      fieldSelector,
      labelSelector,
    };
    const reading = {
      silenceMs,
      ...(reflected.accept === undefined ? {} : { accept: reflected.accept.watch }),
      ...(reflected.inBrief === undefined ? {} : { inBrief: reflected.inBrief }),
    };
    const startedAtMs = this.#ports.clock.monotonicMs();
    const failuresBefore = this.#watching.failures;
    let { revision } = place;
    let hasHeard = false;
    let fault: Fault | undefined;
    for await (const lines of client.stream(path, { query, ...reading }, signal)) {
      if (!lines.ok) {
        fault = lines.error;
        break;
      }
      const step = this.#take(path, lines.value);
      revision = step.revision ?? revision;
      hasHeard ||= step.hasHeard;
      fault = step.fault;
      if (fault !== undefined) break;
    }
    const lastedMs = this.#ports.clock.monotonicMs() - startedAtMs;
    return { revision, end: { fault, hasHeard, lastedMs, failuresBefore } };
  }

  /** Takes in what came together on a watch, up to an error among it. */
  #take(path: string, lines: readonly unknown[]): Step {
    const all = lines.map((line) => parseEvent(line, this.#ports.reflected));
    const error = all.find((event) => event.kind === 'error');
    const events = error === undefined ? all : all.slice(0, all.indexOf(error));
    if (events.length > 0) {
      this.#heard();
      this.#problems.apply(events);
      if (this.#ports.mirror.apply(events)) this.#tell();
    }
    const revisions = events.map((event) => ('revision' in event ? event.revision : undefined));
    return {
      revision: revisions.findLast((revision) => revision !== undefined),
      hasHeard: events.length > 0,
      fault: error === undefined ? undefined : faultOfStatus(`WATCH ${path}`, error.status),
    };
  }

  #heard(): void {
    this.#heardAtMs = this.#ports.clock.monotonicMs();
    this.#watching.over();
  }

  /**
   * A listener that fails is a bug, but one object that provokes it must not stop the replica again and
   * again.
   */
  #tell(): void {
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (error: unknown) {
        this.#ports.log.error({ err: error }, `${this.name}: a listener failed`);
      }
    }
  }
}

interface Place {
  readonly collection: Collection;
  readonly revision: string;
}

interface Step {
  readonly revision: string | undefined;
  readonly hasHeard: boolean;
  readonly fault: Fault | undefined;
}

function endedAtOnce({ collection }: Place): Fault {
  return new Fault(
    'kube.unreachable',
    `WATCH ${collection.path}: the API server ended it at once without an event`,
  );
}

/** A collection that is always served at the same path. */
export function servedAt(
  path: string,
  selectors: Omit<Collection, 'path'> = {},
): Reflected<unknown>['locate'] {
  return () => Promise.resolve(ok({ path, ...selectors }));
}
