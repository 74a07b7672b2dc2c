import type { User } from '../../core/user.js';
import { ApiError } from './api-error.js';
import { qualifiedResource } from './kinds.js';
import type { RequestInfo } from './request-info.js';

/** What somebody wants to do, as RBAC looks at it. */
export type Access =
  | {
      readonly kind: 'resource';
      readonly verb: string;
      readonly group: string;
      readonly version: string;
      readonly resource: string;
      /** Empty where there is none; so are `namespace` and `name`. */
      readonly subresource: string;
      readonly namespace: string;
      readonly name: string;
    }
  | { readonly kind: 'path'; readonly verb: string; readonly path: string };

/** The answer of a policy; `true` and `false` are short for verdicts without a reason. */
export type Verdict =
  | boolean
  | { readonly isAllowed: boolean; readonly reason?: string; readonly error?: string };

export type AccessPolicy = (user: User, access: Access) => Verdict;

/** What a fresh cluster lets through: everybody who is somebody, and the probes. */
export const defaultCallerPolicy: AccessPolicy = (user, access) =>
  user.name !== 'system:anonymous' ||
  (access.kind === 'path' && /^\/(healthz|livez|readyz|version)\/?$/.test(access.path));

export function toAccess(info: RequestInfo): Access {
  const { target } = info;
  const isResource = target !== undefined && target.version !== '' && target.resource !== '';
  return isResource
    ? { kind: 'resource', ...target }
    : { kind: 'path', verb: info.method.toLowerCase(), path: info.path };
}

export function toVerdict(verdict: Verdict): {
  readonly isAllowed: boolean;
  readonly reason?: string;
  readonly error?: string;
} {
  return typeof verdict === 'boolean' ? { isAllowed: verdict } : verdict;
}

/** The 403 of kube-apiserver, word for word: it says who may not do what, where. */
export function forbidden(user: User, access: Access, reason?: string): ApiError {
  const because = reason === undefined || reason === '' ? '' : `: ${reason}`;
  if (access.kind === 'path') {
    const message = `forbidden: User "${user.name}" cannot ${access.verb} path "${access.path}"${because}`;
    return new ApiError(403, 'Forbidden', message, { details: {} });
  }
  const subject =
    access.name === '' ? qualifiedResource(access) : `${qualifiedResource(access)} "${access.name}"`;
  const resource = access.subresource === '' ? access.resource : `${access.resource}/${access.subresource}`;
  const place = access.namespace === '' ? 'at the cluster scope' : `in the namespace "${access.namespace}"`;
  const message =
    `${subject} is forbidden: User "${user.name}" cannot ${access.verb} resource "${resource}" ` +
    `in API group "${access.group}" ${place}${because}`;
  const details = {
    ...(access.name === '' ? {} : { name: access.name }),
    ...(access.group === '' ? {} : { group: access.group }),
    kind: access.resource,
  };
  return new ApiError(403, 'Forbidden', message, { details });
}
