import type { Clock } from '../core/clock.js';
import { Fault } from '../core/fault.js';
import { fail, ok, type Result } from '../core/result.js';
import { createTtlCache } from '../core/ttl-cache.js';
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

type Ask = (signal: AbortSignal) => Promise<Result<Decision, Fault>>;

const accessReviews = { max: 8_192, ttlMs: 10_000, timeoutMs: 10_000 };
/** Questions beyond this are not kept, lest one caller fill the memory (the bound of k8s.io/apiserver). */
const maxKeptLength = 10_000;

/** How long a permission outlives its ten seconds while the cluster cannot confirm it, and how long it is waited for. */
const grace = { ttlMs: 300_000, patienceMs: 500 };

const tooSlow = fail(new Fault('server.timeout', 'the API server is slow to answer'));

const granted: Decision = { allowed: true, reason: '' };

/**
 * Decides what an identity may do; the cluster's decisions count for ten seconds. While the API server is slow or away, a
 * permission of the last five minutes goes on (ADR 16), so that metrics outlive its outages; its denial counts at once.
 */
export class Authorizer {
  readonly #reviewer: AccessReviewer;
  readonly #clock: Clock;
  readonly #reviews: Reviews<Decision>;
  readonly #permissions;
  readonly #questions = new WeakMap<AccessRequest, WeakMap<Identity, string>>();

  constructor(ports: { readonly accessReviewer: AccessReviewer; readonly clock: Clock }) {
    this.#reviewer = ports.accessReviewer;
    this.#clock = ports.clock;
    this.#reviews = new Reviews(ports.clock, accessReviews);
    this.#permissions = createTtlCache<Decision>(ports.clock, { ...grace, max: accessReviews.max });
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
    const answer = await this.#bestAnswer(question, (signal) =>
      this.#reviewer.allowed(identity.user, access, signal),
    );
    if (answer.ok) return answer.value;
    const asked = `whether ${sentenceOf(identity.user, access, 'may')}`;
    const remedy = "bind this server's service account to the ClusterRole system:auth-delegator";
    const message = `Internal error occurred: the API server cannot be asked ${asked}: ${answer.error.message}; remedy: ${remedy}`;
    throw new Fault('server.internal', message, { cause: answer.error });
  }

  async #bestAnswer(question: string, ask: Ask): Promise<Result<Decision, Fault>> {
    const asked = this.#ask(question, ask);
    const former = this.#permissions.get(question);
    if (former === undefined) return asked;
    const impatient = new AbortController();
    const slow = this.#clock.sleep(grace.patienceMs, impatient.signal).then(() => tooSlow);
    const answer = await Promise.race([asked, slow]);
    impatient.abort();
    return answer.ok || answer.error.code === 'kube.denied' ? answer : ok(former);
  }

  async #ask(question: string, ask: Ask): Promise<Result<Decision, Fault>> {
    const isKept = question.length <= maxKeptLength;
    const answer = await this.#reviews.answer(question, isKept, ask);
    if (answer.ok && !answer.value.allowed) this.#permissions.delete(question);
    else if (answer.ok && isKept) this.#permissions.set(question, answer.value);
    return answer;
  }

  /**
   * One text per question. Who asks often, and what is asked for often, come as the same objects each time, and their
   * text as the same string, which is not hashed anew at each look-up.
   */
  #questionOf(identity: Identity, access: AccessRequest): string {
    let byIdentity = this.#questions.get(access);
    if (byIdentity === undefined) {
      byIdentity = new WeakMap();
      this.#questions.set(access, byIdentity);
    }
    const known = byIdentity.get(identity);
    if (known !== undefined) return known;
    const text = identity.key + JSON.stringify(access);
    byIdentity.set(identity, text);
    return text;
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
