import type { IncomingMessage } from 'node:http';
import { splitQueries } from '../datadog-query.js';
import { harmlessHeaders, OpenCall } from './call-log.js';
import { queryPath } from './faults.js';
import { maxBodyBytes } from './intake.js';

/** A request that has arrived: its record, and what the record leaves out. */
export interface Request {
  readonly call: OpenCall;
  readonly params: URLSearchParams;
  readonly apiKey: string;
  readonly applicationKey: string;
  readonly contentEncoding: string | undefined;
  readonly acceptEncoding: string | undefined;
}

/** Reads everything but the body. */
export function readRequest(message: IncomingMessage, atMonotonicMs: number): Request {
  const { url = '/', method = 'GET', headers } = message;
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const params = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  const text = path === queryPath ? params.get('query') : null;
  return {
    call: new OpenCall({
      atMonotonicMs,
      method,
      path,
      queries: text === null ? [] : splitQueries(text),
      urlLength: url.length,
      headers: harmlessHeaders(message),
    }),
    params,
    apiKey: String(headers['dd-api-key'] ?? ''),
    applicationKey: String(headers['dd-application-key'] ?? ''),
    contentEncoding: headers['content-encoding'],
    acceptEncoding: headers['accept-encoding']?.toString(),
  };
}

/** The body, as far as it is needed to tell that it is too large; `undefined` when the client went away. */
export async function readBody(message: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of message) {
      if (length <= maxBodyBytes && Buffer.isBuffer(chunk)) chunks.push(chunk);
      length += chunk.length;
    }
  } catch {
    // The connection broke: nobody is left to tell.
    return undefined;
  }
  return Buffer.concat(chunks);
}
