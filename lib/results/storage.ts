import { StorageError } from "#lib/errors.ts";
import { decodeStrictly } from "#lib/text_file.ts";
import { refusalOf } from "./refusal.ts";

/**
 * Files that are never torn: a file is written beside its place, brought to the disk, and renamed. Whenever the process ends, by `kill -9`
 * or with the power, the file is the old one or the new one, whole.
 */

/** What can be done to a file, as messages say it. */
type Access = "read" | "written" | "removed";

/** What messages say of the place that files are in. */
export interface StoragePlace {
  /** What is not lost where something cannot be written. */
  readonly kept: string;
  /** How to take another place. */
  readonly instead: string;
}

const RESULTS: StoragePlace = {
  kept: "what was recorded is whole",
  instead: "take another folder with ./run … --results DIR",
};

/**
 * Puts a file in place of any that is there, in one step; makes its folder where there is none. The part file, `.NAME.part` in the same
 * folder, is removed when something goes wrong and written over where a process that was killed left one. One file has one writer
 * at a time: see `lockFolder`. A writer that may lose that right while it writes has a guard; its part file is `.NAME.TOKEN.part`.
 *
 * @param content text is written as UTF-8; what is too large to be in memory at once writes itself
 * @throws {StorageError} where the disk is full or the place may not be written, or the guard finds the right lost; the old file stays
 */
export async function writeAtomically(
  path: string,
  content: string | Uint8Array | ((file: Deno.FsFile) => Promise<void>),
  { place = RESULTS, guard }: { readonly place?: StoragePlace; readonly guard?: Guard } = {},
): Promise<void> {
  const part = partOf(path, guard?.token);
  try {
    guard?.check();
    await Deno.mkdir(part.slice(0, part.lastIndexOf("/")), { recursive: true });
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await writeAndSync(part, typeof bytes === "function" ? bytes : (file) => writeBytes(file, bytes));
    guard?.check();
    await Deno.rename(part, path);
  } catch (error) {
    // What went wrong before is what counts.
    await Deno.remove(part).catch(() => {});
    throw await storageErrorOf(error, path, "written", place);
  }
}

/** The right to write a file, which others may take over: see `Claim`. */
export interface Guard {
  /** Another one for every owner. */
  readonly token: string;
  /** @throws {StorageError} where another has it now */
  check(): void;
}

/** Removes what an owner that died has left of a file that it was writing. */
export async function removePart(path: string, token: string): Promise<void> {
  await removeIfThere(partOf(path, token));
}

function partOf(path: string, token?: string): string {
  const [, folder = ".", name] = /^(?:(.*)\/)?([^/]*)$/s.exec(path)!;
  return `${folder}/.${name}${token === undefined ? "" : `.${token}`}.part`;
}

/**
 * As `writeAtomically`, but leaves a file alone that has this content already: on a disk that is full or read-only, too.
 *
 * @returns whether it was written
 * @throws {StorageError} as `writeAtomically` and `readBytesIfThere` do
 */
export async function writeIfChanged(
  path: string,
  content: string | Uint8Array,
  place = RESULTS,
): Promise<boolean> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const recorded = await readBytesIfThere(path);
  if (recorded !== undefined && areEqual(recorded, bytes)) return false;
  await writeAtomically(path, bytes, { place });
  return true;
}

/**
 * The text of a file, or undefined where there is none.
 *
 * @throws {StorageError} where it is there but may not be read, or is a folder
 * @throws {InputError} where it is not UTF-8
 */
export async function readTextIfThere(path: string, place = RESULTS): Promise<string | undefined> {
  return await ifThere(path, async (path) => decodeStrictly(await Deno.readFile(path), path), "read", place);
}

/** The bytes of a file, or undefined where there is none. @throws {StorageError} as `readTextIfThere` does */
export async function readBytesIfThere(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return await ifThere(path, Deno.readFile);
}

/** A file that is read piece by piece. */
export interface FilePieces {
  /** Bytes. */
  readonly length: number;
  /** So many bytes from a place on, all of which are there; the caller may keep them. */
  read(start: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** What comes of a file that is read so, or undefined where there is none. @throws {StorageError} as `readTextIfThere` does */
export async function readPiecesIfThere<Result>(
  path: string,
  act: (file: FilePieces) => Promise<Result>,
): Promise<Result | undefined> {
  return await ifThere(path, async (path) => {
    using file = await Deno.open(path);
    const { size } = await file.stat();
    return await act({ length: size, read: (start, length) => readPiece(file, start, length) });
  });
}

async function readPiece(file: Deno.FsFile, start: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  await file.seek(start, Deno.SeekMode.Start);
  for (let at = 0; at < length;) {
    const count = await file.read(bytes.subarray(at));
    if (count === null) return bytes.slice(0, at); // it has become shorter
    at += count;
  }
  return bytes;
}

/** Removes a file, if there is one. @throws {StorageError} where it may not be removed */
export async function removeIfThere(path: string): Promise<void> {
  await ifThere(path, Deno.remove, "removed");
}

/**
 * The error to throw where the system refused something of the disk. Errors that are not of the disk are given back as they are.
 *
 * @param path what was to be read, written or removed
 */
export async function storageErrorOf(
  error: unknown,
  path: string,
  access: Access,
  { kept, instead } = RESULTS,
): Promise<unknown> {
  if (!(error instanceof Error) || error instanceof StorageError) return error;
  const refusal = refusalOf(error);
  if (refusal !== undefined) return new StorageError(refusal, { cause: error });
  const { code } = error as { code?: string };
  if (code === undefined) return error;
  const whole = access === "read" ? "" : `; ${kept}`;
  // The system's own words are as in "File name too long (os error 36): open 'PATH'".
  const [cause, remedy] = CAUSES[code] ?? [error.message.split(/ \(os error|\n/)[0]];
  const inTheWay = code === "ENOTDIR" || code === "EEXIST" ? await fileAbove(path) : undefined;
  const why = inTheWay === undefined ? cause : `${inTheWay} is no folder`;
  const remedies = `${remedy === undefined ? "" : `${remedy}, or `}${instead}`;
  return new StorageError(`${path}: cannot be ${access}: ${why}${whole}; ${remedies}`, { cause: error });
}

/** Why, and what to do about it beside taking another folder, by the system's code of the error. */
const CAUSES: Readonly<Record<string, readonly [why: string, remedy?: string]>> = {
  ENOSPC: ["the disk is full", "free some space"],
  EDQUOT: ["the disk quota is used up", "free some space"],
  EROFS: ["the file system is read-only", "make it writable"],
  EACCES: ["this user has not the right to", "change the rights of the folder"],
  EPERM: ["this user has not the right to", "change the rights of the folder"],
  ENOTDIR: ["what is above it is no folder", "move it away"],
  EEXIST: ["what is above it is no folder", "move it away"],
  EISDIR: ["it is a folder", "move it away"],
  ENOENT: ["there is no such folder, and none can be made there"],
};

async function ifThere<Result>(
  path: string,
  act: (path: string) => Promise<Result>,
  access: Access = "read",
  place = RESULTS,
): Promise<Result | undefined> {
  try {
    return await act(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw await storageErrorOf(error, path, access, place);
  }
}

/** Writes all of some bytes. */
export async function writeBytes(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

async function writeAndSync(path: string, write: (file: Deno.FsFile) => Promise<void>): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  await write(file);
  // A renamed file whose bytes are not on the disk is empty after a power cut.
  await file.sync();
}

/** The nearest thing above a path, if that is no folder. */
async function fileAbove(path: string): Promise<string | undefined> {
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
    const above = path.slice(0, end);
    // A link that leads nowhere is in the way, too.
    const found = await Deno.stat(above).catch(() => Deno.lstat(above)).catch(() => undefined);
    if (found) return found.isDirectory ? undefined : above;
  }
  return undefined;
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Whether there is a file at a path, as far as this process may read it: that it may not is no answer. */
export function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return false;
  }
}
