import { InputError } from "#lib/errors.ts";
import type { RangeFile } from "./range_file.ts";

// The parts of the zip format (APPNOTE 6.3.10) that torch.save writes: entries that are stored as they are, sizes of 32 or 64 bits.

const END = { signature: 0x06054b50, bytes: 22 };
const END64 = { signature: 0x06064b50, bytes: 56 };
const LOCATOR64 = { signature: 0x07064b50, bytes: 20 };
const ENTRY = { signature: 0x02014b50, bytes: 46 };
const LOCAL = { signature: 0x04034b50, bytes: 30 };
const MOST_COMMENT = 0xffff;
const IN_EXTRA_FIELD = 0xffffffff;
const EXTRA64 = 1;
/** Far more than the directory of any checkpoint. */
const MAX_DIRECTORY_BYTES = 100_000_000;

/** Bytes of the archive: those of one file in it, or of its directory. */
export interface ZipPlace {
  readonly begin: number;
  readonly size: number;
}

/**
 * What a zip archive holds, by name, in its order.
 *
 * @throws {InputError} if it is damaged or truncated, or an entry is compressed or encrypted
 */
export function zipEntries(file: RangeFile): Map<string, ZipPlace> {
  const directory = findDirectory(file);
  if (directory.size > MAX_DIRECTORY_BYTES || directory.begin + directory.size > file.size) {
    throw damaged(file, "its directory lies outside");
  }
  const bytes = file.read(directory.begin, directory.size);
  const view = new DataView(bytes.buffer);
  const entries = new Map<string, ZipPlace>();
  for (let at = 0; at < bytes.length;) {
    if (at + ENTRY.bytes > bytes.length || view.getUint32(at, true) !== ENTRY.signature) {
      throw damaged(file, `there is no entry at byte ${at} of its directory`);
    }
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    const end = at + ENTRY.bytes + nameBytes + extraBytes + commentBytes;
    if (end > bytes.length) throw damaged(file, "its directory is cut off");
    const name = new TextDecoder().decode(bytes.subarray(at + ENTRY.bytes, at + ENTRY.bytes + nameBytes));
    const entry = new DataView(bytes.buffer, at, end - at);
    if (entries.has(name)) throw damaged(file, `it has two entries ${name}`);
    entries.set(name, placeOf(file, name, entry, nameBytes, extraBytes));
    at = end;
  }
  return entries;
}

/** Where the bytes of an entry of the directory are. */
function placeOf(file: RangeFile, name: string, entry: DataView, nameBytes: number, extraBytes: number): ZipPlace {
  if (entry.getUint16(8, true) & 1) throw new InputError(`${file.path}: ${name} in it is encrypted; save it without`);
  if (entry.getUint16(10, true) !== 0) {
    throw new InputError(`${file.path}: ${name} in it is compressed, which torch.save never does; save it again`);
  }
  const size32 = entry.getUint32(24, true);
  const local32 = entry.getUint32(42, true);
  const extra = new DataView(entry.buffer, entry.byteOffset + ENTRY.bytes + nameBytes, extraBytes);
  const wide = wideFields(extra, [size32, entry.getUint32(20, true), local32]);
  const [size = size32, , local = local32] = wide;
  if (local + LOCAL.bytes > file.size) throw damaged(file, `${name} begins outside`);
  const header = new DataView(file.read(local, LOCAL.bytes).buffer);
  if (header.getUint32(0, true) !== LOCAL.signature) throw damaged(file, `${name} does not begin where it should`);
  const begin = local + LOCAL.bytes + header.getUint16(26, true) + header.getUint16(28, true);
  if (begin + size > file.size) throw damaged(file, `${name} ends outside`);
  return { begin, size };
}

/** The values of 64 bits of those fields that have no room for theirs: size, compressed size, place. */
function wideFields(extra: DataView, fields: readonly number[]): (number | undefined)[] {
  const values: (number | undefined)[] = fields.map(() => undefined);
  for (let at = 0; at + 4 <= extra.byteLength; at += 4 + extra.getUint16(at + 2, true)) {
    if (extra.getUint16(at, true) !== EXTRA64) continue;
    let next = at + 4;
    fields.forEach((field, i) => {
      if (field !== IN_EXTRA_FIELD || next + 8 > extra.byteLength) return;
      values[i] = Number(extra.getBigUint64(next, true));
      next += 8;
    });
  }
  return values;
}

function findDirectory(file: RangeFile): ZipPlace {
  const tailBytes = Math.min(file.size, END.bytes + MOST_COMMENT);
  const tail = new DataView(file.read(file.size - tailBytes, tailBytes).buffer);
  for (let at = tailBytes - END.bytes; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END.signature) continue;
    const wide = directory64(file, file.size - tailBytes + at);
    return wide ?? { size: tail.getUint32(at + 12, true), begin: tail.getUint32(at + 16, true) };
  }
  throw damaged(file, "there is no directory at its end");
}

/** The directory's place in 64 bits, where the archive has it, just before its end. */
function directory64(file: RangeFile, end: number): ZipPlace | undefined {
  if (end < LOCATOR64.bytes) return undefined;
  const locator = new DataView(file.read(end - LOCATOR64.bytes, LOCATOR64.bytes).buffer);
  if (locator.getUint32(0, true) !== LOCATOR64.signature) return undefined;
  const at = Number(locator.getBigUint64(8, true));
  if (at + END64.bytes > file.size) throw damaged(file, "its directory lies outside");
  const end64 = new DataView(file.read(at, END64.bytes).buffer);
  if (end64.getUint32(0, true) !== END64.signature) throw damaged(file, "its directory is not where it should be");
  return { size: Number(end64.getBigUint64(40, true)), begin: Number(end64.getBigUint64(48, true)) };
}

function damaged({ path }: RangeFile, how: string): InputError {
  return new InputError(`${path}: the zip archive is damaged or truncated: ${how}`);
}
