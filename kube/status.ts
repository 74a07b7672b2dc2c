import { Fault, type FaultCode } from '../core/fault.js';
import { toText, valueAt } from './json.js';

/**
 * An answer that is no success: the call as `METHOD path`, the HTTP status, and the parsed body, if it was
 * JSON.
 */
export interface Refusal {
  readonly call: string;
  readonly status: number;
  readonly body: unknown;
  /** The `Retry-After` header. */
  readonly retryAfter?: string | undefined;
}

/**
 * The fault that an unsuccessful answer stands for; its message is made of the call and the `metav1.Status`
 * alone.
 */
export function faultOfRefusal(refusal: Refusal): Fault {
  const { call, status, body } = refusal;
  const words = toText(valueAt(body, 'message'));
  const message = `${call}: HTTP ${status}${words === undefined ? '' : `: ${words}`}`;
  const retryAfterSeconds =
    toSeconds(refusal.retryAfter) ?? toSeconds(valueAt(body, 'details', 'retryAfterSeconds'));
  return new Fault(
    codeOfStatus(status),
    `${message}${remedyOf(status, words)}`,
    retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
  );
}

/**
 * What the API server says in plain text when it cannot reach the server behind an APIService, as a `metav1.Status` would
 * say it; `undefined` for any other text, such as a page of a proxy in between.
 */
export function aggregatorWords(text: string): { readonly message: string } | undefined {
  const line = text.trim();
  const isIts = /^(error trying to reach service|service unavailable)/i.test(line) && line.length <= 1_000;
  return isIts ? { message: line.replaceAll(/\s+/g, ' ') } : undefined;
}

/** The fault of a watch's `ERROR` event, whose object is a `metav1.Status`. */
export function faultOfStatus(call: string, status: unknown): Fault {
  const code = valueAt(status, 'code');
  return faultOfRefusal({ call, status: typeof code === 'number' ? code : 500, body: status });
}

function codeOfStatus(status: number): FaultCode {
  switch (status) {
    case 401:
    case 403:
      return 'kube.denied';
    case 404:
      return 'kube.not_found';
    case 409:
      return 'kube.conflict';
    case 410:
      return 'kube.gone';
    case 408:
    case 429:
      return 'kube.unreachable';
    default:
      return status >= 400 && status < 500 ? 'kube.rejected' : 'kube.unreachable';
  }
}

function remedyOf(status: number, words: string | undefined): string {
  if (status === 401)
    return '; the API server does not know our credentials: check the service account token or the kubeconfig';
  return status === 403 ? missingRule(words ?? '') : '';
}

const forbidden = /cannot (\S+) resource "([^"]*)" in API group "([^"]*)"(?: in the namespace "([^"]*)")?/;

const forbiddenPath = /cannot (\S+) path "([^"]*)"/;

/** Reads the API server's own sentence, since only it knows what its authorizer looked for. */
function missingRule(words: string): string {
  const match = forbidden.exec(words);
  if (match === null) return missingPathRule(words);
  const [, verb = '', resource = '', group = '', namespace] = match;
  const where = namespace === undefined ? 'a ClusterRole' : `a Role in namespace ${namespace}`;
  return `; grant it by RBAC: ${where} with apiGroups ["${group}"], resources ["${resource}"], verbs ["${verb}"]`;
}

function missingPathRule(words: string): string {
  const match = forbiddenPath.exec(words);
  if (match === null) return '';
  const [, verb = '', path = ''] = match;
  return `; grant it by RBAC: a ClusterRole with nonResourceURLs ["${path}"], verbs ["${verb}"]`;
}

/** `Retry-After` as a date is not read: Kubernetes sends seconds only. */
function toSeconds(value: unknown): number | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}
