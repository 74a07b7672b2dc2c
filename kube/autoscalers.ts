import type { AutoscalerSpec } from '../core/autoscaler.js';
import type { Clock } from '../core/clock.js';
import type { Component, Health } from '../core/component.js';
import { Fault } from '../core/fault.js';
import type { Logger } from '../core/log.js';
import { fail, ok, type Result } from '../core/result.js';
import { type KubeApi, resourcePath } from './api.js';
import { type ParsedAutoscaler, parseAutoscaler } from './autoscaler-spec.js';
import { toText, valueAt } from './json.js';
import type { Collection } from './list.js';
import { Reflector } from './reflector.js';
import { parseScale, type Scale } from './scale.js';
import { type Items, objectKey } from './view.js';

export interface AutoscalersPorts {
  readonly client: KubeApi;
  readonly clock: Clock;
  readonly log: Logger;
  /** A number in [0, 1), for jitter. */
  readonly random: () => number;
}

export interface AutoscalersOptions {
  /** Default: all namespaces. */
  readonly namespace?: string;
  /** Everything is listed again at least this often. */
  readonly resyncMs: number;
  readonly watchSeconds?: number;
  readonly silenceMs?: number;
  readonly pageSize?: number;
}

/** The versions that we read, the wanted one first. */
const versions = ['v2', 'v2beta2'] as const;
/** A list that is under way may have brought more than the list before it. */
const spareScales = 100;
/** One may have a hundred metrics: a page of many such ones would take long to read. */
const autoscalersOfPage = 100;
type Version = (typeof versions)[number];

/**
 * The HorizontalPodAutoscalers that have External metrics, kept in step with the API server, by their spec
 * alone: their status changes all the time, so it is remembered beside that, and nobody is told of it.
 */
export class Autoscalers implements Component {
  readonly name = 'autoscalers';
  readonly #ports: AutoscalersPorts;
  readonly #options: AutoscalersOptions;
  readonly #reflector: Reflector<ParsedAutoscaler>;
  #version: Version | undefined;
  #listed: { readonly from: Items<ParsedAutoscaler>; readonly specs: readonly AutoscalerSpec[] } | undefined;
  readonly #scales = new Map<string, Scale>();
  #told: ReadonlyMap<string, string> = new Map();

  constructor(ports: AutoscalersPorts, options: AutoscalersOptions) {
    this.#ports = ports;
    this.#options = options;
    const { namespace: _namespace, ...reflectorOptions } = options;
    this.#reflector = new Reflector<ParsedAutoscaler>(
      {
        ...ports,
        reflected: {
          locate: (fault, signal) => this.#locate(fault, signal),
          toItem: (object) => this.#slim(object),
        },
      },
      { pageSize: autoscalersOfPage, ...reflectorOptions, name: this.name },
    );
    this.#reflector.onChange(() => this.#tellProblems());
  }

  /**
   * Those with at least one External metric. What was taken never changes; the same list comes until
   * something does.
   */
  list(): readonly AutoscalerSpec[] {
    const from = this.#reflector.items();
    if (this.#listed?.from !== from) {
      this.#listed = { from, specs: [...from.values()].map((parsed) => parsed.spec) };
    }
    return this.#listed.specs;
  }

  /** What an autoscaler last said of its size; `undefined` for one that is not in `list`. */
  scaleOf(autoscaler: { readonly namespace: string; readonly name: string }): Scale | undefined {
    this.#forgetScales();
    const key = objectKey(autoscaler.namespace, autoscaler.name);
    return this.#reflector.items().has(key) ? this.#scales.get(key) : undefined;
  }

  /** Whether the list was ever complete; before that, an autoscaler that is missing here may well exist. */
  hasSynced(): boolean {
    return this.#reflector.hasSynced();
  }

  /** Since the API server was last heard of; `Infinity` before the first list. */
  staleForMs(): number {
    return this.#reflector.staleForMs();
  }

  /** Calls `listener` after the first list and after each change of any External metric. */
  onChange(listener: () => void): () => void {
    return this.#reflector.onChange(listener);
  }

  health(): Health {
    return this.#reflector.health();
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#reflector.run(signal);
  }

  #slim(object: unknown): ParsedAutoscaler | undefined {
    const parsed = parseAutoscaler(object);
    if (parsed !== undefined) {
      const { namespace, name } = parsed.spec;
      this.#scales.set(objectKey(namespace, name), parseScale(object));
    }
    return parsed;
  }

  /** Of autoscalers that have gone; a little more than the list is kept for those that it is still to show. */
  #forgetScales(): void {
    const items = this.#reflector.items();
    if (this.#scales.size <= items.size + spareScales) return;
    for (const key of this.#scales.keys()) if (!items.has(key)) this.#scales.delete(key);
  }

  /** A 404 for the list means that the cluster's versions are no longer those that we found. */
  async #locate(lastFault: Fault | undefined, signal: AbortSignal): Promise<Result<Collection, Fault>> {
    if (lastFault?.code === 'kube.not_found') this.#version = undefined;
    if (this.#version === undefined) {
      const found = await this.#findVersion(signal);
      if (!found.ok) return found;
      this.#version = found.value;
      this.#ports.log.info({ version: found.value }, 'reading HorizontalPodAutoscalers');
    }
    const kind = { api: `/apis/autoscaling/${this.#version}`, resource: 'horizontalpodautoscalers' };
    return ok({ path: resourcePath(kind, { namespace: this.#options.namespace }) });
  }

  async #findVersion(signal: AbortSignal): Promise<Result<Version, Fault>> {
    const group = await this.#ports.client.request('GET', '/apis/autoscaling', {}, signal);
    if (!group.ok) return group;
    const listed = valueAt(group.value, 'versions');
    const entries: readonly unknown[] = Array.isArray(listed) ? listed : [];
    const served = entries
      .map((entry) => toText(valueAt(entry, 'version')))
      .filter((version) => version !== undefined);
    const best = versions.find((version) => served.includes(version));
    if (best !== undefined) return ok(best);
    const expected = versions.map((version) => `autoscaling/${version}`).join(' or ');
    return fail(
      new Fault(
        'kube.not_found',
        `GET /apis/autoscaling: expected ${expected}; the cluster serves ${served.join(', ') || 'none'}`,
      ),
    );
  }

  /** Each autoscaler's complaint once, and again when it becomes another one. */
  #tellProblems(): void {
    const problems = new Map<string, string>();
    for (const [key, parsed] of this.#reflector.items()) {
      if (parsed.problems.length > 0) problems.set(key, parsed.problems.join('; '));
    }
    for (const [key, problem] of problems) {
      if (this.#told.get(key) === problem) continue;
      this.#ports.log.warn(
        { object: key, problem },
        'a metric of an autoscaler cannot be understood and is left out',
      );
    }
    this.#told = problems;
  }
}
