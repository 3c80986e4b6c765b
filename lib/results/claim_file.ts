import { z } from "zod";

/** Seconds without a sign of life after which a claim of another machine is taken over. */
export const DEFAULT_LEASE_SECONDS = 120;
/** Bytes of a claim's file: always as many, so that no reader finds a part of it. */
const SIZE = 1024;
/** Letters of a text that somebody else chose. */
const KEPT = 160;

/** Who has a claim, as its file has it; `since` is by that machine's clock. */
const RECORD = z.object({
  host: z.string(),
  pid: z.number(),
  since: z.string(),
  token: z.string(),
  leaseSeconds: z.number(),
  command: z.string(),
  says: z.string(),
  isReleased: z.boolean().optional(),
});
export type ClaimRecord = z.infer<typeof RECORD>;

/** The latest claim on a thing, as others see it. */
export class SeenClaim {
  readonly generation: number;
  /** Undefined where its owner is still writing it, or died while it did. */
  readonly record: ClaimRecord | undefined;
  /** When the owner last gave a sign of life, by the file system's clock: milliseconds since 1970. */
  readonly seenMs: number;
  readonly #folder: string;

  constructor(folder: string, generation: number, record: ClaimRecord | undefined, seenMs: number) {
    [this.#folder, this.generation, this.record, this.seenMs] = [folder, generation, record, seenMs];
  }

  /** Whether its owner has given no sign of life for as long as it said; the file system's clock is asked. */
  async isOverdue(): Promise<boolean> {
    const { leaseSeconds = DEFAULT_LEASE_SECONDS } = this.record ?? {};
    return await timeOf(this.#folder) - this.seenMs > 1000 * leaseSeconds;
  }
}

/** The claim's file of its owner. */
export class ClaimFile {
  record: ClaimRecord;
  readonly path: string;
  readonly #next: string;

  private constructor(path: string, next: string, record: ClaimRecord) {
    [this.path, this.#next, this.record] = [path, next, record];
  }

  /** Makes file n, in place of all before it; undefined where there is one, or a later one. */
  static async create(of: string, generation: number, record: ClaimRecord): Promise<ClaimFile | undefined> {
    const folder = folderOfClaim(of);
    await Deno.mkdir(folder, { recursive: true });
    const file = new ClaimFile(`${folder}/${generation}`, `${folder}/${generation + 1}`, record);
    try {
      using made = await Deno.open(file.path, { write: true, createNew: true });
      await made.write(bytesOf(record));
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) return undefined;
      throw error;
    }
    const all = generationsIn(folder);
    if (all.some((other) => other > generation)) {
      // What this asker saw was long past.
      await Deno.remove(file.path).catch(() => {});
      return undefined;
    }
    for (const older of all.filter((other) => other < generation)) {
      await Deno.remove(`${folder}/${older}`).catch(() => {});
    }
    return file;
  }

  /** Writes it again: its time is a sign of life. @throws where it is gone, or the disk refuses */
  write(change: Partial<ClaimRecord> = {}): void {
    this.record = { ...this.record, ...change };
    using file = Deno.openSync(this.path, { write: true });
    file.writeSync(bytesOf(this.record));
  }

  /** Whether no other has taken its place. A network file system looks anew at what is opened, and may remember names that are not there. */
  isLatest(): boolean {
    try {
      Deno.openSync(this.path, { read: true }).close();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
    return !isThere(this.#next);
  }
}

/** The latest claim on a thing; undefined where there was none. */
export async function latestClaim(path: string): Promise<SeenClaim | undefined> {
  const folder = folderOfClaim(path);
  for (;;) {
    const generation = Math.max(0, ...generationsIn(folder));
    if (generation === 0) return undefined;
    try {
      using file = await Deno.open(`${folder}/${generation}`, { read: true });
      const bytes = new Uint8Array(SIZE);
      const count = await file.read(bytes) ?? 0;
      const { mtime } = await file.stat();
      return new SeenClaim(folder, generation, recordOf(bytes.subarray(0, count)), mtime?.getTime() ?? 0);
    } catch (error) {
      // The next owner has just removed it.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

function folderOfClaim(path: string): string {
  return `${path}.claim`;
}

function generationsIn(folder: string): number[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => /^\d+$/.test(name)).map(Number);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** What the clock of a folder's file system says: that of a file that has just been written. */
async function timeOf(folder: string): Promise<number> {
  const path = `${folder}/now.${crypto.randomUUID().slice(0, 8)}`;
  try {
    await Deno.writeTextFile(path, "\n");
    const { mtime } = await Deno.stat(path);
    return mtime?.getTime() ?? 0;
  } finally {
    await Deno.remove(path).catch(() => {});
  }
}

function bytesOf({ command, says, ...record }: ClaimRecord): Uint8Array {
  const text = JSON.stringify({ ...record, command: cut(command), says: cut(says) });
  return new TextEncoder().encode(text.padEnd(SIZE - 1)).subarray(0, SIZE - 1);
}

/** ASCII alone: letters are bytes. */
function cut(text: string): string {
  return text.replaceAll(/[^ -~]/g, "?").slice(0, KEPT);
}

function recordOf(bytes: Uint8Array): ClaimRecord | undefined {
  try {
    return RECORD.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return undefined;
  }
}

function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
