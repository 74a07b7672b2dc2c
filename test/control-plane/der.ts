/** The little of DER that an X.509 certificate needs (ITU-T X.690). */

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
} as const;

/** A value under any tag; `content` is concatenated. */
export function tagged(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body), body]);
}

export const sequence = (...content: readonly Uint8Array[]): Uint8Array => tagged(TAG.sequence, ...content);
export const set = (...content: readonly Uint8Array[]): Uint8Array => tagged(TAG.set, ...content);
export const octetString = (content: Uint8Array): Uint8Array => tagged(TAG.octetString, content);
export const utf8String = (text: string): Uint8Array => tagged(TAG.utf8String, Buffer.from(text, 'utf8'));
export const boolean = (value: boolean): Uint8Array => tagged(TAG.boolean, Buffer.from([value ? 0xff : 0]));

/** `unusedBits` counts the low bits of the last byte that carry nothing. */
export function bitString(content: Uint8Array, unusedBits = 0): Uint8Array {
  return tagged(TAG.bitString, Buffer.from([unusedBits]), content);
}

/** A non-negative integer from big-endian bytes without needless leading zeros. */
export function integer(bytes: Uint8Array): Uint8Array {
  const isHighBitSet = ((bytes[0] ?? 0) & 0x80) !== 0;
  return tagged(TAG.integer, Buffer.from(isHighBitSet ? [0] : []), bytes);
}

/** An object identifier from its dotted form, such as `2.5.4.3`. */
export function objectIdentifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tagged(TAG.objectIdentifier, Buffer.from([first * 40 + second, ...rest.flatMap(toBase128)]));
}

/** A time to the second, as RFC 5280 wants it written for the years up to 2049. */
export function utcTime(atMs: number): Uint8Array {
  const text = new Date(atMs).toISOString().replace(/[-:T]|\.\d+/g, '');
  return tagged(TAG.utcTime, Buffer.from(text.slice(2), 'ascii'));
}

/** `[number]` of the context, constructed: wraps whole values. */
export function explicit(number: number, ...content: readonly Uint8Array[]): Uint8Array {
  return tagged(0xa0 | number, ...content);
}

/** `[number]` of the context, primitive: replaces a value's own tag. */
export function implicit(number: number, content: Uint8Array): Uint8Array {
  return tagged(0x80 | number, content);
}

function lengthOf(body: Uint8Array): Uint8Array {
  if (body.length < 0x80) return Buffer.from([body.length]);
  const bytes: number[] = [];
  for (let rest = body.length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

function toBase128(arc: number): number[] {
  const digits = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) {
    digits.unshift((rest % 128) | 0x80);
  }
  return digits;
}
