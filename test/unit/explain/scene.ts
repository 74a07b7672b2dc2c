import type { AutoscalerStatus, StatusCondition } from '../../../core/autoscaler-status.js';
import type { MetricFacts, SharedFacts } from '../../../explain/facts.js';

export const nowMs = Date.UTC(2026, 0, 1, 12, 0, 30);
export const controller = 'system:serviceaccount:kube-system:horizontal-pod-autoscaler';

export function condition(
  type: string,
  status: 'True' | 'False',
  reason: string,
  message = '',
): StatusCondition {
  return { type, status, reason, message };
}

const ready = condition('AbleToScale', 'True', 'ReadyForNewScale', 'recommended size matches current size');
const active = condition('ScalingActive', 'True', 'ValidMetricFound', 'a replica count was calculated');
const inRange = condition('ScalingLimited', 'False', 'DesiredWithinRange', 'within the acceptable range');

/** An HPA that does what it is told, but for what differs. */
export function hpa(more: Partial<AutoscalerStatus> = {}): AutoscalerStatus {
  return {
    namespace: 'shop',
    name: 'worker',
    minReplicas: 1,
    maxReplicas: 20,
    externalMetrics: [
      {
        spec: { ok: true, value: { name: 'queue.depth', selector: undefined } },
        target: { type: 'AverageValue', quantity: '10' },
        current: '9167m',
      },
    ],
    otherMetrics: 0,
    tolerance: { up: 0.1, down: 0.1 },
    conditions: [ready, active, inRange],
    currentReplicas: 6,
    desiredReplicas: 6,
    ...more,
  };
}

/** The HPA with other conditions of the same types. */
export function saying(...changed: readonly StatusCondition[]): Partial<SharedFacts> {
  const kept = [ready, active, inRange].filter(({ type }) => !changed.some((one) => one.type === type));
  return { autoscaler: { state: 'found', value: hpa({ conditions: [...kept, ...changed] }) } };
}

/** A leader that sees all well, but for what differs. */
export function shared(more: Partial<SharedFacts> = {}): SharedFacts {
  return {
    namespace: 'shop',
    name: 'worker',
    atMs: nowMs,
    replica: 'dca-0',
    leader: { who: 'me' },
    unchangedForMs: 1_000,
    clock: undefined,
    maxAgeMs: 120_000,
    ownService: { namespace: 'datadog', name: 'datadog-custom-metrics-server' },
    autoscaler: { state: 'found', value: hpa() },
    registration: registered(condition('Available', 'True', 'Passed', 'all checks passed')),
    ...more,
  };
}

export function registered(
  available: StatusCondition,
  service = { namespace: 'datadog', name: 'datadog-custom-metrics-server' },
): SharedFacts['registration'] {
  return { state: 'found', value: { service, available } };
}

/** A metric whose value is 60, ten for each of six replicas, but for what differs. */
export function metric(more: Partial<MetricFacts> = {}): MetricFacts {
  const point = { value: 60, observedAtMs: nowMs - 20_000 };
  return {
    name: 'queue.depth',
    selector: 'queue in (jobs,mail)',
    target: { type: 'AverageValue', quantity: '10' },
    current: '10',
    asked: {
      kind: 'query',
      id: 'shop/queue.depth?queue in (jobs,mail)',
      query: 'avg:queue.depth{queue IN (jobs,mail)}.rollup(30)',
    },
    isWanted: true,
    here: {
      record: { state: 'valid', point, ageMs: 20_000 },
      call: { atMs: nowMs - 5_000, tookMs: 82, batchSize: 35 },
      points: {
        series: 1,
        count: 10,
        points: [
          { timeMs: nowMs - 80_000, value: 58 },
          { timeMs: nowMs - 50_000, value: null },
          { timeMs: nowMs - 20_000, value: 60 },
          { timeMs: nowMs + 10_000, value: 31 },
        ],
      },
      answers: { toController: { user: controller, status: 200, atMs: nowMs - 3_000 } },
    },
    atLeader: undefined,
    computation: {
      ratio: 1,
      isWithinTolerance: true,
      proposed: 6,
      replicas: 6,
      formula: '60 / (10 × 6 replicas) = 1, within 0.9 to 1.1: stays at 6; with min 1 and max 20: 6',
    },
    ...more,
  };
}
