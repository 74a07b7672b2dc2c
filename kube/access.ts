import { Fault } from '../core/fault.js';
import { fail, ok, type Result } from '../core/result.js';
import type { KubeApi } from './api.js';
import { type JsonObject, toObject, toText, valueAt } from './json.js';

/** One thing that somebody may do or not; empty texts stand for all names, and for the cluster's own scope. */
export interface AccessQuestion {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

const group = '/apis/authorization.k8s.io/v1';

/**
 * Asks the API server what somebody may do: ourselves where `user` is left out, which everybody may ask, else a user, which
 * takes the right to create subjectaccessreviews. Nothing is stored by that. Faults: the client's.
 */
export async function mayDo(
  client: KubeApi,
  question: AccessQuestion,
  user: string | undefined,
  signal: AbortSignal,
): Promise<Result<boolean, Fault>> {
  const [resource, kind] =
    user === undefined
      ? ['selfsubjectaccessreviews', 'SelfSubjectAccessReview']
      : ['subjectaccessreviews', 'SubjectAccessReview'];
  const spec = { resourceAttributes: question, ...(user === undefined ? {} : subjectOf(user)) };
  const body = { apiVersion: 'authorization.k8s.io/v1', kind, spec };
  const call = { body, repeatable: true };
  const answer = await client.request('POST', `${group}/${resource}`, call, signal);
  if (!answer.ok) return answer;
  const status = toObject(valueAt(answer.value, 'status'));
  if (status === undefined)
    return fail(new Fault('kube.unreachable', `POST ${group}/${resource}: no status`));
  return ok(status['allowed'] === true && status['denied'] !== true);
}

/** As whom the API server sees us; `undefined` where it is too old to say, or does not. */
export async function whoAmI(client: KubeApi, signal: AbortSignal): Promise<string | undefined> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const call = { body, repeatable: true };
  const answer = await client.request(
    'POST',
    '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    call,
    signal,
  );
  return answer.ok ? toText(valueAt(answer.value, 'status', 'userInfo', 'username')) : undefined;
}

const accountPrefix = 'system:serviceaccount:';

/** The namespace and name of a service account by its user name; `undefined` for other users. */
export function accountOf(user: string): { readonly namespace: string; readonly name: string } | undefined {
  if (!user.startsWith(accountPrefix)) return undefined;
  const [namespace = '', name = ''] = user.slice(accountPrefix.length).split(':');
  return { namespace, name };
}

/** The groups of a service account follow from its name; those of others only their authenticator knows. */
function subjectOf(user: string): JsonObject {
  const account = accountOf(user);
  const groups =
    account === undefined ? [] : ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`];
  return { user, groups: [...groups, 'system:authenticated'] };
}
