import type { CertificateSource } from '../certs/source.js';
import type {
  ExternalMetricsStatus,
  KeyStatus,
  MetricsStatus,
  ReflectorStatus,
  StoreStatus,
} from '../cmdapi/status/report.js';
import { mask } from '../config/mask.js';
import { type Clock, instantOf } from '../core/clock.js';
import { pointAgeMs } from '../core/metric.js';
import type { KeyCheck } from '../datadog/key-check.js';
import type { DatadogPoints } from '../datadog/points.js';
import type { TlsListener } from '../http/listener.js';
import type { ListenerReport } from '../http/server-life.js';
import type { RegistrationWatch } from '../kube/registration-watch.js';
import type { Snapshot } from '../metricsstore/draft.js';
import type { Replicator } from '../metricsstore/replicator.js';
import type { Refresher } from '../provider/refresher.js';
import type { AppInputs } from './inputs.js';

/** What the side of external metrics tells for `/status`. */
export interface MetricsStatusParts {
  readonly externalMetrics: () => ExternalMetricsStatus;
  readonly store: () => StoreStatus;
  readonly reflectors: () => readonly ReflectorStatus[];
  readonly keys: () => readonly KeyStatus[];
  readonly listener: () => ListenerReport;
}

export interface MetricsStatusPorts {
  readonly inputs: AppInputs;
  readonly store: { readonly snapshot: Snapshot };
  readonly wants: { list(): readonly unknown[] };
  readonly refresher: Refresher;
  readonly replicator: Replicator;
  readonly registration: RegistrationWatch;
  readonly certificate: CertificateSource;
  readonly points: DatadogPoints;
  readonly keyCheck: KeyCheck;
  readonly listener: TlsListener;
  readonly reflectors: () => readonly ReflectorStatus[];
}

export function describeMetricsSide(ports: MetricsStatusPorts): MetricsStatusParts {
  const { inputs, store, wants, refresher, replicator, points, listener } = ports;
  const { clock, config } = inputs;
  return {
    externalMetrics: () => ({
      port: listener.describe().port,
      endpoint: config.externalMetrics.endpoint,
      apiService: ports.registration.describe(),
      certificate: describeCertificate(ports.certificate, clock),
      metrics: countMetrics(store.snapshot, wants.list().length, clock),
      refresh: refresher.lastRefresh() ?? null,
      rateLimit: points.budget() ?? null,
    }),
    store: () => replicator.describe(),
    reflectors: ports.reflectors,
    keys: () => describeKeys(ports),
    listener: () => listener.describe(),
  };
}

function describeCertificate(source: CertificateSource, clock: Clock): ExternalMetricsStatus['certificate'] {
  const current = source.current();
  if (current === undefined) return null;
  return {
    notAfter: new Date(current.notAfterMs).toISOString(),
    remainingSeconds: (current.notAfterMs - clock.nowMs()) / 1000,
  };
}

/** By what this replica would answer, whether it leads or not. */
export function countMetrics(snapshot: Snapshot, wanted: number, clock: Clock): MetricsStatus {
  const now = instantOf(clock);
  const counts = { valid: 0, pending: 0, invalid: 0 };
  const invalidByReason: Record<string, number> = {};
  let troubled = 0;
  let oldestSeconds: number | null = null;
  for (const held of snapshot.values()) {
    const { record } = held;
    counts[record.state] += 1;
    if (record.state === 'invalid')
      invalidByReason[record.reason] = (invalidByReason[record.reason] ?? 0) + 1;
    if (record.state !== 'valid') continue;
    if (record.trouble !== undefined) troubled += 1;
    oldestSeconds = Math.max(oldestSeconds ?? 0, (pointAgeMs(held, now) ?? 0) / 1000);
  }
  return { wanted, ...counts, invalidByReason, troubled, oldestSeconds };
}

/** Datadog can be asked about an API key alone; of an application key the answers to queries tell. */
function describeKeys({ inputs, keyCheck, points }: MetricsStatusPorts): readonly KeyStatus[] {
  const { apiKey, appKey } = inputs.config.externalMetrics;
  const purpose = 'queries';
  const asked = points.keys();
  const unasked =
    'Datadog has no question about an application key: the answers to queries show it, which the leader makes';
  return [
    { kind: 'API key', purpose, shown: shown(apiKey), ...keyCheck.describe() },
    {
      kind: 'application key',
      purpose,
      shown: shown(appKey),
      ...asked,
      detail: asked.verdict === 'unknown' ? unasked : asked.detail,
    },
  ];
}

export function shown(key: string | undefined): string | null {
  return key === undefined ? null : mask(key, 'tail');
}
