/** The frames of HTTP/2 (RFC 9113) as a bad client writes them, and those of a server as it reads them. */
const types = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;
export type FrameKind = keyof typeof types;

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** Of headers: no body follows; no continuation follows. */
export const endStream = 0x1;
export const endHeaders = 0x4;
export const acknowledged = 0x1;

/** One frame of a stream; 0 is the connection. */
export function frame(
  kind: FrameKind,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(types[kind], 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A header section in HPACK, without any compression. */
export function headerBlock(request: {
  readonly method?: string;
  readonly path: string;
  readonly token: string;
}): Buffer {
  const { method = 'GET', path, token } = request;
  // Names by their places in the static table: :method, :scheme https (whole), :path, :authority, authorization.
  return Buffer.concat([
    literal([0x02], method),
    Buffer.from([0x87]),
    literal([0x04], path),
    literal([0x01], 'a'),
    literal([0x0f, 0x08], `Bearer ${token}`),
  ]);
}

/** A header with a name of its own, for a section of which there is no end. */
export function strayHeader(name: string, value: string): Buffer {
  return literal([0x00, name.length, ...Buffer.from(name)], value);
}

/** The cancelling of a stream. */
export function cancel(stream: number): Buffer {
  return frame('reset', 0, stream, Buffer.from([0, 0, 0, 8]));
}

export interface HeardFrame {
  readonly kind: FrameKind | 'other';
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** The whole frames in what was heard, as `converse` gives it. */
export function framesIn(heard: string): readonly HeardFrame[] {
  const bytes = Buffer.from(heard, 'latin1');
  const frames: HeardFrame[] = [];
  for (let at = 0; at + 9 <= bytes.length; ) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    const type = bytes[at + 3];
    const [kind = 'other'] =
      (Object.entries(types).find(([, number]) => number === type) as [FrameKind, number] | undefined) ?? [];
    frames.push({
      kind,
      flags: bytes[at + 4] ?? 0,
      stream: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + 9, end),
    });
    at = end;
  }
  return frames;
}

function literal(name: readonly number[], value: string): Buffer {
  if (value.length > 126) throw new RangeError('longer lengths are not written here');
  return Buffer.concat([Buffer.from([...name, value.length]), Buffer.from(value)]);
}
