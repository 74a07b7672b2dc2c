import { type Kind, qualifiedKind, qualifiedResource } from './kinds.js';

/** The `metav1.Status` of a refusal. */
export interface StatusBody {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: { readonly continue?: string };
  readonly status: 'Failure';
  readonly message: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code: number;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly causes?: readonly {
    readonly reason?: string;
    readonly message?: string;
    readonly field?: string;
  }[];
  readonly retryAfterSeconds?: number;
}

/** A refusal, worded as kube-apiserver words it (`k8s.io/apimachinery/pkg/api/errors`); thrown by request handlers. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: StatusBody;

  constructor(
    code: number,
    reason: string,
    message: string,
    more: { readonly details?: StatusDetails; readonly continueToken?: string } = {},
  ) {
    super(message);
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: more.continueToken === undefined ? {} : { continue: more.continueToken },
      status: 'Failure',
      message,
      ...(reason === '' ? {} : { reason }),
      ...(more.details === undefined ? {} : { details: more.details }),
      code,
    };
  }
}

/** Which object a refusal is about. */
export type Subject = Pick<Kind, 'group' | 'resource'> & { readonly name: string };

function detailsOf(subject: Subject): StatusDetails {
  return {
    ...(subject.name === '' ? {} : { name: subject.name }),
    ...(subject.group === '' ? {} : { group: subject.group }),
    kind: subject.resource,
  };
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', message);
}

export function unauthorized(): ApiError {
  return new ApiError(401, 'Unauthorized', 'Unauthorized');
}

export function notFound(subject: Subject): ApiError {
  const message = `${qualifiedResource(subject)} "${subject.name}" not found`;
  return new ApiError(404, 'NotFound', message, { details: detailsOf(subject) });
}

/** An unknown resource, or a path that leads nowhere inside a known group. */
export function noSuchResource(): ApiError {
  return new ApiError(404, 'NotFound', 'the server could not find the requested resource', { details: {} });
}

export function methodNotAllowed(): ApiError {
  return new ApiError(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {
      details: {},
    },
  );
}

export function alreadyExists(subject: Subject): ApiError {
  const message = `${qualifiedResource(subject)} "${subject.name}" already exists`;
  return new ApiError(409, 'AlreadyExists', message, { details: detailsOf(subject) });
}

const staleVersion =
  'the object has been modified; please apply your changes to the latest version and try again';

/** A write whose expectation of the stored object was wrong; `why` defaults to a stale resourceVersion. */
export function conflict(subject: Subject, why = staleVersion): ApiError {
  const message = `Operation cannot be fulfilled on ${qualifiedResource(subject)} "${subject.name}": ${why}`;
  return new ApiError(409, 'Conflict', message, { details: detailsOf(subject) });
}

/** A field that does not hold what it should. */
export interface FieldProblem {
  readonly field: string;
  /** Such as `FieldValueInvalid`, as `details.causes` names it. */
  readonly reason: string;
  readonly message: string;
}

export function invalid(kind: Kind, name: string, problem: FieldProblem): ApiError {
  const message = `${qualifiedKind(kind)} "${name}" is invalid: ${problem.field}: ${problem.message}`;
  const group = kind.group === '' ? {} : { group: kind.group };
  return new ApiError(422, 'Invalid', message, {
    details: { name, ...group, kind: kind.kind, causes: [problem] },
  });
}

export function expired(message: string, continueToken?: string): ApiError {
  return new ApiError(410, 'Expired', message, continueToken === undefined ? {} : { continueToken });
}

export function tooLargeVersion(asked: number, current: number): ApiError {
  const cause = { reason: 'ResourceVersionTooLarge', message: 'Too large resource version' };
  return new ApiError(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    details: { causes: [cause], retryAfterSeconds: 1 },
  });
}

/** An Accept header that names nothing that there is. */
export function notAcceptable(served: readonly string[]): ApiError {
  const message = `only the following media types are accepted: ${served.join(', ')}`;
  return new ApiError(406, 'NotAcceptable', message);
}

/** `PartialObjectMetadata` asked of a list, or `PartialObjectMetadataList` of an object. */
export function wrongExtent(kind: Kind, asked: string): ApiError {
  const [family = ''] = kind.group.split('.');
  const type = `*${family === '' ? 'core' : family}.${kind.kind}`;
  const answer = asked === 'PartialObjectMetadata' ? `a list (${type}List)` : `not a list (${type})`;
  return new ApiError(406, 'NotAcceptable', `you requested ${asked}, but the requested object is ${answer}`);
}

export function unsupportedMediaType(accepted: readonly string[]): ApiError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return new ApiError(415, 'UnsupportedMediaType', message);
}

export function tooLargeBody(limitBytes: number): ApiError {
  return new ApiError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limitBytes}`);
}
