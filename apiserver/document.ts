import { createHash } from 'node:crypto';

/** Bytes that clients may keep and ask about by their tag. */
export interface Document {
  readonly body: Buffer;
  /** A quoted upper-case SHA-512, as Kubernetes tags its discovery documents; clients compare it letter by letter. */
  readonly etag: string;
  /** The tag without quotes. */
  readonly hash: string;
}

/** Tags a body. */
export function toDocument(body: Buffer): Document {
  const hash = createHash('sha512').update(body).digest('hex').toUpperCase();
  return { body, etag: `"${hash}"`, hash };
}
