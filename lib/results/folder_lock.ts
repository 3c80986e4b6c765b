import { StorageError } from "#lib/errors.ts";
import { excerpt, visibleText } from "#lib/visible_text.ts";
import { Claim } from "./claim.ts";
import { latestClaim } from "./claim_file.ts";
import { hostHere } from "./host.ts";
import { shellCommand } from "#lib/shell_command.ts";
import { writeIfChanged } from "./storage.ts";

/** What is kept of a results folder beside the results: the lock, checkpoints, logs. Git does not see it. */
export const STATE_FOLDER = ".state";

/** Letters of the command that a message shows. */
const SHOWN_LETTERS = 100;

/**
 * Claims a folder by `<folder>/.state/lock` for one process at a time, of all machines that see it. The folder is made if it is missing,
 * with its `.state/` and the `.gitignore` in there.
 *
 * @param args the program's arguments, for those who find the folder locked
 * @param wait waits while another process has it, until this ends the wait with its reason
 * @throws {StorageError} where another process has it, or it may not be written
 */
export async function lockFolder(
  folder: string,
  args: readonly string[] = Deno.args,
  wait?: AbortSignal,
): Promise<Claim> {
  const path = `${folder}/${STATE_FOLDER}/lock`;
  const terms = { command: shellCommand(args) };
  const claim = wait ? await Claim.acquire(path, wait, terms) : await Claim.tryAcquire(path, terms);
  if (!claim) throw new StorageError(`${folder}/ is in use by ${await holderOf(path)}`);
  try {
    // By the holder alone: files that are written have one writer at a time.
    await writeIfChanged(`${folder}/${STATE_FOLDER}/.gitignore`, "*\n");
    return claim;
  } catch (error) {
    claim[Symbol.dispose]();
    throw error;
  }
}

/** Who has a folder, and what to do about it. */
async function holderOf(path: string): Promise<string> {
  const holder = (await latestClaim(path))?.record;
  const remedy = "wait for it, stop it, or take another folder with --results DIR";
  if (holder === undefined || holder.isReleased) return `another process; ${remedy}`;
  const where = holder.host === hostHere() ? "" : ` on ${excerpt(holder.host, SHOWN_LETTERS)}`;
  const command = excerpt(holder.command, SHOWN_LETTERS);
  return `process ${holder.pid}${where} since ${clock(holder.since)} (${command}); ${remedy}`;
}

/** A moment as people say it: `12:30 UTC`, with the date where it is not today's. */
function clock(moment: string): string {
  const [date, time = ""] = visibleText(moment).split("T");
  const today = new Date().toISOString().split("T")[0];
  return `${date === today ? "" : `${date} `}${time.slice(0, 5)} UTC`;
}
