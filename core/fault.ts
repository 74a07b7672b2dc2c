/**
 * Everything the outside can do to us, in one table: code → HTTP status that a client of ours gets,
 * the reason of its `metav1.Status`, and whether trying the same again later can help.
 */
const faults = {
  'request.malformed': { status: 400, reason: 'BadRequest', retryable: false },
  'request.unauthenticated': { status: 401, reason: 'Unauthorized', retryable: false },
  'request.forbidden': { status: 403, reason: 'Forbidden', retryable: false },
  'request.not_found': { status: 404, reason: 'NotFound', retryable: false },
  'request.method_not_allowed': { status: 405, reason: 'MethodNotAllowed', retryable: false },
  'request.not_acceptable': { status: 406, reason: 'NotAcceptable', retryable: false },
  'request.invalid': { status: 422, reason: 'Invalid', retryable: false },
  'server.overloaded': { status: 429, reason: 'TooManyRequests', retryable: true },
  'server.internal': { status: 500, reason: 'InternalError', retryable: true },
  'server.timeout': { status: 504, reason: 'Timeout', retryable: true },
  'metric.unavailable': { status: 503, reason: 'ServiceUnavailable', retryable: true },
  'datadog.rate_limited': { status: 503, reason: 'ServiceUnavailable', retryable: true },
  'datadog.denied': { status: 503, reason: 'ServiceUnavailable', retryable: true },
  'datadog.rejected': { status: 503, reason: 'ServiceUnavailable', retryable: false },
  'datadog.too_large': { status: 503, reason: 'ServiceUnavailable', retryable: false },
  'datadog.unreachable': { status: 503, reason: 'ServiceUnavailable', retryable: true },
  'kube.unreachable': { status: 503, reason: 'ServiceUnavailable', retryable: true },
  'kube.denied': { status: 503, reason: 'ServiceUnavailable', retryable: true },
  'kube.not_found': { status: 503, reason: 'ServiceUnavailable', retryable: false },
  'kube.conflict': { status: 503, reason: 'ServiceUnavailable', retryable: true },
  'kube.gone': { status: 503, reason: 'ServiceUnavailable', retryable: true },
  'kube.rejected': { status: 503, reason: 'ServiceUnavailable', retryable: false },
} as const satisfies Record<string, FaultTraits>;

export interface FaultTraits {
  readonly status: number;
  readonly reason: string;
  readonly retryable: boolean;
}

export type FaultCode = keyof typeof faults;

/**
 * A failure that came from outside. Its `code` is its identity; its message says what was expected, what came
 * and the remedy, holds no secret, and may be shown to a client.
 */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: FaultCode;
  /** Seconds after which trying again makes sense, when the other side said so. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: FaultCode,
    message: string,
    options: { readonly cause?: unknown; readonly retryAfterSeconds?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get traits(): FaultTraits {
    return faults[this.code];
  }
}

/** The message of anything that was thrown; for logs and fault texts. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node reports a host whose addresses all refuse as one error without a text of its own.
  if (error.message === '' && error instanceof AggregateError)
    return [...new Set(error.errors.map(messageOf))].join('; ');
  const cause = error.cause === undefined ? '' : `: ${messageOf(error.cause)}`;
  return error.message.endsWith(cause) ? error.message : `${error.message}${cause}`;
}
