/**
 * Claims on things of a shared folder, such as a cell that is to be computed: of all processes on all machines that see the folder, one has
 * it. A lock of the operating system tells at once that its owner on this machine has ended, but over NFS it may not be seen by others. So
 * a claim is a file as well: `<path>.claim/<n>`, made by a create that fails where there is one, and written again every few seconds.
 *
 * Whoever finds the latest file n released, or its owner dead, makes file n + 1 and has the thing; of several who try one succeeds. An
 * owner whose file is no longer the latest has lost it. Clocks of machines differ: a file's age is measured against one that the asker
 * has just written in the same folder.
 */
import { StorageError } from "#lib/errors.ts";
import { FileLock } from "./file_lock.ts";
import { ClaimFile, type ClaimRecord, DEFAULT_LEASE_SECONDS, latestClaim, type SeenClaim } from "./claim_file.ts";
import { hostHere } from "./host.ts";
import { type Guard, storageErrorOf } from "./storage.ts";

/** Signs of life in the time of a lease: some may be late. */
const BEATS = 6;
/** Milliseconds between two looks at a claim that another has. */
const LOOK_EVERY_MS = { here: 100, elsewhere: 1000 } as const;

/** Milliseconds between two writings because of what is said. */
const SAY_EVERY_MS = 3000;

export interface ClaimTerms {
  readonly leaseSeconds?: number;
  /** Another name than this machine's, and no lock of the operating system: for tests of several machines. */
  readonly host?: string;
  /** What the owner is doing, for people: `./run reproduce`. */
  readonly command?: string;
}

/** The right to a thing, until it is given back or lost. */
export class Claim implements Disposable, Guard {
  readonly token: string;
  /** Of the owner before, who died: files that it was writing have it in their names. */
  readonly deadToken: string | undefined;
  /** Aborted, with the reason, when the claim is found to be lost. */
  readonly lost: AbortSignal;
  readonly #file: ClaimFile;
  readonly #lock: FileLock | undefined;
  readonly #lost = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #isHeld = true;
  /** When it was last written. */
  #lastMs = performance.now();

  private constructor(file: ClaimFile, lock: FileLock | undefined, deadToken: string | undefined) {
    [this.#file, this.#lock, this.token, this.deadToken] = [file, lock, file.record.token, deadToken];
    this.lost = this.#lost.signal;
    this.#timer = setInterval(() => this.#beat(), 1000 * file.record.leaseSeconds / BEATS);
    Deno.unrefTimer(this.#timer);
  }

  /**
   * Takes the claim, unless another has it.
   *
   * @param path what is claimed: a file of this name is locked, and `<path>.claim/` has the claim's files
   * @returns undefined where another has it
   * @throws {StorageError} where the folder may not be written
   */
  static async tryAcquire(path: string, terms: ClaimTerms = {}): Promise<Claim | undefined> {
    const host = terms.host ?? hostHere();
    const lock = terms.host === undefined ? await lockHere(path) : "unknown";
    const own = lock instanceof FileLock ? lock : undefined;
    try {
      const claim = await Claim.#create(path, { ...terms, host }, lock);
      if (!claim) own?.[Symbol.dispose]();
      return claim;
    } catch (error) {
      own?.[Symbol.dispose]();
      throw await storageErrorOf(error, path, "written");
    }
  }

  /** Takes the claim as soon as no other has it. @param stop ends the wait with its reason */
  static async acquire(path: string, stop: AbortSignal, terms: ClaimTerms = {}): Promise<Claim> {
    for (;;) {
      const claim = await Claim.tryAcquire(path, terms);
      if (claim) return claim;
      stop.throwIfAborted();
      const isHere = (await latestClaim(path))?.record?.host === (terms.host ?? hostHere());
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS[isHere ? "here" : "elsewhere"]));
    }
  }

  static async #create(
    path: string,
    { host, leaseSeconds = DEFAULT_LEASE_SECONDS, command = "" }: ClaimTerms & { host: string },
    lock: LockHere,
  ): Promise<Claim | undefined> {
    for (;;) {
      const last = await latestClaim(path);
      if (!await isFree(last, host, lock)) return undefined;
      const token = crypto.randomUUID().slice(0, 8);
      const since = new Date().toISOString();
      const record: ClaimRecord = { host, pid: Deno.pid, since, token, leaseSeconds, command, says: "" };
      const file = await ClaimFile.create(path, (last?.generation ?? 0) + 1, record);
      // Another was faster.
      if (!file) continue;
      const own = lock instanceof FileLock ? lock : undefined;
      return new Claim(file, own, last?.record?.isReleased ? undefined : last?.record?.token);
    }
  }

  /** What signs of life say of the work from now on: one short line for people, who need not wait for the next one that is due. */
  say(text: string): void {
    this.#file.record = { ...this.#file.record, says: text };
    if (performance.now() - this.#lastMs >= SAY_EVERY_MS && this.#isHeld && !this.#lost.signal.aborted) this.#beat();
  }

  check(): void {
    if (this.#isHeld && !this.#lost.signal.aborted && !this.#file.isLatest()) this.#lose();
    this.#lost.signal.throwIfAborted();
  }

  [Symbol.dispose](): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    clearInterval(this.#timer);
    try {
      if (!this.#lost.signal.aborted && this.#file.isLatest()) this.#file.write({ isReleased: true });
    } catch {
      // The disk is full, or gone: the next owner finds this one dead.
    }
    this.#lock?.[Symbol.dispose]();
  }

  #beat(): void {
    this.#lastMs = performance.now();
    try {
      if (this.#file.isLatest()) this.#file.write();
      else this.#lose();
    } catch {
      // A disk that is full for a while costs a sign of life.
    }
  }

  #lose(): void {
    clearInterval(this.#timer);
    const reason = `${this.#file.path}: another process took this over, since this one showed no sign of life`;
    this.#lost.abort(new StorageError(`${reason}; what it writes now is not kept`));
  }
}

/** The lock of the operating system: ours, another process's, or not to be had, as on a file system that has none. */
type LockHere = FileLock | "taken" | "unknown";

/** Codes of file systems that lock nothing. */
const NO_LOCKS = ["ENOSYS", "ENOTSUP", "EOPNOTSUPP", "ENOLCK"];

async function lockHere(path: string): Promise<LockHere> {
  try {
    return await FileLock.tryAcquire(path) ?? "taken";
  } catch (error) {
    const { code = "" } = (error as { cause?: { code?: string } }).cause ?? {};
    if (NO_LOCKS.includes(code)) return "unknown";
    throw error;
  }
}

/** Whether a claim may be taken: there is none, it was released, or its owner is dead. */
async function isFree(last: SeenClaim | undefined, host: string, lock: LockHere): Promise<boolean> {
  // One that holds the lock and has no claim yet is about to make it.
  if (!last || last.record?.isReleased) return lock !== "taken";
  // On its own machine an owner that lives has the lock, even if the machine has slept.
  if (last.record?.host === host && lock !== "unknown") return lock !== "taken";
  return await last.isOverdue();
}
