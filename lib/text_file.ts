import { formatBytes } from "./byte_count.ts";
import { InputError } from "#lib/errors.ts";

/** What a string of the runtime may have, in letters. */
const MOST_BYTES = 2 ** 29 - 24;

/** First bytes of files that are no text, and what they are. */
const OTHER_FORMS: readonly (readonly [bytes: readonly number[], form: string])[] = [
  [[0x1f, 0x8b], "compressed (gzip); unpack it"],
  [[0x28, 0xb5, 0x2f, 0xfd], "compressed (Zstandard); unpack it"],
  [[0x50, 0x4b, 0x03, 0x04], "a zip archive (or an Excel workbook); unpack it, or save it as text"],
  [[0x50, 0x41, 0x52, 0x31], "a Parquet file; save it as JSON Lines or CSV"],
];

/**
 * Reads a text file that must be UTF-8, with a byte order mark or without; the text has none.
 *
 * @param name names the file in messages, where that is not the path
 * @throws {InputError} if the file cannot be read, or with its line and byte, if it is not UTF-8
 */
export async function readTextStrictly(path: string | URL, name = String(path)): Promise<string> {
  try {
    return decodeStrictly(await Deno.readFile(path), name);
  } catch (error) {
    throw readingError(error, path, name);
  }
}

/** The same at once. */
export function readTextStrictlySync(path: string | URL, name = String(path)): string {
  try {
    return decodeStrictly(Deno.readFileSync(path), name);
  } catch (error) {
    throw readingError(error, path, name);
  }
}

/**
 * The text of bytes that must be UTF-8, without a byte order mark.
 *
 * @param path names the file in messages
 * @throws {InputError} with the line and the byte in it, if they are not; or if they are more than a text may have here
 */
export function decodeStrictly(bytes: Uint8Array, path: string): string {
  const utf16 = utf16Of(bytes);
  if (utf16 !== undefined) {
    throw new InputError(`${path}: the text is ${utf16}; save it as UTF-8, as with iconv -f ${utf16} -t UTF-8`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const other = OTHER_FORMS.find(([start]) => start.every((byte, i) => bytes[i] === byte));
    if (other) throw new InputError(`${path}: the file is ${other[1]}`);
    if (bytes.length > MOST_BYTES) {
      throw new InputError(
        `${path}: it has ${formatBytes(bytes.length)}, and a text ${formatBytes(MOST_BYTES)} at most; split it`,
      );
    }
    const at = firstInvalidByte(bytes);
    // Every byte is a character here, so that places are the same.
    const before = linesOf(new TextDecoder("latin1").decode(bytes.subarray(0, at)));
    const value = `0x${bytes[at].toString(16).padStart(2, "0")}`;
    throw new InputError(
      `${path}, line ${before.length}, byte ${before.at(-1)!.length + 1}: ${value} is not UTF-8; ` +
        "save the file as UTF-8, as with iconv -f latin1 -t UTF-8 where it is Latin-1",
    );
  }
}

/** The lines of a text, ended by LF or CRLF; or, where the first one is so, by CR alone, as older programs of the Macintosh do. */
export function linesOf(text: string): string[] {
  return withLineFeeds(text).split("\n").map((line) => line.endsWith("\r") ? line.slice(0, -1) : line);
}

/** A text whose lines end with LF or CRLF: those of one whose first line ends with CR alone are ended by LF. */
export function withLineFeeds(text: string): string {
  const end = text.search(/[\r\n]/);
  const endsWithCr = end >= 0 && text[end] === "\r" && text[end + 1] !== "\n";
  return endsWithCr ? text.replaceAll(/\r\n?/g, "\n") : text;
}

/** Why a file cannot be read, for a person to mend. */
function readingError(error: unknown, path: string | URL, name: string): unknown {
  if (!(error instanceof Error) || error instanceof InputError) return error;
  const { code } = error as { code?: string };
  if (code === "ELOOP") return new InputError(`${name}: the link leads back to itself`);
  if (error instanceof Deno.errors.NotFound) {
    return new InputError(`${name}: ${isLink(path) ? "the link leads nowhere" : "there is no such file"}`);
  }
  if (error instanceof Deno.errors.IsADirectory) return new InputError(`${name}: it is a folder, not a file`);
  if (error instanceof Deno.errors.PermissionDenied) return new InputError(`${name}: this user may not read it`);
  return error;
}

function isLink(path: string | URL): boolean {
  try {
    return Deno.lstatSync(path).isSymlink;
  } catch {
    return false;
  }
}

/** Which UTF-16 it is, by its byte order mark or, without one, by every other byte at the start being zero. */
function utf16Of(bytes: Uint8Array): "UTF-16" | "UTF-16LE" | "UTF-16BE" | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe || bytes[0] === 0xfe && bytes[1] === 0xff) return "UTF-16";
  const start = bytes.subarray(0, 64);
  if (start.length < 4) return undefined;
  const isZeroAt = (parity: number) => start.every((byte, i) => (i % 2 === parity) === (byte === 0));
  return isZeroAt(1) ? "UTF-16LE" : isZeroAt(0) ? "UTF-16BE" : undefined;
}

/** Lengths of UTF-8 sequences by their first byte, and what the second may be where not all of 0x80 to 0xbf (RFC 3629, section 4). */
function sequenceAt(first: number): { length: number; least: number; most: number } | undefined {
  if (first < 0x80) return { length: 1, least: 0, most: 0 };
  if (first >= 0xc2 && first <= 0xdf) return { length: 2, least: 0x80, most: 0xbf };
  if (first >= 0xe0 && first <= 0xef) {
    return { length: 3, least: first === 0xe0 ? 0xa0 : 0x80, most: first === 0xed ? 0x9f : 0xbf };
  }
  if (first >= 0xf0 && first <= 0xf4) {
    return { length: 4, least: first === 0xf0 ? 0x90 : 0x80, most: first === 0xf4 ? 0x8f : 0xbf };
  }
  return undefined;
}

/** Where the first sequence begins that is not UTF-8. */
function firstInvalidByte(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length;) {
    const sequence = sequenceAt(bytes[at]);
    if (sequence === undefined) return at;
    for (let i = 1; i < sequence.length; i++) {
      const [least, most] = i === 1 ? [sequence.least, sequence.most] : [0x80, 0xbf];
      const byte = bytes[at + i];
      if (byte === undefined || byte < least || byte > most) return at;
    }
    at += sequence.length;
  }
  return bytes.length - 1;
}
