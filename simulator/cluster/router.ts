import type { IncomingMessage } from 'node:http';
import type { User } from '../../core/user.js';
import { type AccessPolicy, defaultCallerPolicy, forbidden, toAccess, toVerdict } from './access.js';
import { methodNotAllowed, noSuchResource } from './api-error.js';
import type { ControlPlane } from './control-plane.js';
import type { Discovery, GroupVersion } from './discovery.js';
import type { Identities } from './identities.js';
import { parseJsonBody, type RequestBody } from './request-body.js';
import type { RequestInfo } from './request-info.js';
import { type Answer, document, type ResourceHandler } from './resources.js';
import { type ReviewKind, review, reviewKinds } from './reviews.js';

/** A request whose caller is known and whose body is read. */
export interface Call {
  readonly info: RequestInfo;
  readonly user: User;
  readonly request: IncomingMessage;
  readonly body: RequestBody;
}

/** The way to the backends of APIServices. */
export interface Aggregation {
  groups(): readonly GroupVersion[];
  /** Answers for the backend of the call's group and version, whatever state it is in. */
  forward(call: Call, signal: AbortSignal): Promise<Answer>;
}

export interface RouterPorts {
  readonly resources: ResourceHandler;
  readonly discovery: Discovery;
  readonly identities: Identities;
  readonly aggregation: Aggregation;
  readonly controlPlane: ControlPlane;
}

/** Who answers a request: the control plane itself, the stored kinds, a review, a backend behind an APIService, or discovery. */
export class Router {
  readonly #ports: RouterPorts;
  /** What callers may do. */
  callerPolicy: AccessPolicy = defaultCallerPolicy;
  /** What SubjectAccessReviews answer. */
  accessPolicy: AccessPolicy = () => true;

  constructor(ports: RouterPorts) {
    this.#ports = ports;
  }

  /** Throws the `ApiError` of whatever does not fit; authorization comes before everything else. */
  async route(call: Call, signal: AbortSignal): Promise<Answer> {
    this.#authorize(call);
    const { info } = call;
    const { resources, discovery, aggregation, controlPlane } = this.#ports;
    const ofControlPlane = controlPlane.answer(info);
    if (ofControlPlane !== undefined) return ofControlPlane;
    if (info.target !== undefined && resources.tableOf(info.target) !== undefined) {
      if (!methods.includes(info.method)) throw methodNotAllowed();
      const accept = call.request.headers.accept ?? '';
      return resources.handle(info.target, { info, accept, body: call.body });
    }
    const kind = reviewKindOf(info);
    if (kind !== undefined) return this.#review(kind, call);
    const groups = aggregation.groups();
    if (groups.some((known) => isIn(known, info.path))) return aggregation.forward(call, signal);
    const found = info.method === 'GET' ? discovery.document(info.path, groups) : undefined;
    if (found === undefined) throw noSuchResource();
    return document(200, found);
  }

  #authorize({ info, user }: Call): void {
    const access = toAccess(info);
    const verdict = toVerdict(this.callerPolicy(user, access));
    if (!verdict.isAllowed) throw forbidden(user, access, verdict.reason);
  }

  #review(kind: ReviewKind, call: Call): Answer {
    if (call.info.method !== 'POST') throw methodNotAllowed();
    const { identities } = this.#ports;
    const { accessPolicy, callerPolicy } = this;
    const sources = { userOf: (token: string) => identities.userOf(token), accessPolicy, callerPolicy };
    return document(201, review(kind, parseJsonBody(call.body), call.user, sources));
  }
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

function isIn(place: GroupVersion, path: string): boolean {
  const root = `/apis/${place.group}/${place.version}`;
  return path === root || path.startsWith(`${root}/`);
}

function reviewKindOf({ target }: RequestInfo): ReviewKind | undefined {
  return reviewKinds.find(
    (kind) =>
      kind.group === target?.group && kind.version === target.version && kind.resource === target.resource,
  );
}
