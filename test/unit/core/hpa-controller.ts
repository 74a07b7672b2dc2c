import type { LabelSelector } from '../../../core/selector.js';

/**
 * The request that kube-controller-manager makes for an external metric of an HPA, written from the Go sources and
 * from what was seen on the wire, and sharing nothing with the product: the name in lower case, the selector as
 * `metav1.LabelSelectorAsSelector(…).String()`, form-encoded.
 *
 * @param shuffle the controller's sort of conditions is by key only and not stable; this orders those of one key
 */
export function controllerRequest(
  metric: { readonly namespace: string; readonly name: string; readonly selector: LabelSelector | undefined },
  shuffle: (conditions: string[]) => string[] = (conditions) => conditions,
): string {
  const path = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${metric.namespace}/${pathEscape(metric.name.toLowerCase())}`;
  const text = selectorText(metric.selector, shuffle);
  return text === '' ? path : `${path}?labelSelector=${queryEscape(text)}`;
}

export function selectorText(
  selector: LabelSelector | undefined,
  shuffle: (conditions: string[]) => string[],
): string {
  if (selector === undefined) return '';
  const conditions: { key: string; text: string }[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {}))
    conditions.push({ key, text: `${key}=${value}` });
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const sorted = [...(values ?? [])]
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .join(',');
    if (operator === 'In') conditions.push({ key, text: `${key} in (${sorted})` });
    if (operator === 'NotIn') conditions.push({ key, text: `${key} notin (${sorted})` });
    if (operator === 'Exists') conditions.push({ key, text: key });
    if (operator === 'DoesNotExist') conditions.push({ key, text: `!${key}` });
  }
  const keys = [...new Set(conditions.map(({ key }) => key))].sort((a, b) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );
  return keys
    .flatMap((key) => shuffle(conditions.filter((one) => one.key === key).map(({ text }) => text)))
    .join(',');
}

/** `url.QueryEscape` of Go. */
export function queryEscape(text: string): string {
  return escapeBytes(text, /[A-Za-z0-9\-_.~]/).replaceAll('%20', '+');
}

/** `url.PathEscape` of Go. */
function pathEscape(text: string): string {
  return escapeBytes(text, /[A-Za-z0-9\-_.~$&+:=@]/);
}

function escapeBytes(text: string, plain: RegExp): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return byte < 128 && plain.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}
