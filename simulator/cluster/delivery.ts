import type { ServerResponse } from 'node:http';
import type { OpenRecord } from './recorder.js';
import type { DocumentAnswer } from './resources.js';
import type { EventSink } from './watch-stream.js';

/** The way out of one request. */
export interface Outlet {
  readonly response: ServerResponse;
  readonly record: OpenRecord;
  /** Breaks the connection. */
  readonly reset: () => void;
  /** When set, the connection breaks once so many bytes of the body are out. */
  readonly resetAfterBytes: number | undefined;
}

/** Writes a whole answer, or as much of it as the fault lets through. */
export function sendDocument(outlet: Outlet, answer: DocumentAnswer): void {
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body, 'utf8') : answer.body;
  const { response, record, resetAfterBytes } = outlet;
  record.status = answer.status;
  response.writeHead(answer.status, {
    'cache-control': 'no-cache, private',
    ...answer.headers,
    'content-type': answer.contentType ?? 'application/json',
    'content-length': body.byteLength,
  });
  if (resetAfterBytes === undefined) {
    record.bytes = body.byteLength;
    response.end(body);
    return;
  }
  const part = body.subarray(0, resetAfterBytes);
  record.bytes = part.byteLength;
  response.flushHeaders();
  writeLast(outlet, part);
}

/** The last bytes before a reset: out first, then the break. */
function writeLast(outlet: Outlet, part: Uint8Array): void {
  const reset = (): void => void setImmediate(outlet.reset);
  if (part.byteLength === 0) reset();
  else outlet.response.write(part, reset);
}

/** Begins a body that goes on; each line leaves at once. */
export function openStream(outlet: Outlet): EventSink {
  const { response, record, resetAfterBytes = Number.POSITIVE_INFINITY } = outlet;
  record.status = 200;
  response.writeHead(200, { 'cache-control': 'no-cache, private', 'content-type': 'application/json' });
  response.flushHeaders();
  return {
    write: (line) => {
      const bytes = Buffer.from(line, 'utf8');
      const rest = resetAfterBytes - record.bytes;
      record.bytes += Math.min(bytes.byteLength, rest);
      if (bytes.byteLength <= rest) response.write(bytes);
      else writeLast(outlet, bytes.subarray(0, rest));
    },
    end: () => response.end(),
    reset: outlet.reset,
    bufferedBytes: () => response.writableLength,
  };
}
