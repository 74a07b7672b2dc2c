import { createHash } from 'node:crypto';
import { anonymousUser, authenticatedGroup, type User } from '../core/user.js';

/** A user as authorization sees one, with a short text that is equal for equal users and only for them. */
export interface Identity {
  readonly user: User;
  readonly key: string;
  readonly isAuthenticated: boolean;
  /** Member of `system:masters`, whom every API server obeys. */
  readonly isMaster: boolean;
}

/**
 * Makes an identity of an authenticated user: the group `system:authenticated` is added, unless a front proxy says
 * that the user is anonymous.
 */
export function toIdentity(user: User): Identity {
  const isPlaced =
    user.name === anonymousUser.name ||
    [authenticatedGroup, unauthenticatedGroup].some((group) => user.groups.includes(group));
  const placed = isPlaced ? user : { ...user, groups: [...user.groups, authenticatedGroup] };
  return {
    user: placed,
    key: digestOf([placed.name, placed.uid ?? null, placed.groups, Object.entries(placed.extra)]),
    isAuthenticated: placed.groups.includes(authenticatedGroup),
    isMaster: placed.groups.includes('system:masters'),
  };
}

function digestOf(facts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(facts)).digest('base64');
}

const unauthenticatedGroup = 'system:unauthenticated';

/** Who shows no credential at all. */
export const anonymous: Identity = toIdentity(anonymousUser);
