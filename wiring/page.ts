import type { CertificateSource } from '../certs/source.js';
import type { ExplainSource } from '../cmdapi/explain-routes.js';
import { isTold, type Part, type StatusReport } from '../cmdapi/status/report.js';
import type { AutoscalerSpec } from '../core/autoscaler.js';
import type { Clock } from '../core/clock.js';
import type { Component } from '../core/component.js';
import type { HeldRecord } from '../core/metric.js';
import { Slices, turnOfEventLoop } from '../core/pace.js';
import { Feed } from '../dashboard/feed.js';
import type { Overview } from '../dashboard/model/state.js';
import type { PageAutoscaler } from '../dashboard/page-state.js';
import { createPageServer } from '../dashboard/server.js';
import { Tolerant } from '../dashboard/tolerant.js';
import type { Report } from '../explain/report.js';
import { reportText } from '../explain/text.js';
import { TlsListener } from '../http/listener.js';
import type { ListenerMetrics } from '../http/listener-metrics.js';
import type { ListenerReport } from '../http/server-life.js';
import type { Autoscalers } from '../kube/autoscalers.js';
import type { Scale } from '../kube/scale.js';
import type { Wants } from '../provider/wants.js';
import type { AppInputs } from './inputs.js';

/** What the side of external metrics shows on the page. */
export interface MetricsPageParts {
  readonly records: { list(): Iterable<HeldRecord> };
  readonly autoscalers: Pick<Autoscalers, 'list' | 'scaleOf'>;
  readonly wants: Pick<Wants, 'idsOf'>;
}

export interface PagePorts {
  readonly certificate: CertificateSource;
  readonly clock: Clock;
  readonly metrics: ListenerMetrics;
  /** `undefined`: external metrics are turned off. */
  readonly corridor: MetricsPageParts | undefined;
  readonly report: () => StatusReport;
  readonly replicas: () => Overview['replicas'];
  /** `undefined`: external metrics are turned off, and no autoscaler can be explained. */
  readonly explainer: ExplainSource | undefined;
}

/** The page for operators, at rest. */
export interface Page {
  readonly components: readonly Component[];
  readonly listeners: () => readonly ListenerReport[];
  readonly port: () => number | undefined;
}

/** Each open page has one or two. */
const limits = { maxConnections: 100 };
/** The streams have ended by themselves when this begins to count. */
const drainMs = 1_000;

/** `given`'s own clock is the machine's: codes are made by it. */
export function buildPage(given: AppInputs, ports: PagePorts): Page {
  const { config, log } = given;
  const { guiPort } = config.process;
  if (guiPort === -1) return { components: [], listeners: () => [], port: () => undefined };
  const { clock, certificate, metrics, corridor } = ports;
  const explain = explanation(ports.explainer);
  const feed = new Feed(
    {
      records: corridor?.records ?? { list: () => [] },
      autoscalers: corridor === undefined ? () => [] : pageAutoscalers(corridor),
      overview: () => ({
        ...toOverview(ports.report(), ports.replicas(), clock.nowMs()),
        canExplain: explain !== undefined,
      }),
      clock,
      log,
      pace: new Slices({ clock, goRound: turnOfEventLoop }),
    },
    { sampleMs: config.externalMetrics.refreshPeriodSeconds * 1000 },
  );
  const handler = createPageServer(
    { feed, explain, clock: given.clock, log },
    { secret: given.tokens.local },
  );
  const listener = new TlsListener(
    { certificate, handler, clock, log, metrics },
    {
      name: 'page',
      host: '127.0.0.1',
      port: guiPort,
      portSetting: 'DD_GUI_PORT',
      drainMs,
      lingerMs: 0,
      limits,
      asksForClientCertificate: false,
    },
  );
  return {
    components: [feed, new Tolerant(listener, { clock, log })],
    listeners: () => [listener.describe()],
    port: () => listener.address()?.port,
  };
}

/** The text of the command `explain`. */
function explanation(
  source: ExplainSource | undefined,
): ((autoscaler: string) => Promise<string>) | undefined {
  if (source === undefined) return undefined;
  return async (autoscaler) => {
    const [namespace = '', name = ''] = autoscaler.split('/', 2);
    const told = await source.explain({ namespace, name }, { asksDatadog: false });
    return reportText(JSON.parse(told.toString()) as Report);
  };
}

/**
 * The autoscalers as the page needs them. What has not changed stays the same object: thousands are looked at each second while a
 * page is open.
 */
export function pageAutoscalers({
  autoscalers,
  wants,
}: Pick<MetricsPageParts, 'autoscalers' | 'wants'>): () => readonly PageAutoscaler[] {
  const made = new WeakMap<
    AutoscalerSpec,
    { readonly scale: Scale | undefined; readonly one: PageAutoscaler }
  >();
  return () =>
    autoscalers.list().map((spec) => {
      const scale = autoscalers.scaleOf(spec);
      const known = made.get(spec);
      if (known?.scale === scale && known !== undefined) return known.one;
      const one = toPageAutoscaler(spec, scale, wants.idsOf(spec));
      made.set(spec, { scale, one });
      return one;
    });
}

/** Each metric under the id by which it is stored, with the target that the autoscaler sets. */
function toPageAutoscaler(
  spec: AutoscalerSpec,
  scale: Scale | undefined,
  ids: ReturnType<Wants['idsOf']>,
): PageAutoscaler {
  return {
    id: `${spec.namespace}/${spec.name}`,
    minReplicas: scale?.minReplicas ?? 1,
    maxReplicas: scale?.maxReplicas ?? 1,
    currentReplicas: scale?.currentReplicas ?? null,
    desiredReplicas: scale?.desiredReplicas ?? null,
    troubles: scale?.troubles ?? [],
    metrics: spec.metrics.flatMap((metric, at) => {
      const id = ids[at];
      const target = scale?.targets[at];
      if (id === undefined) return [];
      // A metric that could not be understood is missing in one list: a target of another name is another metric's.
      const isItsOwn = target?.metric === metric.name;
      return [{ id, target: isItsOwn ? { kind: target.kind, value: target.value } : null }];
    }),
  };
}

/** What the page tells of a replica's status; a part that is missing is told as such. */
export function toOverview(
  report: StatusReport,
  replicas: Overview['replicas'],
  nowMs: number,
): Omit<Overview, 'canExplain'> {
  const external = toldOr(report.externalMetrics, undefined);
  const { leader } = report;
  return {
    version: report.version,
    pod: report.pod,
    startedAtMs: Date.parse(report.process.startedAt),
    leader: {
      who: leader.who,
      name: leader.who === 'me' ? report.pod : leader.who === 'other' ? leader.name : null,
    },
    replicas: [...replicas].sort((a, b) => (a.name < b.name ? -1 : 1)),
    unready: Object.entries(report.health.ready.Details).map(([name, detail]) => `${name}: ${detail}`),
    budget: external?.rateLimit ?? null,
    certificateNotAfterMs: external?.certificate == null ? null : Date.parse(external.certificate.notAfter),
    reflectors: toldOr(report.reflectors, []).map(({ name, objects, silentSeconds, isStale }) => ({
      name,
      objects,
      heardAtMs: silentSeconds === null ? null : Math.round(nowMs / 1000 - silentSeconds) * 1000,
      isStale,
    })),
    warnings: toldOr(report.recentLog, []).map(({ time, level, message }) => ({ time, level, message })),
    untold: [report.externalMetrics, report.reflectors, report.recentLog].flatMap((part) =>
      isTold(part) ? [] : [part.unavailable],
    ),
  };
}

function toldOr<T extends object, Other>(part: Part<T>, other: Other): T | Other {
  return isTold(part) ? part : other;
}
