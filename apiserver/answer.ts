import type { Fault } from '../core/fault.js';
import { isGone } from '../http/exchanges.js';
import type { Encoding } from './accept.js';
import { contentTypes, type Encodable, encode, type Form } from './encode.js';
import type { AnyResponse } from './peer.js';
import { type StatusDetails, toStatus } from './status.js';

/** A whole response, ready to be written. It may be written many times. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  /** The same with the status, as HTTP/2 writes them: made once for all times that the answer is written. */
  readonly streamHeaders: Readonly<Record<string, string | number>>;
  readonly body: Buffer;
}

/** The encodings of objects that Kubernetes has messages for; the first answers a wildcard. */
export const allEncodings: readonly Encoding[] = ['json', 'yaml', 'protobuf'];

/** What a request is told that accepts none of `allEncodings`, in the words of Kubernetes. */
export const notAcceptableMessage = `only the following media types are accepted: ${allEncodings
  .map((encoding) => contentTypes[encoding])
  .join(', ')}`;

/** An answer of these bytes that nobody may keep. */
export function toAnswer(status: number, contentType: string, body: Buffer): Answer {
  return withHeaders(status, body, {
    'content-type': contentType,
    'content-length': body.length,
    'cache-control': 'no-cache, private',
  });
}

function withHeaders(status: number, body: Buffer, headers: Answer['headers']): Answer {
  return { status, headers, streamHeaders: { ...headers, ':status': status }, body };
}

/** An object of Kubernetes as an answer. */
export function objectAnswer(status: number, object: Encodable, form: Form): Answer {
  return toAnswer(status, contentTypes[form], encode(object, form));
}

/** A fault as a Status, in `form`. */
export function faultAnswer(fault: Fault, form: Form, details?: StatusDetails): Answer {
  const status = toStatus(fault, details);
  const answer = objectAnswer(status.code, status, form);
  return status.code === 403
    ? withHeaders(status.code, answer.body, { ...answer.headers, 'x-content-type-options': 'nosniff' })
    : answer;
}

/** Writes an answer, unless the client has gone. */
export function send(response: AnyResponse, { status, headers, streamHeaders, body }: Answer): void {
  if (response.headersSent || isGone(response)) return;
  if ('stream' in response) {
    // Past the stand-in for HTTP/1.1's response, which would copy each header twice.
    response.stream.respond(streamHeaders);
    response.stream.end(body);
  } else {
    response.writeHead(status, headers);
    response.end(body);
  }
}
