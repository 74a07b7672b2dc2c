import type { Registration } from '../core/autoscaler-status.js';
import type { Fault } from '../core/fault.js';
import { ok, type Result } from '../core/result.js';
import { type KubeApi, resourcePath } from './api.js';
import { toConditions } from './autoscaler-status.js';
import { toText, valueAt } from './json.js';

export const registrationName = 'v1beta1.external.metrics.k8s.io';
export const registrationPath = resourcePath(
  { api: '/apis/apiregistration.k8s.io/v1', resource: 'apiservices' },
  { name: registrationName },
);
/** A person waits. */
const timeoutMs = 3_000;

/** Reads the APIService of external metrics, as kube-apiserver has it. */
export class RegistrationReader {
  readonly #client: KubeApi;

  constructor(ports: { readonly client: KubeApi }) {
    this.#client = ports.client;
  }

  /** `undefined`: there is none. Faults: the client's; `kube.denied` where the role does not hold the right to get it. */
  async read(signal: AbortSignal): Promise<Result<Registration | undefined, Fault>> {
    const answer = await this.#client.request('GET', registrationPath, { timeoutMs }, signal);
    if (answer.ok) return ok(parseRegistration(answer.value));
    return answer.error.code === 'kube.not_found' ? ok(undefined) : answer;
  }
}

export function parseRegistration(object: unknown): Registration {
  const namespace = toText(valueAt(object, 'spec', 'service', 'namespace'));
  const name = toText(valueAt(object, 'spec', 'service', 'name'));
  return {
    service: namespace === undefined || name === undefined ? undefined : { namespace, name },
    available: toConditions(object).find(({ type }) => type === 'Available'),
  };
}
