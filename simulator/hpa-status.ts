import { type JsonObject, type KubeObject, listAt, textAt, toTimestamp } from './cluster/object.js';
import { goText } from './hpa-metrics.js';
import { formatMilli } from './hpa-quantity.js';
import type { LimitReason, Proposal } from './hpa-replicas.js';
import type { HpaMetric } from './hpa-spec.js';

export type ConditionType = 'AbleToScale' | 'ScalingActive' | 'ScalingLimited';

/** One condition of an autoscaler's status. */
export interface Condition {
  readonly type: ConditionType;
  readonly isTrue: boolean;
  readonly reason: string;
  readonly message: string;
}

/** The conditions of a status after `news`: a transition is dated when the truth of it changes. */
export function mergeConditions(
  hpa: KubeObject,
  news: readonly Condition[],
  nowMs: number,
): readonly unknown[] {
  const old = listAt(hpa, 'status', 'conditions');
  const types: readonly ConditionType[] = ['AbleToScale', 'ScalingActive', 'ScalingLimited'];
  return types.flatMap((type) => {
    const before = old.find((one) => textAt(one, 'type') === type);
    const now = news.find((one) => one.type === type);
    if (now === undefined) return before === undefined ? [] : [before];
    const status = now.isTrue ? 'True' : 'False';
    const isSame = textAt(before, 'status') === status;
    const lastTransitionTime =
      (isSame ? textAt(before, 'lastTransitionTime') : undefined) ?? toTimestamp(nowMs);
    return [{ type, status, lastTransitionTime, reason: now.reason, message: now.message }];
  });
}

/** What a status shows of one metric. */
export function currentMetric(metric: HpaMetric, proposal: Proposal): JsonObject {
  const shown = formatMilli(proposal.shownMilli);
  const current = metric.target?.type === 'AverageValue' ? { averageValue: shown } : { value: shown };
  const selector = metric.selector === undefined ? {} : { selector: metric.selector };
  return { type: 'External', external: { metric: { name: metric.name, ...selector }, current } };
}

const limitMessages: Readonly<Record<LimitReason, string>> = {
  DesiredWithinRange: 'the desired count is within the acceptable range',
  TooFewReplicas: 'the desired replica count is less than the minimum replica count',
  TooManyReplicas: 'the desired replica count is more than the maximum replica count',
  ScaleUpLimit: 'the desired replica count is increasing faster than the maximum scale rate',
};

export function limited(reason: LimitReason): Condition {
  return {
    type: 'ScalingLimited',
    isTrue: reason !== 'DesiredWithinRange',
    reason,
    message: limitMessages[reason],
  };
}

export function ableToScale(decision: {
  readonly isStabilized: boolean;
  readonly rescaledTo: number | undefined;
}): Condition {
  const able = (reason: string, message: string): Condition => ({
    type: 'AbleToScale',
    isTrue: true,
    reason,
    message,
  });
  if (decision.rescaledTo !== undefined) {
    return able(
      'SucceededRescale',
      `the HPA controller was able to update the target scale to ${decision.rescaledTo}`,
    );
  }
  return decision.isStabilized
    ? able(
        'ScaleDownStabilized',
        'recent recommendations were higher than current one, applying the highest recent recommendation',
      )
    : able('ReadyForNewScale', 'recommended size matches current size');
}

export function noScale(deployment: string): Condition {
  return {
    type: 'AbleToScale',
    isTrue: false,
    reason: 'FailedGetScale',
    message: `the HPA controller was unable to get the target's current scale: deployments.apps "${deployment}" not found`,
  };
}

export function scalingDisabled(): Condition {
  const message = 'scaling is disabled since the replica count of the target is zero';
  return { type: 'ScalingActive', isTrue: false, reason: 'ScalingDisabled', message };
}

/** @param error what stands between the autoscaler and its first unreadable metric */
export function scalingFailed(error: string): Condition {
  const message = `the HPA was unable to compute the replica count: ${error}`;
  return { type: 'ScalingActive', isTrue: false, reason: 'FailedGetExternalMetric', message };
}

export function scalingActive(metric: HpaMetric | undefined): Condition {
  const source =
    metric === undefined ? '' : ` from external metric ${metric.name}(${goText(metric.selector)})`;
  const message = `the HPA was able to successfully calculate a replica count${source}`;
  return { type: 'ScalingActive', isTrue: true, reason: 'ValidMetricFound', message };
}
