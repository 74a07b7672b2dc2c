import { crc32, deflateRawSync } from 'node:zlib';

/** One file of an archive; the path has slashes and is ASCII. */
export interface ZipFile {
  readonly path: string;
  readonly content: string;
}

export interface Zip {
  readonly bytes: Buffer;
  /** Paths of the files that found no room. */
  readonly leftOut: readonly string[];
}

interface Packed {
  readonly path: Buffer;
  readonly crc: number;
  readonly size: number;
  readonly data: Buffer;
}

/** Room for the headers of a file beside its path, in both places. */
const headerBytes = 30 + 46;
const endBytes = 22;
const deflateMethod = 8;
const versionNeeded = 20;

/**
 * A zip archive of texts, compressed, of at most `maxBytes`: files are taken in their order, and one that finds no room is
 * left out. All have the time `nowMs`.
 */
export function writeZip(
  files: readonly ZipFile[],
  { maxBytes, nowMs }: { readonly maxBytes: number; readonly nowMs: number },
): Zip {
  const packed: Packed[] = [];
  const leftOut: string[] = [];
  let length = endBytes;
  for (const file of files) {
    const one = pack(file);
    const needed = headerBytes + 2 * one.path.length + one.data.length;
    if (length + needed > maxBytes) leftOut.push(file.path);
    else {
      packed.push(one);
      length += needed;
    }
  }
  return { bytes: assemble(packed, dosTime(nowMs)), leftOut };
}

function pack({ path, content }: ZipFile): Packed {
  const bytes = Buffer.from(content);
  return {
    path: Buffer.from(path, 'ascii'),
    crc: crc32(bytes),
    size: bytes.length,
    data: deflateRawSync(bytes),
  };
}

/** The files one after another, then the directory that names them, then where that begins. */
function assemble(packed: readonly Packed[], time: number): Buffer {
  const pieces: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const one of packed) {
    const common = commonHeader(one, time);
    const local = Buffer.concat([signature(0x04034b50), common, one.path, one.data]);
    directory.push(directoryEntry(one, common, offset));
    pieces.push(local);
    offset += local.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(endBytes);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(packed.length, 8);
  end.writeUInt16LE(packed.length, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...pieces, listing, end]);
}

/** What a file's header says in both places, from `version needed` to the length of the extra field. */
function commonHeader({ crc, size, data, path }: Packed, time: number): Buffer {
  const header = Buffer.alloc(26);
  header.writeUInt16LE(versionNeeded, 0);
  header.writeUInt16LE(deflateMethod, 4);
  header.writeUInt32LE(time, 6);
  header.writeUInt32LE(crc, 10);
  header.writeUInt32LE(data.length, 14);
  header.writeUInt32LE(size, 18);
  header.writeUInt16LE(path.length, 22);
  return header;
}

function directoryEntry({ path }: Packed, common: Buffer, offset: number): Buffer {
  const madeBy = Buffer.alloc(2);
  // Made on Unix, so that the permissions below count.
  madeBy.writeUInt16LE((3 << 8) | versionNeeded, 0);
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE((0o100600 << 16) >>> 0, 6);
  rest.writeUInt32LE(offset, 10);
  return Buffer.concat([signature(0x02014b50), madeBy, common, rest, path]);
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value, 0);
  return bytes;
}

/** In UTC, to two seconds, as the format has it: time in the low half, date in the high one. */
function dosTime(nowMs: number): number {
  const now = new Date(nowMs);
  const time = (now.getUTCHours() << 11) | (now.getUTCMinutes() << 5) | (now.getUTCSeconds() >> 1);
  const date = ((now.getUTCFullYear() - 1980) << 9) | ((now.getUTCMonth() + 1) << 5) | now.getUTCDate();
  return ((date << 16) | time) >>> 0;
}
