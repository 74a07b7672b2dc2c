import type { Config } from '../../config/load.js';
import type { Fault } from '../../core/fault.js';
import { ok, type Result } from '../../core/result.js';
import { accountOf, mayDo, whoAmI } from '../../kube/access.js';
import type { KubeApi } from '../../kube/api.js';
import { type Finding, findingsOf } from './finding.js';
import { neededRights, type Right } from './rights.js';

export interface AccessOptions {
  readonly config: Config;
  /** Whose rights are looked at; our own when left out. */
  readonly user: string | undefined;
}

const topic = findingsOf('Rights (RBAC)');
/** Questions under way at once: enough for a distant cluster, little for any API server. */
const width = 8;
const autoscalerUser = 'system:serviceaccount:kube-system:horizontal-pod-autoscaler';

/** Looks at each right that the settings call for, a line for those that are granted together. */
export async function checkAccess(
  client: KubeApi,
  { config, user }: AccessOptions,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const [absent, subject] =
    user === undefined
      ? [[], await subjectFinding(client, signal)]
      : [await absence(client, user, signal), []];
  if (absent.length > 0) return absent;
  const findings: Finding[] = [...subject];
  for (const right of neededRights(config)) {
    const finding = await checkRight(client, right, { user, signal });
    findings.push(finding);
    // The same obstacle would be told thirty times.
    if (finding.verdict === 'skipped') return findings;
  }
  const reader = config.externalMetrics.enabled ? [await checkReader(client, signal)] : [];
  return [...findings, ...reader];
}

interface Asking {
  readonly user: string | undefined;
  readonly signal: AbortSignal;
}

async function checkRight(client: KubeApi, right: Right, asking: Asking): Promise<Finding> {
  const missing = await missingOf(client, right, asking);
  if (!missing.ok) return unanswered(missing.error, asking.user);
  if (missing.value.length === 0) return topic.ok(describe(right));
  if (right.instead !== undefined) {
    const other = { ...right, ...right.instead };
    const missingThere = await missingOf(client, other, asking);
    if (missingThere.ok && missingThere.value.length === 0)
      return topic.ok(`${describe(other)}, in place of ${qualified(right)}`);
  }
  const message = `missing: ${missing.value.join('; ')}. Without it: ${right.without}`;
  return right.isOptional === true
    ? topic.warning(message, remedyOf(right))
    : topic.failed(message, remedyOf(right));
}

/** What is not granted, verbs joined: `get, update configmaps/x in datadog`. */
async function missingOf(
  client: KubeApi,
  right: Right,
  { user, signal }: Asking,
): Promise<Result<readonly string[], Fault>> {
  const { group, resource, verbs, namespace = '' } = right;
  const names = right.names.length === 0 ? [''] : right.names;
  const questions = names.flatMap((name) =>
    verbs.map((verb) => ({ verb, group, resource, namespace, name })),
  );
  const denied = new Map<string, string[]>();
  for (let at = 0; at < questions.length; at += width) {
    const some = questions.slice(at, at + width);
    const answers = await Promise.all(some.map((one) => mayDo(client, one, user, signal)));
    for (const [index, answer] of answers.entries()) {
      if (!answer.ok) return answer;
      const { name = '', verb = '' } = some[index] ?? {};
      if (!answer.value) denied.set(name, [...(denied.get(name) ?? []), verb]);
    }
  }
  return ok(
    shorten([...denied].map(([name, missed]) => describe({ ...right, names: [name], verbs: missed }))),
  );
}

/** Of many names that miss the same, three are enough to find the rule. */
function shorten(texts: readonly string[]): readonly string[] {
  return texts.length <= 3 ? texts : [...texts.slice(0, 3), `and ${texts.length - 3} more like these`];
}

function describe({ verbs, names, namespace, ...right }: Right): string {
  const [first = '', ...more] = names;
  const name = first === '' ? '' : ` ${first}`;
  const others = more.length === 0 ? '' : ` and ${more.length} more`;
  const where = namespace === undefined ? 'in the whole cluster' : `in ${namespace}`;
  return `${verbs.join(', ')} ${qualified(right)}${name}${others} ${where}`;
}

function qualified({ group, resource }: Pick<Right, 'group' | 'resource'>): string {
  return group === '' ? resource : `${resource}.${group}`;
}

function remedyOf({ namespace, group, resource, names, verbs, builtInRole }: Right): string {
  if (builtInRole !== undefined) {
    const binding =
      namespace === undefined ? 'a ClusterRoleBinding' : `a RoleBinding in the namespace ${namespace}`;
    return `bind the role ${builtInRole} to the service account by ${binding}, as deploy/base/rbac.yaml does`;
  }
  const role = namespace === undefined ? 'a ClusterRole' : `a Role in the namespace ${namespace}`;
  const [name, ...more] = names.filter((one) => one !== '');
  const named = name === undefined ? '' : `, resourceNames ["${name}"${more.length === 0 ? '' : ', …'}]`;
  return `grant by ${role}: apiGroups ["${group}"], resources ["${resource}"]${named}, verbs [${verbs.map((verb) => `"${verb}"`).join(', ')}], as the manifests in deploy/ do`;
}

/** Whose rights these are; those of a person say nothing of the Cluster Agent's. */
async function subjectFinding(client: KubeApi, signal: AbortSignal): Promise<readonly Finding[]> {
  const me = await whoAmI(client, signal);
  if (me === undefined || accountOf(me) !== undefined) return [];
  return [
    topic.warning(
      `these are the rights of ${me}, which is no service account`,
      'look at those of the Cluster Agent with --as datadog/datadog-cluster-agent (its namespace and service account)',
    ),
  ];
}

/** Before the manifests are applied no right is there, and one line says so in place of one for each. */
async function absence(client: KubeApi, user: string, signal: AbortSignal): Promise<readonly Finding[]> {
  const account = accountOf(user);
  if (account === undefined) return [];
  const path = `/api/v1/namespaces/${encodeURIComponent(account.namespace)}/serviceaccounts/${encodeURIComponent(account.name)}`;
  const found = await client.request('GET', path, {}, signal);
  if (found.ok || found.error.code !== 'kube.not_found') return [];
  return [
    topic.skipped(
      `the service account ${account.namespace}/${account.name} does not exist yet`,
      'apply the manifests, then look again',
    ),
  ];
}

/** By a role that Kubernetes makes itself, but for some managed clusters; in a few, the controller is another user. */
async function checkReader(client: KubeApi, signal: AbortSignal): Promise<Finding> {
  const question = { verb: 'get', group: 'external.metrics.k8s.io', resource: '*', namespace: '', name: '' };
  const answer = await mayDo(client, question, autoscalerUser, signal);
  if (!answer.ok)
    return topic.skipped(
      'whether the HPA controller may read external metrics could not be asked',
      'this takes the right to create subjectaccessreviews',
    );
  return answer.value
    ? topic.ok('the HPA controller may read external metrics')
    : topic.warning(
        `the HPA controller (${autoscalerUser}) may not read external metrics`,
        'bind the ClusterRole external-metrics-reader to it, as deploy/base/rbac.yaml does; where your provider runs the controller as another user, to that one',
      );
}

function unanswered(fault: Fault, user: string | undefined): Finding {
  return topic.skipped(
    `could not be asked: ${fault.message}`,
    user === undefined
      ? 'see to it that the API server answers'
      : 'asking for another user takes the right to create subjectaccessreviews, which administrators have',
  );
}
