import { pipeline, Readable } from 'node:stream';
import { isGone, type Response } from '../http/exchanges.js';
import type { Reply } from './reply.js';

/** Writes a reply, unless the client has gone; without its body where only the head was asked for. */
export function send(response: Response, { status, headers, body }: Reply, isHead: boolean): void {
  if (response.headersSent || isGone(response)) return;
  if (Buffer.isBuffer(body)) {
    const whole = { ...headers, 'content-length': body.length };
    if ('stream' in response) {
      // Past the stand-in for HTTP/1.1's response, which would copy each header twice.
      response.stream.respond({ ...whole, ':status': status }, { endStream: isHead });
      if (!isHead) response.stream.end(body);
      return;
    }
    response.writeHead(status, whole);
    if (isHead) response.end();
    else response.end(body);
    return;
  }
  response.writeHead(status, { ...headers });
  if (isHead) response.end();
  // A client that goes away ends the pieces; one that reads slowly holds nobody else up.
  else pipeline(Readable.from(body), response, () => {});
}
