import type { Clock } from '../core/clock.js';
import { Fault } from '../core/fault.js';
import type { Result } from '../core/result.js';
import type { AccessRequest, User } from '../core/user.js';
import type { Identity } from './identity.js';
import { groupPath, versionPath } from './request-path.js';
import { Reviews } from './reviews.js';

/** The cluster's word on a request, with its reason if it gave one. */
export interface Decision {
  readonly allowed: boolean;
  readonly reason: string;
}

/** Asks the cluster whether a user may do something (SubjectAccessReview). */
export interface AccessReviewer {
  allowed(user: User, request: AccessRequest, signal: AbortSignal): Promise<Result<Decision, Fault>>;
}

const accessReviews = { max: 8_192, ttlMs: 10_000, timeoutMs: 10_000 };
/** Questions beyond this are not kept, lest one caller fill the memory (the bound of k8s.io/apiserver). */
const maxKeptLength = 10_000;

const granted: Decision = { allowed: true, reason: '' };

/** Decides what an identity may do; the cluster's decisions count for ten seconds. */
export class Authorizer {
  readonly #reviewer: AccessReviewer;
  readonly #reviews: Reviews<Decision>;
  readonly #texts = new WeakMap<AccessRequest, string>();

  constructor(ports: { readonly accessReviewer: AccessReviewer; readonly clock: Clock }) {
    this.#reviewer = ports.accessReviewer;
    this.#reviews = new Reviews(ports.clock, accessReviews);
  }

  /** The decision if it needs no question to the cluster. */
  known(identity: Identity, access: AccessRequest): Decision | undefined {
    if (needsNoReview(identity, access)) return granted;
    return this.#reviews.known(this.#questionOf(identity, access))?.value;
  }

  /** The decision, by asking the cluster if need be. Fault: `server.internal` when it cannot be asked. */
  async decide(identity: Identity, access: AccessRequest): Promise<Decision> {
    const known = this.known(identity, access);
    if (known !== undefined) return known;
    const question = this.#questionOf(identity, access);
    const answer = await this.#reviews.answer(question, question.length <= maxKeptLength, (signal) =>
      this.#reviewer.allowed(identity.user, access, signal),
    );
    if (answer.ok) return answer.value;
    const asked = `whether ${sentenceOf(identity.user, access, 'may')}`;
    const remedy = "bind this server's service account to the ClusterRole system:auth-delegator";
    const message = `Internal error occurred: the API server cannot be asked ${asked}: ${answer.error.message}; remedy: ${remedy}`;
    throw new Fault('server.internal', message, { cause: answer.error });
  }

  /** One text per question. What is asked for often comes as the same object each time, whose text is made once. */
  #questionOf(identity: Identity, access: AccessRequest): string {
    const known = this.#texts.get(access);
    const text = known ?? JSON.stringify(access);
    if (known === undefined) this.#texts.set(access, text);
    return identity.key + text;
  }
}

/**
 * Whether access is given without asking: to everything for masters; to the probes for all; to the documents for
 * everyone who is somebody, because the aggregation layer reads them without any group, and because discovery must
 * not wait for the cluster.
 */
export function needsNoReview(identity: Identity, access: AccessRequest): boolean {
  if (identity.isMaster) return true;
  if (access.kind !== 'path') return false;
  return (
    probes.has(access.path) || (identity.isAuthenticated && access.verb === 'get' && isDocument(access.path))
  );
}

/** The refusal in the words of Kubernetes, which its clients show to users. Fault: `request.forbidden`. */
export function forbidden(user: User, access: AccessRequest, reason: string): Fault {
  const subject = access.kind === 'path' ? 'forbidden' : `${access.resource}.${access.group} is forbidden`;
  const why = reason === '' ? '' : `: ${reason}`;
  return new Fault('request.forbidden', `${subject}: ${sentenceOf(user, access, 'cannot')}${why}`);
}

const probes: ReadonlySet<string> = new Set(['/healthz', '/livez', '/readyz']);
const documents: ReadonlySet<string> = new Set([
  '/apis',
  groupPath,
  versionPath,
  '/openapi/v2',
  '/openapi/v3',
  '/version',
]);

function isDocument(path: string): boolean {
  return documents.has(path.endsWith('/') ? path.slice(0, -1) : path) || path === `/openapi/v3${versionPath}`;
}

function sentenceOf(user: User, access: AccessRequest, may: 'may' | 'cannot'): string {
  const who = `User ${JSON.stringify(user.name)} ${may} ${access.verb}`;
  if (access.kind === 'path') return `${who} path ${JSON.stringify(access.path)}`;
  const what = `resource ${JSON.stringify(access.resource)} in API group "${access.group}"`;
  const where =
    access.namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(access.namespace)}`;
  return `${who} ${what} ${where}`;
}
