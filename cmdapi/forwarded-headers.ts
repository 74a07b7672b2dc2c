import type { IncomingHttpHeaders } from 'node:http';

/** Marks a request that a replica has passed on; whoever receives it and does not lead passes it no further. */
export const forwardedMark = 'x-dca-follower-forwarded';
/** Marks an answer that came from the leader by way of another replica. */
export const answeredMark = 'x-dca-forwarded';

/** Those of one connection, which say nothing about the request (RFC 9110 §7.6.1). */
const hopHeaders = new Set([
  'connection',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export function isForwarded(headers: IncomingHttpHeaders): boolean {
  return headers[forwardedMark] !== undefined;
}

/** What goes to the leader: everything but the hop's own, and the mark. */
export function carriedHeaders(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  return { ...withoutHop(headers), [forwardedMark]: 'true' };
}

/** What comes back from it. The length is counted anew. */
export function returnedHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const kept = Object.entries(withoutHop(headers)).filter(([name]) => name !== 'content-length');
  return {
    ...Object.fromEntries(
      kept.map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
    ),
    [answeredMark]: 'true',
  };
}

function withoutHop(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  return Object.fromEntries(
    Object.entries(headers).filter(
      (pair): pair is [string, string | string[]] =>
        // A colon begins what HTTP/2 writes in place of the request line.
        pair[1] !== undefined &&
        !pair[0].startsWith(':') &&
        !hopHeaders.has(pair[0]) &&
        !named.includes(pair[0]),
    ),
  );
}
