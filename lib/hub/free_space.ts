import { statfs } from "node:fs/promises";
import { StorageError } from "#lib/errors.ts";
import { formatBytes } from "#lib/byte_count.ts";

/** The free bytes of the disk that a folder is on; undefined where that cannot be known. */
export async function freeBytes(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

/** @throws {StorageError} where a disk has not so much room */
export function expectRoom(folder: string, needed: number, free: number | undefined): void {
  if (free === undefined || needed <= free) return;
  throw new StorageError(
    `${folder}: ${formatBytes(needed)} are to be fetched and ${
      formatBytes(free)
    } are free; free some space, or take another ` +
      "disk with HF_HOME=DIR",
  );
}
