/** A whole answer. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Pieces are written one after another as the client takes them. */
  readonly body: Buffer | Iterable<Buffer>;
}

const json = { 'content-type': 'application/json' };

/** JSON, from a value or as bytes that were rendered before. */
export function jsonReply(content: object | string, status = 200): Reply {
  return {
    status,
    headers: json,
    body: Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content)),
  };
}

/** JSON that is too long to be held whole. */
export function longJsonReply(pieces: Iterable<Buffer>): Reply {
  return { status: 200, headers: json, body: pieces };
}

/** A line of text, as Go's `http.Error` writes it and node agents know it. */
export function textReply(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff', ...headers },
    body: Buffer.from(`${text}\n`),
  };
}

/** It is not known yet, or not known now; asking again in a while helps. */
export function laterReply(text: string): Reply {
  return later(textReply(503, text));
}

/** The same reply, with when to ask again. */
export function later(reply: Reply): Reply {
  return { ...reply, headers: { ...reply.headers, 'retry-after': '5' } };
}
