import { fail, ok, type Result } from '../core/result.js';
import type { LabelSelector } from '../core/selector.js';
import type { User } from '../core/user.js';
import { listAt, textAt } from './cluster/object.js';
import type { ProxyAnswer, ProxyRequest } from './cluster-proxy.js';
import { parseMilli } from './hpa-quantity.js';

/** The aggregation layer, on the way to the metrics server. */
export interface MetricsBackend {
  get(request: ProxyRequest, signal: AbortSignal): Promise<ProxyAnswer>;
}

const serviceAccount = 'system:serviceaccount:kube-system:horizontal-pod-autoscaler';

const hpaUser: User = {
  name: serviceAccount,
  uid: '56155721-edd1-41ca-ac2a-116755e815f9',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
  extra: {},
};

/**
 * Asks for one external metric as the real controller does: the name in lower case, the selector's conditions sorted,
 * spaces as `+`. It asks for JSON, where the real one prefers protobuf. The error is the text that the autoscaler's
 * condition shows.
 */
export async function readExternalMetric(
  backend: MetricsBackend,
  wanted: { readonly namespace: string; readonly name: string; readonly selector: LabelSelector | undefined },
  signal: AbortSignal,
): Promise<Result<readonly bigint[], string>> {
  const answer = await backend.get(toRequest(wanted), signal);
  const values = answer.status === 200 ? valuesOf(answer) : fail(errorOf(answer, wanted.name.toLowerCase()));
  if (values.ok && values.value.length > 0) return values;
  const why = values.ok
    ? 'no metrics returned from external metrics API'
    : `unable to fetch metrics from external metrics API: ${values.error}`;
  return fail(
    `unable to get external metric ${wanted.namespace}/${wanted.name}/${goText(wanted.selector)}: ${why}`,
  );
}

function toRequest(wanted: {
  readonly namespace: string;
  readonly name: string;
  readonly selector: LabelSelector | undefined;
}): ProxyRequest {
  const place = { group: 'external.metrics.k8s.io', version: 'v1beta1' };
  const path = `/apis/${place.group}/${place.version}/namespaces/${wanted.namespace}/${encodeURIComponent(wanted.name.toLowerCase())}`;
  const text = selectorText(wanted.selector);
  const query = text === '' ? '' : `?${new URLSearchParams({ labelSelector: text }).toString()}`;
  const userAgent = `kube-controller-manager/v1.36.2 (linux/amd64) kubernetes/98b3519/${serviceAccount}`;
  return {
    ...place,
    url: path + query,
    user: hpaUser,
    headers: { accept: 'application/json', 'user-agent': userAgent },
  };
}

/** The text of a selector as client-go writes it: a set with one value stays a set. */
export function selectorText(selector: LabelSelector | undefined): string {
  const equalities = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({
    key,
    text: `${key}=${value}`,
  }));
  const conditions = (selector?.matchExpressions ?? []).map(({ key, operator, values = [] }) => ({
    key,
    text: conditionText(key, operator, [...values].sort()),
  }));
  const sorted = [...equalities, ...conditions].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return sorted.map(({ text }) => text).join(',');
}

function conditionText(key: string, operator: string, values: readonly string[]): string {
  switch (operator) {
    case 'In':
      return `${key} in (${values.join(',')})`;
    case 'NotIn':
      return `${key} notin (${values.join(',')})`;
    case 'DoesNotExist':
      return `!${key}`;
    default:
      return key;
  }
}

function valuesOf(answer: ProxyAnswer): Result<readonly bigint[], string> {
  const list = parseJson(answer.body);
  const values: bigint[] = [];
  for (const item of listAt(list, 'items')) {
    const text = textAt(item, 'value') ?? '';
    const milli = parseMilli(text);
    if (milli === undefined)
      return fail(
        `quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$', got '${text}'`,
      );
    values.push(milli);
  }
  return ok(values);
}

/** The message of a Status; anything else becomes client-go's general sentence. */
function errorOf(answer: ProxyAnswer, name: string): string {
  const status = parseJson(answer.body);
  const message = textAt(status, 'message');
  if (textAt(status, 'kind') === 'Status' && message !== undefined) return message;
  const asked = `(get ${name}.external.metrics.k8s.io)`;
  if (answer.status === 404) return `the server could not find the requested resource ${asked}`;
  if (answer.status === 503) return `the server is currently unable to handle the request ${asked}`;
  return `an error on the server ("${Buffer.from(answer.body).toString('utf8').trim()}") has prevented the request from succeeding ${asked}`;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    // Not JSON: the caller words the error by the status alone.
    return undefined;
  }
}

/** A selector as Go prints it in the controller's messages. */
export function goText(selector: LabelSelector | undefined): string {
  if (selector === undefined) return 'nil';
  const labels = Object.entries(selector.matchLabels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`);
  const expressions = (selector.matchExpressions ?? []).map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  );
  return (
    `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},` +
    `MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`
  );
}
