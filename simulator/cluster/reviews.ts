import type { User } from '../../core/user.js';
import { type Access, type AccessPolicy, toVerdict } from './access.js';
import { badRequest } from './api-error.js';
import { isJsonObject, type JsonObject, listAt, objectAt, textAt } from './object.js';

/** What reviews look things up in. */
export interface ReviewSources {
  readonly userOf: (token: string) => User | undefined;
  /** What SubjectAccessReviews answer by. */
  readonly accessPolicy: AccessPolicy;
  /** What SelfSubjectAccessReviews answer by: the policy that the caller itself is held to. */
  readonly callerPolicy: AccessPolicy;
}

/** A kind that is only ever created, and answered at once. */
export interface ReviewKind {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  status(spec: JsonObject, caller: User, sources: ReviewSources): JsonObject;
}

const authorization = { group: 'authorization.k8s.io', version: 'v1' };

export const reviewKinds: readonly ReviewKind[] = [
  {
    group: 'authentication.k8s.io',
    version: 'v1',
    resource: 'tokenreviews',
    kind: 'TokenReview',
    status: (spec, _caller, sources) => tokenStatus(spec, sources),
  },
  {
    ...authorization,
    resource: 'subjectaccessreviews',
    kind: 'SubjectAccessReview',
    status: (spec, _caller, sources) => accessStatus(sources.accessPolicy, subjectOf(spec), spec),
  },
  {
    ...authorization,
    resource: 'selfsubjectaccessreviews',
    kind: 'SelfSubjectAccessReview',
    status: (spec, caller, sources) => accessStatus(sources.callerPolicy, caller, spec),
  },
];

/** The review with its status filled in. */
export function review(kind: ReviewKind, body: unknown, caller: User, sources: ReviewSources): JsonObject {
  if (!isJsonObject(body))
    throw badRequest(`the object provided is unrecognized (must be of type ${kind.kind})`);
  const spec = objectAt(body, 'spec');
  return {
    kind: kind.kind,
    apiVersion: `${kind.group}/${kind.version}`,
    metadata: objectAt(body, 'metadata'),
    spec,
    status: kind.status(spec, caller, sources),
  };
}

function tokenStatus(spec: JsonObject, sources: ReviewSources): JsonObject {
  const user = sources.userOf(textAt(spec, 'token') ?? '');
  if (user === undefined) return { user: {}, error: '[invalid bearer token, unknown to this cluster]' };
  const audiences = listAt(spec, 'audiences');
  return {
    authenticated: true,
    user: {
      username: user.name,
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      groups: user.groups,
      extra: user.extra,
    },
    ...(audiences.length === 0 ? {} : { audiences }),
  };
}

function accessStatus(policy: AccessPolicy, user: User, spec: JsonObject): JsonObject {
  const verdict = toVerdict(policy(user, accessOf(spec)));
  return {
    allowed: verdict.isAllowed,
    ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
    ...(verdict.error === undefined ? {} : { evaluationError: verdict.error }),
  };
}

function subjectOf(spec: JsonObject): User {
  const extra = Object.entries(objectAt(spec, 'extra')).map(
    ([key]) => [key, texts(listAt(spec, 'extra', key))] as const,
  );
  return {
    name: textAt(spec, 'user') ?? '',
    uid: textAt(spec, 'uid'),
    groups: texts(listAt(spec, 'groups')),
    extra: Object.fromEntries(extra),
  };
}

function texts(values: readonly unknown[]): readonly string[] {
  return values.filter((value): value is string => typeof value === 'string');
}

function accessOf(spec: JsonObject): Access {
  if ('nonResourceAttributes' in spec) {
    const path = textAt(spec, 'nonResourceAttributes', 'path') ?? '';
    return { kind: 'path', verb: textAt(spec, 'nonResourceAttributes', 'verb') ?? '', path };
  }
  if (!('resourceAttributes' in spec)) {
    throw badRequest(
      'spec.resourceAttributes: Invalid value: "null": exactly one of nonResourceAttributes or resourceAttributes must be specified',
    );
  }
  const attribute = (name: string): string => textAt(spec, 'resourceAttributes', name) ?? '';
  return {
    kind: 'resource',
    verb: attribute('verb'),
    group: attribute('group'),
    version: attribute('version'),
    resource: attribute('resource'),
    subresource: attribute('subresource'),
    namespace: attribute('namespace'),
    name: attribute('name'),
  };
}
