import type { AutoscalerSpec } from '../core/autoscaler.js';
import { Listeners } from '../core/listeners.js';
import type { Logger } from '../core/log.js';
import { type InvalidReason, type MetricId, type MetricKey, metricId } from '../core/metric.js';
import type { Steps } from '../core/pace.js';
import { toMetricKey } from './autoscaler.js';
import { type DatadogQuery, type QueryOptions, toQuery } from './query.js';

/** Where autoscalers come from: HPAs today; other kinds fit in beside them. */
export interface AutoscalerSource {
  list(): readonly AutoscalerSpec[];
  /** Whether `list` is complete; until then nothing may be taken for removed. */
  hasSynced(): boolean;
  onChange(listener: () => void): () => void;
}

/** One question that at least one autoscaler asks. */
export interface Want {
  readonly id: MetricId;
  readonly key: MetricKey;
  readonly ask:
    | { readonly kind: 'query'; readonly query: DatadogQuery }
    | {
        readonly kind: 'refused';
        readonly reason: Extract<InvalidReason, 'unaskable' | 'ambiguous'>;
        readonly detail: string;
      };
}

/** What an autoscaler asks that has no identity, so that no request for it can ever come. */
export interface Unreadable {
  readonly autoscaler: string;
  readonly detail: string;
}

/** What one metric of an autoscaler asks for, or the autoscaler and why nobody can. */
type Asked = { readonly kind: 'want'; readonly want: Want } | ({ readonly kind: 'unreadable' } & Unreadable);

/** Autoscalers → the wanted set: ten autoscalers asking the same thing are one want. */
export function toWants(
  autoscalers: readonly AutoscalerSpec[],
  options: QueryOptions,
): { readonly wants: ReadonlyMap<MetricId, Want>; readonly unreadable: readonly Unreadable[] } {
  return merged(autoscalers.map((autoscaler) => askedBy(autoscaler, options)));
}

function askedBy(autoscaler: AutoscalerSpec, options: QueryOptions): readonly Asked[] {
  return autoscaler.metrics.map((metric): Asked => {
    const key = toMetricKey(autoscaler, metric);
    if (key.ok) return { kind: 'want', want: toWant(key.value, options) };
    const name = `${autoscaler.kind} ${autoscaler.namespace}/${autoscaler.name}`;
    return { kind: 'unreadable', autoscaler: name, detail: key.error };
  });
}

function toWant(key: MetricKey, options: QueryOptions): Want {
  const id = metricId(key);
  const query = toQuery(key, options);
  if (query.ok) return { id, key, ask: { kind: 'query', query: query.value } };
  return { id, key, ask: { kind: 'refused', reason: 'unaskable', detail: query.error } };
}

function merged(all: readonly (readonly Asked[])[]): ReturnType<typeof toWants> {
  const wants = new Map<MetricId, Want>();
  const unreadable: Unreadable[] = [];
  for (const one of all) {
    for (const asked of one) {
      if (asked.kind === 'unreadable')
        unreadable.push({ autoscaler: asked.autoscaler, detail: asked.detail });
      else wants.set(asked.want.id, together(wants.get(asked.want.id), asked.want));
    }
  }
  return { wants, unreadable };
}

/** The HPA controller lower-cases names in its requests, so two spellings of one name are one question to us but two to Datadog. */
function together(known: Want | undefined, want: Want): Want {
  if (known === undefined) return want;
  const { id, key } = want;
  if (known.key.name === key.name) return known;
  const names = [known.key.name, key.name].sort().join(' and ');
  const detail = `autoscalers of namespace ${key.namespace} ask for ${names}, which requests cannot tell apart; use one spelling`;
  return { id, key: known.key, ask: { kind: 'refused', reason: 'ambiguous', detail } };
}

/** The live wanted set of all sources. */
export class Wants {
  readonly #sources: readonly AutoscalerSource[];
  readonly #log: Logger;
  readonly #options: QueryOptions;
  readonly #listeners = new Listeners();
  /** What each autoscaler asks for; it never changes, another takes its place. */
  readonly #asked = new WeakMap<AutoscalerSpec, readonly Asked[]>();
  #wants: { readonly byId: ReadonlyMap<MetricId, Want>; readonly list: readonly Want[] } | undefined;
  #named = new Set<string>();

  constructor(
    ports: { readonly sources: readonly AutoscalerSource[]; readonly log: Logger },
    options: QueryOptions,
  ) {
    this.#sources = ports.sources;
    this.#log = ports.log;
    this.#options = options;
  }

  /** Begins to listen to the sources; the answer ends it. */
  follow(): () => void {
    const stops = this.#sources.map((source) =>
      source.onChange(() => {
        this.#wants = undefined;
        this.#listeners.notify();
      }),
    );
    return () => {
      for (const stop of stops) stop();
    };
  }

  list(): readonly Want[] {
    return this.#current().list;
  }

  /** Reads autoscalers that have come or changed since the last time, one a step. Not needed for the truth of `list`. */
  *catchUp(): Steps<void> {
    if (this.#wants !== undefined) return;
    for (const autoscaler of this.#autoscalers()) {
      this.#askedBy(autoscaler);
      yield;
    }
    this.#current();
  }

  isWanted(id: MetricId): boolean {
    return this.#current().byId.has(id);
  }

  /** What each metric of an autoscaler is stored by, in their order; `undefined` for one that has no identity. */
  idsOf(autoscaler: AutoscalerSpec): readonly (MetricId | undefined)[] {
    return this.#askedBy(autoscaler).map((asked) => (asked.kind === 'want' ? asked.want.id : undefined));
  }

  hasSynced(): boolean {
    return this.#sources.every((source) => source.hasSynced());
  }

  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Worked out when asked for, so that a burst of changes costs one pass. */
  #current() {
    if (this.#wants !== undefined) return this.#wants;
    const { wants, unreadable } = merged(this.#autoscalers().map((autoscaler) => this.#askedBy(autoscaler)));
    this.#nameRefusals(wants, unreadable);
    this.#wants = { byId: wants, list: [...wants.values()] };
    return this.#wants;
  }

  #autoscalers(): readonly AutoscalerSpec[] {
    return this.#sources.flatMap((source) => source.list());
  }

  #askedBy(autoscaler: AutoscalerSpec): readonly Asked[] {
    const known = this.#asked.get(autoscaler);
    if (known !== undefined) return known;
    const asked = askedBy(autoscaler, this.#options);
    this.#asked.set(autoscaler, asked);
    return asked;
  }

  /** Once for each refusal, and again only after it had gone. */
  #nameRefusals(wants: ReadonlyMap<MetricId, Want>, unreadable: readonly Unreadable[]): void {
    const refused = new Map<string, object>();
    for (const want of wants.values()) {
      if (want.ask.kind === 'refused')
        refused.set(`${want.id} ${want.ask.detail}`, { metric: want.id, detail: want.ask.detail });
    }
    for (const { autoscaler, detail } of unreadable)
      refused.set(`${autoscaler} ${detail}`, { autoscaler, detail });
    for (const [name, fields] of refused) {
      if (!this.#named.has(name)) this.#log.warn(fields, 'an external metric cannot be asked of Datadog');
    }
    this.#named = new Set(refused.keys());
  }
}
