import { DamagedFileError } from "#lib/errors.ts";
import type { Making } from "#lib/bench/experiment.ts";
import type { Snapshot, SnapshotStore, UnreadSnapshot } from "#lib/training/checkpoint.ts";
import { addressOf, type Cell } from "./cell.ts";
import { readSnapshot, writeSnapshot } from "./snapshot_format.ts";
import { digestOf } from "#lib/results/digest.ts";
import { STATE_FOLDER } from "#lib/results/folder_lock.ts";
import { type Basis, nameOfShared, type SharedThing } from "#lib/results/provenance.ts";
import { basisOf, changesSince, type Present, usesOf } from "./freshness.ts";
import type { ResultsPlace } from "#lib/results/place.ts";
import { type Guard, readPiecesIfThere, removeIfThere, writeAtomically, writeBytes } from "#lib/results/storage.ts";
import { SnapshotPace } from "./snapshot_pace.ts";
import type { UseTracer } from "./uses.ts";

/** What snapshots of all runs have in common. */
export interface SnapshotPolicy {
  readonly present: Present;
  readonly tracer: UseTracer;
  readonly stop: AbortSignal;
  /** Milliseconds between two snapshots of a run, where these are quick (see `SnapshotPace`). */
  readonly everyMs: number;
  /** Seconds without a sign of life after which what this process has claimed may be taken over. */
  readonly leaseSeconds?: number;
  /** Says what a person must know even afterwards. */
  readonly note: (message: string) => void;
}

/** How long a run has taken so far, in all the processes that it was resumed in. */
export interface RunClock {
  /** In milliseconds, this process included. */
  readonly elapsedMs: number;
  /** Adds what processes before this one have taken. */
  goOnFrom(elapsedMs: number): void;
}

/** What a snapshot's file is given by the run that it is of. */
export interface SnapshotOwner {
  readonly clock?: RunClock;
  readonly guard?: Guard;
  /** Is called where there is nothing to go on from. */
  begins?(): void;
}

/** The file of a shared thing's snapshot: a name that can be read, and is another for another thing. */
export function sharedPath({ resultsFolder, profileName }: ResultsPlace, thing: SharedThing): string {
  const name = nameOfShared(thing);
  const file = `${name.replaceAll(/[^\w.-]+/g, "_").slice(0, 40)}-${digestOf(name)}.safetensors`;
  return `${resultsFolder}/${STATE_FOLDER}/${profileName}/shared/${file}`;
}

/** The file of a cell's snapshot, whatever its settings: the latest takes the place of the one before. */
export function cellPath({ resultsFolder, profileName }: ResultsPlace, cell: Cell): string {
  const file = `${addressOf(cell).replaceAll("/", "_")}.safetensors`;
  return `${resultsFolder}/${STATE_FOLDER}/${profileName}/cells/${cell.experiment.name}/${file}`;
}

/** What is claimed while a snapshot's file is read or written; apart from those, which come and go. */
export function lockPath({ resultsFolder, profileName }: ResultsPlace, path: string): string {
  const state = `${resultsFolder}/${STATE_FOLDER}/${profileName}`;
  return `${state}/locks/${path.slice(state.length + 1).replaceAll("/", "_")}.lock`;
}

/** What stands in the header of a snapshot's file. */
interface Header extends Basis {
  /** The digest of the code that made it: what other code has begun is begun anew. */
  readonly code: string;
  readonly elapsedMs?: number;
}

/**
 * The latest snapshot of a run, in one file, with what it has been made from: a run is resumed from it only where nothing of that has
 * changed. A damaged file is renamed, and the run starts again.
 */
export class SnapshotFile implements SnapshotStore {
  readonly #path: string;
  readonly #making: Making;
  readonly #policy: SnapshotPolicy;
  readonly #owner: SnapshotOwner;
  readonly #pace: SnapshotPace;

  /**
   * @param making what decides the numbers of the run, or of the thing that cells share
   * @param owner how long the run has taken, and the right to write its file
   */
  constructor(path: string, making: Making, policy: SnapshotPolicy, owner: SnapshotOwner = {}) {
    [this.#path, this.#making, this.#policy, this.#owner] = [path, making, policy, owner];
    this.#pace = new SnapshotPace(policy.everyMs);
  }

  async load(): Promise<Snapshot | undefined> {
    const found = await this.#load();
    if (!found) this.#owner.begins?.();
    return found;
  }

  async #load(): Promise<Snapshot | undefined> {
    try {
      const content = await readPiecesIfThere(this.#path, (file) => readSnapshot(file, this.#path));
      if (content === undefined) return undefined;
      const { header, snapshot } = content;
      if (!this.#isOfNow(header as Header)) return undefined;
      // What the steps before it have used is not used again.
      this.#policy.tracer.add(usesOf(header as Header));
      this.#owner.clock?.goOnFrom((header as Header).elapsedMs ?? 0);
      return snapshot;
    } catch (error) {
      if (!(error instanceof DamagedFileError)) throw error;
      await Deno.rename(this.#path, `${this.#path}.damaged`);
      const aside = `${this.#path.slice(this.#path.lastIndexOf("/") + 1)}.damaged`;
      this.#policy.note(`${error.message}; renamed to ${aside}; starting again: ${this.#making.run}`);
      return undefined;
    }
  }

  isDue(): boolean {
    return this.#pace.isDue() || this.#policy.stop.aborted;
  }

  /** Ends the run here, with the reason of the stop, where it is to stop. */
  async save(snapshot: UnreadSnapshot): Promise<void> {
    const { present, tracer, stop } = this.#policy;
    const basis = basisOf(this.#making, tracer.soFar, present);
    const header: Header = { ...basis, code: present.code, elapsedMs: this.#owner.clock?.elapsedMs };
    const write = async (file: Deno.FsFile) =>
      await writeSnapshot(
        {
          write: (bytes) => writeBytes(file, bytes),
          async replace(at, bytes) {
            await file.seek(at, Deno.SeekMode.Start);
            await writeBytes(file, bytes);
          },
        },
        snapshot,
        header,
      );
    await writeAtomically(this.#path, write, { guard: this.#owner.guard });
    this.#pace.saved();
    stop.throwIfAborted();
  }

  async remove(): Promise<void> {
    await removeIfThere(this.#path);
  }

  #isOfNow(header: Header): boolean {
    const { present } = this.#policy;
    return header.code === present.code && changesSince(header, this.#making, present).length === 0;
  }
}
