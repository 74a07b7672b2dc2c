import type { IncomingMessage } from 'node:http';
import { badRequest, tooLargeBody, unsupportedMediaType } from './api-error.js';

/** A request's body, read whole. */
export interface RequestBody {
  readonly contentType: string;
  readonly text: string;
}

/** What a real server takes in one request. */
export const maxRequestBytes = 3 * 1024 * 1024;

/** Reads the body whole; throws a 413 beyond the limit. */
export async function readBody(request: IncomingMessage): Promise<RequestBody & { readonly bytes: number }> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!(chunk instanceof Uint8Array)) continue;
    bytes += chunk.byteLength;
    // The rest is read and dropped, so that the client gets to see the answer.
    if (bytes <= maxRequestBytes) chunks.push(chunk);
  }
  if (bytes > maxRequestBytes) throw tooLargeBody(maxRequestBytes);
  return {
    contentType: request.headers['content-type'] ?? '',
    text: Buffer.concat(chunks).toString('utf8'),
    bytes,
  };
}

/** The media type without its parameters. */
export function mediaTypeOf(body: RequestBody): string {
  return body.contentType.split(';')[0]?.trim() ?? '';
}

/** A body of `application/json`, or of no declared type; throws a 415 or a 400 for anything else. */
export function parseJsonBody(body: RequestBody): unknown {
  const type = mediaTypeOf(body);
  if (type !== '' && type !== 'application/json') throw unsupportedMediaType(['application/json']);
  return parseBody(body);
}

/** JSON of any declared type, as patches are; throws a 400 for text that is none. */
export function parseBody(body: RequestBody): unknown {
  try {
    return JSON.parse(body.text);
  } catch (error: unknown) {
    throw badRequest(`the object provided is unrecognized: couldn't parse it as JSON: ${String(error)}`);
  }
}
