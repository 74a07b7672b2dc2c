import type { AutoscalerSpec, ExternalMetricSpec } from '../core/autoscaler.js';
import type { MetricKey } from '../core/metric.js';
import { fail, ok, type Result } from '../core/result.js';
import { fromLabelSelector } from '../core/selector.js';

/** The question that one external metric of an autoscaler asks, or why it is none. */
export function toMetricKey(
  autoscaler: AutoscalerSpec,
  metric: ExternalMetricSpec,
): Result<MetricKey, string> {
  if (metric.name === '')
    return fail('the external metric has no name; set spec.metrics[].external.metric.name');
  const selector = fromLabelSelector(metric.selector);
  if (!selector.ok)
    return fail(`the selector of external metric ${metric.name} cannot be read: ${selector.error}`);
  return ok({ namespace: autoscaler.namespace, name: metric.name, selector: selector.value });
}
