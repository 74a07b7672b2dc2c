import type { Config } from '../../config/load.js';
import type { Fault } from '../../core/fault.js';
import type { KubeApi } from '../../kube/api.js';
import { toText, valueAt } from '../../kube/json.js';
import { type Finding, findingsOf } from './finding.js';
import { providerOf, remedyOfTrouble } from './provider.js';
import { apiServiceName } from './rights.js';

const topic = findingsOf('External metrics');
export const apiServicePath = `/apis/apiregistration.k8s.io/v1/apiservices/${apiServiceName}`;
const groupPath = '/apis/external.metrics.k8s.io/v1beta1';

/** What was found of the registration; `object` when it is ours, for the look at the certificate. */
export interface RegistrationFindings {
  readonly findings: readonly Finding[];
  readonly object: unknown;
  /** Nobody is registered. */
  readonly isAbsent: boolean;
}

/** Who answers external metrics in this cluster, and whether the API server reaches them. */
export async function checkRegistration(
  client: KubeApi,
  { certificate, kubernetes }: Config,
  signal: AbortSignal,
): Promise<RegistrationFindings> {
  const found = await client.request('GET', apiServicePath, {}, signal);
  if (!found.ok) return withoutObject(found.error);
  const object = found.value;
  const ours = `${kubernetes.namespace}/${certificate.serviceName}`;
  const owner = ownerOf(object);
  if (owner !== ours) return { findings: [foreign(owner, ours)], object: undefined, isAbsent: false };
  const findings = [
    topic.ok(`the APIService ${apiServiceName} leads to our Service ${ours}`),
    availability(object),
    await reach(client, signal),
  ];
  return { findings, object, isAbsent: false };
}

function withoutObject(fault: Fault): RegistrationFindings {
  const isAbsent = fault.code === 'kube.not_found';
  const finding = isAbsent
    ? topic.skipped(
        `there is no APIService ${apiServiceName}: nobody answers external metrics in this cluster`,
        'apply the manifests (deploy/base/apiservice.yaml) when this Cluster Agent is to answer',
      )
    : topic.skipped(
        `the APIService ${apiServiceName} cannot be read: ${fault.message}`,
        'grant the right above, or run this as an administrator',
      );
  return { findings: [finding], object: undefined, isAbsent };
}

/** `namespace/name` of the Service; `undefined`: kube-apiserver answers itself, as for an APIService without one. */
function ownerOf(object: unknown): string | undefined {
  const namespace = toText(valueAt(object, 'spec', 'service', 'namespace'));
  const name = toText(valueAt(object, 'spec', 'service', 'name'));
  return namespace === undefined || name === undefined ? undefined : `${namespace}/${name}`;
}

function foreign(owner: string | undefined, ours: string): Finding {
  const who = owner === undefined ? 'the API server itself (it names no Service)' : `the Service ${owner}`;
  const provider = owner === undefined ? undefined : providerOf(owner);
  const named = provider === undefined ? '' : `, which looks like ${provider}`;
  return topic.failed(
    `the APIService ${apiServiceName} belongs to ${who}${named}; ours would be ${ours}`,
    'a cluster has one server of external metrics: remove the other one or switch its external metrics off, then apply deploy/base/apiservice.yaml; where the namespace or Service of ours has another name, set --namespace or DD_EXTERNAL_METRICS_PROVIDER_SERVICE_NAME',
  );
}

/** What the API server's own look at the server behind the Service last said. */
function availability(object: unknown): Finding {
  const listed = valueAt(object, 'status', 'conditions');
  const conditions: readonly unknown[] = Array.isArray(listed) ? listed : [];
  const condition = conditions.find((one) => valueAt(one, 'type') === 'Available');
  const status = valueAt(condition, 'status');
  if (status === 'True') return topic.ok('the API server takes it for available');
  const reason = toText(valueAt(condition, 'reason')) ?? 'no reason';
  const words = toText(valueAt(condition, 'message')) ?? 'it has not said yet';
  return topic.failed(
    `the API server takes it for not available: ${reason}: ${words}`,
    remedyOfTrouble(`${reason} ${words}`),
  );
}

/** Asks as the HPA controller does: through the API server. */
async function reach(client: KubeApi, signal: AbortSignal): Promise<Finding> {
  const answer = await client.request('GET', groupPath, {}, signal);
  if (answer.ok) return topic.ok(`${groupPath} is answered through the API server`);
  return topic.failed(
    `${groupPath} is not answered through the API server: ${answer.error.message}`,
    remedyOfTrouble(answer.error.message),
  );
}
