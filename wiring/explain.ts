import type { ExplainSource } from '../cmdapi/explain-routes.js';
import type { Forwarder } from '../cmdapi/forwarder.js';
import { secretsOf } from '../config/load.js';
import type { AutoscalerSpec, ExternalMetricSpec } from '../core/autoscaler.js';
import { type Clock, deadline } from '../core/clock.js';
import { type MetricId, metricId } from '../core/metric.js';
import { fail, type Result } from '../core/result.js';
import { createScrub } from '../core/scrub.js';
import type { DatadogPoints } from '../datadog/points.js';
import { type Corridor, Explainer, type Place } from '../explain/explainer.js';
import type { Asked, FreshFacts, HeldFacts } from '../explain/facts.js';
import { parseHeldMetrics } from '../explain/held-codec.js';
import { Holdings, type HoldingsPorts, sendable } from '../explain/holdings.js';
import { AutoscalerStatuses } from '../kube/autoscaler-status.js';
import type { Autoscalers } from '../kube/autoscalers.js';
import { RegistrationReader } from '../kube/registration.js';
import { toMetricKey } from '../provider/autoscaler.js';
import { type QueryOptions, toQuery } from '../provider/query.js';
import type { Wants } from '../provider/wants.js';
import type { ClusterPorts } from './cluster.js';
import type { AppInputs } from './inputs.js';
import type { Leadership } from './leadership.js';

/** What the side of external metrics lets others look at. */
export interface CorridorInsight {
  readonly autoscalers: Autoscalers;
  readonly wants: Wants;
  readonly points: DatadogPoints;
  readonly holdings: HoldingsPorts;
  readonly unchangedForMs: () => number | undefined;
  readonly describeClock: () => string | undefined;
  readonly queries: QueryOptions;
  readonly maxAgeMs: number;
  readonly clock: Clock;
}

export interface ExplainPorts {
  readonly cluster: ClusterPorts;
  readonly leadership: Leadership;
  readonly insight: CorridorInsight;
  readonly forwarder: Forwarder;
}

/** For all that one explanation asks: the API server, the leader, Datadog. */
const explainMs = 12_000;

/** Who answers `explain`: the corridor's memory, two reads of the API server, and the leader by one hop. */
export function buildExplainer({ config, tokens }: AppInputs, ports: ExplainPorts): ExplainSource {
  const { insight, cluster, forwarder } = ports;
  const { namespace } = config.kubernetes;
  const explainer = new Explainer(
    {
      corridor: toCorridor(ports),
      autoscalers: new AutoscalerStatuses(cluster),
      registration: new RegistrationReader(cluster),
      leader: { held: (ids) => askLeader(forwarder, tokens.agents, ids) },
      datadog: { ask: (query, signal) => askDatadog(insight.points, query, signal) },
      clock: insight.clock,
    },
    {
      replica: config.kubernetes.podName,
      maxAgeMs: insight.maxAgeMs,
      // Where the certificate comes from elsewhere, so may the registration, with a Service that has another name.
      ownService:
        config.certificate.directory === undefined
          ? { namespace, name: config.certificate.serviceName }
          : undefined,
    },
  );
  const scrub = createScrub([...secretsOf(config), tokens.agents, tokens.local]);
  // Words of Datadog's and of proxies are in it, which may repeat what they were sent.
  const scrubbed = (told: object): Buffer => Buffer.from(scrub(JSON.stringify(told)));
  const bounded = async (work: (signal: AbortSignal) => Promise<object>): Promise<Buffer> => {
    const bound = deadline(insight.clock, explainMs, new AbortController().signal);
    try {
      return scrubbed(await work(bound.signal));
    } finally {
      bound.release();
    }
  };
  return {
    explain: (place: Place, choices) => bounded((signal) => explainer.explain(place, choices, signal)),
    troubled: () =>
      bounded((signal) =>
        Promise.all(
          troubledPlaces(insight).map((place) => explainer.explain(place, { asksDatadog: false }, signal)),
        ),
      ),
    held: (ids) => scrubbed({ metrics: explainer.held(ids) }),
  };
}

/** More would make a flare that nobody reads. */
const mostTroubled = 20;

/** Where a metric has no value, or could not be asked for lately. */
function troubledPlaces({ autoscalers, holdings }: CorridorInsight): readonly Place[] {
  const isWell = (spec: AutoscalerSpec, metric: ExternalMetricSpec): boolean => {
    const key = toMetricKey(spec, metric);
    const record = key.ok ? holdings.records.get(metricId(key.value))?.record : undefined;
    return record?.state === 'valid' && record.trouble === undefined;
  };
  return autoscalers
    .list()
    .filter((spec) => spec.metrics.some((metric) => !isWell(spec, metric)))
    .map(({ namespace, name }) => ({ namespace, name }))
    .sort((a, b) => (`${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1))
    .slice(0, mostTroubled);
}

function toCorridor({ insight, leadership }: ExplainPorts): Corridor {
  const { autoscalers, wants, queries } = insight;
  const holdings = new Holdings(insight.holdings);
  return {
    ask: (place, spec) => {
      const key = toMetricKey({ kind: '', uid: '', metrics: [], ...place }, spec);
      if (!key.ok) return { kind: 'refused', id: undefined, why: key.error };
      const id = metricId(key.value);
      const query = toQuery(key.value, queries);
      const asked: Asked & { readonly id: MetricId } = query.ok
        ? { kind: 'query', id, query: query.value }
        : { kind: 'refused', id, why: query.error };
      return asked;
    },
    known: ({ namespace, name }) =>
      autoscalers.list().find((one) => one.namespace === namespace && one.name === name)?.metrics ?? [],
    isWanted: (id) => wants.isWanted(id),
    held: (id) => holdings.of(id),
    leader: () => {
      const leader = leadership.leader();
      return leader.who === 'other' ? { who: 'other', name: leader.name } : { who: leader.who };
    },
    unchangedForMs: insight.unchangedForMs,
    describeClock: insight.describeClock,
  };
}

/** In one hop; a replica that does not lead any more passes it no further. */
async function askLeader(
  forwarder: Forwarder,
  token: string,
  ids: readonly MetricId[],
): Promise<Result<Readonly<Record<string, HeldFacts>>, string>> {
  const query = new URLSearchParams(ids.map((id): [string, string] => ['id', id])).toString();
  const reply = await forwarder.ask(`/api/v1/leader/metrics?${query}`, token, 'leaderMetrics');
  if (reply === undefined) return fail('this replica has just begun to lead');
  const body = Buffer.concat(Buffer.isBuffer(reply.body) ? [reply.body] : [...reply.body]).toString();
  if (reply.status !== 200) return fail(body.trim().slice(0, 300));
  const held = parseHeldMetrics(body);
  return held.ok ? { ok: true, value: held.value.metrics } : held;
}

async function askDatadog(points: DatadogPoints, query: string, signal: AbortSignal): Promise<FreshFacts> {
  const answer = await points.latest([query], signal);
  if (!answer.ok) return { state: 'failed', why: answer.error.message };
  const reading = answer.value.get(query);
  if (reading === undefined)
    return { state: 'none', reason: 'no_series', detail: 'nothing reports the metric with these tags' };
  return reading.kind === 'point'
    ? { state: 'point', point: { ...reading.point, value: sendable(reading.point.value) } }
    : { state: 'none', reason: reading.reason, detail: reading.detail };
}
