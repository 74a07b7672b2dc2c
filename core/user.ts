/** Who asks, as Kubernetes describes users (`authentication.k8s.io/v1` UserInfo). */
export interface User {
  readonly name: string;
  readonly uid: string | undefined;
  readonly groups: readonly string[];
  /** Keys in lower case. */
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** What is asked for, as a SubjectAccessReview names it. */
export type AccessRequest =
  | {
      readonly kind: 'resource';
      readonly verb: string;
      readonly group: string;
      readonly version: string;
      readonly resource: string;
      readonly namespace: string;
    }
  | { readonly kind: 'path'; readonly verb: string; readonly path: string };

/** Has made itself known by any means; added to every authenticated user as Kubernetes does. */
export const authenticatedGroup = 'system:authenticated';

export const anonymousUser: User = {
  name: 'system:anonymous',
  uid: undefined,
  groups: ['system:unauthenticated'],
  extra: {},
};
