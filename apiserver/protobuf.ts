/**
 * The little of the protobuf wire format that Kubernetes' messages need. Each function writes one field; a message
 * is its fields, one after the other.
 */
const varintType = 0;
const bytesType = 2;

/** A `string` field; absent when the text is `undefined`. */
export function textField(number: number, text: string | undefined): Buffer {
  return text === undefined ? nothing : bytesField(number, Buffer.from(text, 'utf8'));
}

/** An `int32` or `int64` field for a non-negative safe integer; absent when it is `undefined`. */
export function integerField(number: number, value: number | undefined): Buffer {
  return value === undefined ? nothing : Buffer.concat([tag(number, varintType), varint(value)]);
}

/** A field that holds a message (or one element of a repeated field, or one entry of a map). */
export function messageField(number: number, ...fields: readonly Buffer[]): Buffer {
  return bytesField(number, Buffer.concat(fields));
}

/** A `bytes` field. */
export function bytesField(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([tag(number, bytesType), varint(bytes.length), bytes]);
}

const nothing = Buffer.alloc(0);

function tag(number: number, wireType: number): Buffer {
  return varint(number * 8 + wireType);
}

function varint(value: number): Buffer {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`expected a non-negative safe integer, got ${value}`);
  const bytes: number[] = [];
  let rest = value;
  // Division, not shifting: shifts cut to 32 bits.
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
