import { backoffMs } from '../core/backoff.js';
import type { Clock } from '../core/clock.js';
import { Fault } from '../core/fault.js';
import { fail, ok, type Result } from '../core/result.js';
import type { AccessRequest, User } from '../core/user.js';
import type { KubeApi } from './api.js';
import { type JsonObject, toObject, toText, toTextList, valueAt } from './json.js';
import { startTimeLimit } from './time-limit.js';

export interface ReviewsPorts {
  readonly client: KubeApi;
  readonly clock: Clock;
  /** A number in [0, 1), for jitter. */
  readonly random: () => number;
}

export interface ReviewsOptions {
  /** For one question, its retries included; default 10 s. */
  readonly timeoutMs?: number;
}

/** The API server's verdict on a request. */
export interface Verdict {
  readonly allowed: boolean;
  /** The authorizer's words; may be empty. */
  readonly reason: string;
}

/** As a generic API server of Kubernetes retries its webhooks: at most five attempts. */
const maxTries = 5;
const retryBounds = { firstMs: 500, capMs: 5_000 };

const accessPath = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
const tokenPath = '/apis/authentication.k8s.io/v1/tokenreviews';

/**
 * Asks the API server who somebody is and what somebody may do. Nothing is remembered here: callers cache.
 */
export class Reviews {
  readonly #ports: ReviewsPorts;
  readonly #timeoutMs: number;
  readonly #random: () => number;

  constructor(ports: ReviewsPorts, options: ReviewsOptions) {
    this.#ports = ports;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#random = ports.random;
  }

  /**
   * By SubjectAccessReview. An authorizer's explicit denial overrides another's permission. Faults: the
   * client's.
   */
  async allowed(user: User, request: AccessRequest, signal: AbortSignal): Promise<Result<Verdict, Fault>> {
    const spec = {
      user: user.name,
      groups: user.groups,
      extra: user.extra,
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      ...attributesOf(request),
    };
    const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
    const status = await this.#review(accessPath, body, signal);
    if (!status.ok) return status;
    const { allowed, denied, reason, evaluationError } = status.value;
    return ok({
      allowed: allowed === true && denied !== true,
      reason: toText(reason) ?? toText(evaluationError) ?? '',
    });
  }

  /**
   * By TokenReview. `undefined`: the token is nobody's. Faults: the client's. The token appears in no fault.
   */
  async whoIs(token: string, signal: AbortSignal): Promise<Result<User | undefined, Fault>> {
    if (token === '') return ok(undefined);
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
    const status = await this.#review(tokenPath, body, signal);
    if (!status.ok) return status;
    return ok(status.value['authenticated'] === true ? toUser(status.value['user']) : undefined);
  }

  async #review(path: string, body: unknown, signal: AbortSignal): Promise<Result<JsonObject, Fault>> {
    const limit = startTimeLimit(this.#ports.clock, this.#timeoutMs, signal);
    try {
      for (let tries = 1; ; tries += 1) {
        const answer = await this.#ask(path, body, limit.signal);
        const isFinal = answer.ok || answer.error.code !== 'kube.unreachable' || tries === maxTries;
        if (isFinal || limit.signal.aborted) return answer;
        await this.#ports.clock.sleep(backoffMs(tries, retryBounds, this.#random()), limit.signal);
        if (limit.signal.aborted) return answer;
      }
    } finally {
      limit.release();
    }
  }

  /** A review changes nothing, so it may be sent again over a new connection. */
  async #ask(path: string, body: unknown, signal: AbortSignal): Promise<Result<JsonObject, Fault>> {
    const call = { body, timeoutMs: this.#timeoutMs, repeatable: true };
    const answer = await this.#ports.client.request('POST', path, call, signal);
    if (!answer.ok) return answer;
    const status = toObject(valueAt(answer.value, 'status'));
    return status === undefined
      ? fail(new Fault('kube.unreachable', `POST ${path}: the answer has no status`))
      : ok(status);
  }
}

function attributesOf(request: AccessRequest): JsonObject {
  switch (request.kind) {
    case 'resource': {
      const { verb, group, version, resource, namespace } = request;
      return { resourceAttributes: { verb, group, version, resource, namespace } };
    }
    case 'path':
      return { nonResourceAttributes: { verb: request.verb, path: request.path } };
  }
}

function toUser(value: unknown): User | undefined {
  const user = toObject(value);
  const name = toText(user?.['username']);
  if (user === undefined || name === undefined) return undefined;
  const extra = Object.entries(toObject(user['extra']) ?? {}).map(
    ([key, values]): [string, readonly string[]] => [key.toLowerCase(), toTextList(values) ?? []],
  );
  return {
    name,
    uid: toText(user['uid']),
    groups: toTextList(user['groups']) ?? [],
    extra: Object.fromEntries(extra),
  };
}
