import type { ExternalMetricSpec } from '../core/autoscaler.js';
import type { AutoscalerStatus, ExternalMetricStatus, Registration } from '../core/autoscaler-status.js';
import type { Clock } from '../core/clock.js';
import type { Fault } from '../core/fault.js';
import type { MetricId } from '../core/metric.js';
import { ok, type Result } from '../core/result.js';
import { canonicalSelector, fromLabelSelector } from '../core/selector.js';
import type { Asked, Found, FreshFacts, HeldFacts, LeaderFacts, MetricFacts, SharedFacts } from './facts.js';
import { parseMilli, toMilli } from './quantity.js';
import { type Computation, compute } from './replicas.js';
import { type Report, toReport } from './report.js';

/** Which HPA. */
export interface Place {
  readonly namespace: string;
  readonly name: string;
}

/** What this replica knows of the road, without asking anybody. */
export interface Corridor {
  /** What Datadog is asked for a metric of a spec. */
  ask(place: Place, spec: ExternalMetricSpec): Asked & { readonly id: MetricId | undefined };
  /** The external metrics of an HPA as the watch has them, for when it cannot be read now. */
  known(place: Place): readonly ExternalMetricSpec[];
  isWanted(id: MetricId): boolean;
  held(id: MetricId): HeldFacts;
  leader(): { readonly who: 'me' | 'unknown' } | { readonly who: 'other'; readonly name: string };
  unchangedForMs(): number | undefined;
  describeClock(): string | undefined;
}

export interface ExplainerPorts {
  readonly corridor: Corridor;
  /** `undefined`: there is none. */
  readonly autoscalers: {
    read(place: Place, signal: AbortSignal): Promise<Result<AutoscalerStatus | undefined, Fault>>;
  };
  readonly registration: { read(signal: AbortSignal): Promise<Result<Registration | undefined, Fault>> };
  /** What the leader holds of metrics, by id; the error says why it could not be asked. */
  readonly leader: {
    held(
      ids: readonly MetricId[],
      signal: AbortSignal,
    ): Promise<Result<Readonly<Record<string, HeldFacts>>, string>>;
  };
  /** One call to Datadog for one query, now. */
  readonly datadog: { ask(query: string, signal: AbortSignal): Promise<FreshFacts> };
  readonly clock: Clock;
}

export interface ExplainerOptions {
  readonly replica: string;
  readonly maxAgeMs: number;
  readonly ownService: SharedFacts['ownService'];
}

/** So many metrics of one HPA are asked for anew; no HPA has more in earnest. */
const maxFresh = 10;

/** Gathers the whole road of an HPA's external metrics. What cannot be read says why in its place; the rest is told. */
export class Explainer {
  readonly #ports: ExplainerPorts;
  readonly #options: ExplainerOptions;

  constructor(ports: ExplainerPorts, options: ExplainerOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** @param choices `asksDatadog`: each query is put to Datadog again, which counts against its rate limit */
  async explain(
    place: Place,
    choices: { readonly asksDatadog: boolean },
    signal: AbortSignal,
  ): Promise<Report> {
    const { autoscalers, registration, corridor } = this.#ports;
    const [autoscaler, registered] = await Promise.all([
      autoscalers.read(place, signal).then(toFound),
      registration.read(signal).then(toFound),
    ]);
    const metrics = this.#metricsOf(place, autoscaler);
    const asked = metrics.map(({ spec }) => askedOf(corridor, place, spec));
    const ids = asked.map(({ id }) => id).filter((id) => id !== undefined);
    // Before Datadog is asked anew, which would become the last call.
    const held = asked.map(({ id }) => (id === undefined ? {} : corridor.held(id)));
    const [led, fresh] = await Promise.all([
      this.#askLeader(ids, signal),
      choices.asksDatadog ? this.#askDatadog(asked, signal) : [],
    ]);
    const facts = metrics.map((metric, index): MetricFacts => {
      const question = asked[index] ?? { kind: 'refused', id: undefined, why: '' };
      const here = held[index] ?? {};
      const parts = { metric, question, autoscaler, here, led: led.held, fresh: fresh[index] };
      return this.#factsOf(parts);
    });
    return toReport(this.#shared(place, led.leader, { autoscaler, registration: registered }), facts);
  }

  /** For another replica that explains: what this one holds. */
  held(ids: readonly string[]): Readonly<Record<string, HeldFacts>> {
    // Whatever is no id of ours is found nowhere.
    return Object.fromEntries(ids.map((id) => [id, this.#ports.corridor.held(id as MetricId)]));
  }

  #metricsOf(place: Place, autoscaler: Found<AutoscalerStatus>): readonly ExternalMetricStatus[] {
    switch (autoscaler.state) {
      case 'found':
        return autoscaler.value.externalMetrics;
      case 'missing':
        return [];
      case 'unread':
        return this.#ports.corridor
          .known(place)
          .map((spec) => ({ spec: ok(spec), target: undefined, current: undefined }));
    }
  }

  async #askLeader(
    ids: readonly MetricId[],
    signal: AbortSignal,
  ): Promise<{
    readonly leader: LeaderFacts;
    readonly held: Readonly<Record<string, HeldFacts>> | undefined;
  }> {
    const leader = this.#ports.corridor.leader();
    if (leader.who !== 'other') return { leader: { who: leader.who }, held: undefined };
    if (ids.length === 0) return { leader: { ...leader, silence: undefined }, held: undefined };
    const told = await this.#ports.leader.held(ids, signal);
    return told.ok
      ? { leader: { ...leader, silence: undefined }, held: told.value }
      : { leader: { ...leader, silence: told.error }, held: undefined };
  }

  /** Each alone, so that a refused one spoils no other. */
  #askDatadog(asked: readonly Asked[], signal: AbortSignal): Promise<readonly (FreshFacts | undefined)[]> {
    return Promise.all(
      asked.map((one, index) =>
        one.kind === 'query' && index < maxFresh ? this.#ports.datadog.ask(one.query, signal) : undefined,
      ),
    );
  }

  #factsOf({
    metric,
    question,
    autoscaler,
    here,
    led,
    fresh,
  }: {
    readonly metric: ExternalMetricStatus;
    readonly question: Asked & { readonly id: MetricId | undefined };
    readonly autoscaler: Found<AutoscalerStatus>;
    readonly here: HeldFacts;
    readonly led: Readonly<Record<string, HeldFacts>> | undefined;
    readonly fresh: FreshFacts | undefined;
  }): MetricFacts {
    const { corridor } = this.#ports;
    const { id } = question;
    return {
      name: metric.spec.ok ? metric.spec.value.name : '(not readable)',
      selector: metric.spec.ok ? selectorText(metric.spec.value) : '',
      target: metric.target,
      current: metric.current,
      asked: question,
      isWanted: id !== undefined && corridor.isWanted(id),
      here,
      atLeader: id === undefined ? undefined : led?.[id],
      ...(fresh && { fresh }),
      computation: computationOf(metric, here, autoscaler),
    };
  }

  #shared(
    place: Place,
    leader: LeaderFacts,
    read: Pick<SharedFacts, 'autoscaler' | 'registration'>,
  ): SharedFacts {
    const { corridor, clock } = this.#ports;
    return {
      ...place,
      ...this.#options,
      ...read,
      atMs: clock.nowMs(),
      leader,
      unchangedForMs: corridor.unchangedForMs(),
      clock: corridor.describeClock(),
    };
  }
}

function askedOf(corridor: Corridor, place: Place, spec: ExternalMetricStatus['spec']) {
  return spec.ok
    ? corridor.ask(place, spec.value)
    : ({ kind: 'refused', id: undefined, why: spec.error } as const);
}

function selectorText({ selector }: ExternalMetricSpec): string {
  const parsed = fromLabelSelector(selector);
  return parsed.ok ? canonicalSelector(parsed.value) : JSON.stringify(selector);
}

function toFound<T>(read: Result<T | undefined, Fault>): Found<T> {
  if (!read.ok) return { state: 'unread', why: read.error.message };
  return read.value === undefined ? { state: 'missing' } : { state: 'found', value: read.value };
}

/** What the HPA controller would compute from the value that is served here now. */
function computationOf(
  { target }: ExternalMetricStatus,
  { record }: HeldFacts,
  autoscaler: Found<AutoscalerStatus>,
): Computation | undefined {
  if (target === undefined || record?.state !== 'valid' || autoscaler.state !== 'found') return undefined;
  const { currentReplicas: replicas, tolerance, minReplicas: min, maxReplicas: max } = autoscaler.value;
  const milli = parseMilli(target.quantity);
  if (milli === undefined || milli <= 0n || replicas === undefined) return undefined;
  const valueMilli = toMilli(record.point.value);
  return compute({
    valueMilli,
    target: { type: target.type, milli },
    replicas,
    ready: replicas,
    tolerance,
    min,
    max,
  });
}
