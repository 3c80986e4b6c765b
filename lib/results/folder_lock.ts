import { z } from "zod";
import { StorageError } from "#lib/errors.ts";
import { excerpt, visibleText } from "#lib/visible_text.ts";
import { FileLock } from "./file_lock.ts";
import { shellCommand } from "#lib/shell_command.ts";
import { readTextIfThere, storageErrorOf, writeIfChanged } from "./storage.ts";

/** What is kept of a results folder beside the results: the lock, checkpoints, logs. Git does not see it. */
export const STATE_FOLDER = ".state";

/** Who holds a folder, as the lock's file has it; `since` is as in 2026-11-28T12:30:00.000Z. */
const HOLDER = z.object({ pid: z.number(), since: z.string(), command: z.string() });
type Holder = z.infer<typeof HOLDER>;

/** Letters of the command that a message shows. */
const SHOWN_LETTERS = 100;

/**
 * Locks a folder by `<folder>/.state/lock` for one process at a time. The folder is made if it is missing, with its `.state/` and the
 * `.gitignore` in there. Who holds it is written in the file, for people.
 *
 * @param args the program's arguments, for those who find the folder locked
 * @throws {StorageError} where another process holds it, or it may not be written
 */
export async function lockFolder(folder: string, args: readonly string[] = Deno.args): Promise<FileLock> {
  const path = `${folder}/${STATE_FOLDER}/lock`;
  const lock = await FileLock.tryAcquire(path);
  if (!lock) throw new StorageError(`${folder}/ is in use by ${await holderOf(path)}`);
  try {
    // By the holder alone: files that are written have one writer at a time.
    await writeIfChanged(`${folder}/${STATE_FOLDER}/.gitignore`, "*\n");
    await writeHolder(lock.file, { pid: Deno.pid, since: new Date().toISOString(), command: shellCommand(args) });
    return lock;
  } catch (error) {
    lock[Symbol.dispose]();
    throw await storageErrorOf(error, path, "written");
  }
}

async function writeHolder(file: Deno.FsFile, holder: Holder): Promise<void> {
  await file.truncate();
  const bytes = new TextEncoder().encode(`${JSON.stringify(holder)}\n`);
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

/** Who holds a lock, and what to do about it. */
async function holderOf(path: string): Promise<string> {
  const holder = await readHolder(path);
  const remedy = "wait for it, stop it, or take another folder with --results DIR";
  if (holder === undefined) return `another process; ${remedy}`;
  const command = excerpt(holder.command, SHOWN_LETTERS);
  return `process ${holder.pid} since ${clock(holder.since)} (${command}); ${remedy}`;
}

/** What the file says; it may be half written, or not to be read while it is locked (Windows). */
async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return HOLDER.parse(JSON.parse(await readTextIfThere(path) ?? ""));
  } catch {
    return undefined;
  }
}

/** A moment as people say it: `12:30 UTC`, with the date where it is not today's. */
function clock(moment: string): string {
  const [date, time = ""] = visibleText(moment).split("T");
  const today = new Date().toISOString().split("T")[0];
  return `${date === today ? "" : `${date} `}${time.slice(0, 5)} UTC`;
}
