import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';

/** A request that came over plain HTTP, so that its peer showed no certificate. */
export function plainRequest(headers: Readonly<Record<string, string>> = {}): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  Object.assign(request.headers, headers);
  request.rawHeaders.push(...Object.entries(headers).flat());
  return request;
}
