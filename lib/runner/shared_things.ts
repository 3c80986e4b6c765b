import type { Made } from "#lib/bench/experiment.ts";
import { Claim } from "#lib/results/claim.ts";
import type { ResultsPlace } from "#lib/results/place.ts";
import { digestOfJson } from "#lib/results/digest.ts";
import { nameOfShared, type SharedRecord, type SharedThing } from "#lib/results/provenance.ts";
import { removePart } from "#lib/results/storage.ts";
import { countBeginnings, noteBeginning } from "./beginnings.ts";
import { lockPath, type RunClock, sharedPath, SnapshotFile, type SnapshotPolicy } from "./snapshot_file.ts";
import type { Uses } from "./uses.ts";

/** What a cell asks for is being made by another process. */
export class Busy extends Error {
  override readonly name = "Busy";
}

/** How long a cell, or a thing that cells share, has taken by itself: what it shares with others counts for none of them. */
export class OwnClock implements RunClock {
  readonly #things: SharedThings;
  readonly #startMs = performance.now();
  readonly #sharedMs: number;
  #beforeMs = 0;

  constructor(things: SharedThings) {
    this.#things = things;
    this.#sharedMs = things.spentMs;
  }

  get elapsedMs(): number {
    return this.#beforeMs + performance.now() - this.#startMs - (this.#things.spentMs - this.#sharedMs);
  }

  goOnFrom(elapsedMs: number): void {
    this.#beforeMs = elapsedMs;
  }
}

/** What the cells of one process share: each thing is made once, whoever asks first, with its uses noted for all who ask. */
export class SharedThings {
  /** Those that are kept on the disk by name, and how long each took to make, in whichever processes, its own parts apart. */
  readonly timed = new Map<string, SharedRecord>();
  /** Whether it waits for things that another process is making; otherwise whoever asks for one ends with `Busy`. */
  waits = true;
  /** What they have taken so far, and waiting for them, in milliseconds: none of it is the running cell's own. */
  spentMs = 0;
  readonly #place: ResultsPlace;
  readonly #policy: SnapshotPolicy;
  readonly #say: (message: string) => void;
  readonly #made = new Map<string, Promise<{ readonly value: unknown; readonly uses: Uses }>>();

  /** @param say says what is waited for, for a person to follow */
  constructor(place: ResultsPlace, policy: SnapshotPolicy, say: (message: string) => void) {
    [this.#place, this.#policy, this.#say] = [place, policy, say];
  }

  /** Makes a thing, or finds it made in this process. What failed fails again. */
  async once<Thing>(name: string, make: () => Promise<Thing>): Promise<Thing> {
    const made = this.#made.get(name) ?? this.#make(name, make);
    this.#made.set(name, made);
    const { value, uses } = await made;
    this.#policy.tracer.add(uses);
    return value as Thing;
  }

  /** The same for what is kept on the disk: one process makes it, and the others find it there. */
  async trained<Thing>(thing: SharedThing, made: Made, make: (file: SnapshotFile) => Promise<Thing>): Promise<Thing> {
    const name = nameOfShared(thing);
    const value = await this.once(name, async () => {
      const path = sharedPath(this.#place, thing);
      using guard = await this.lock(name, path, this.waits);
      const clock = new OwnClock(this);
      const { code, adapter, data } = this.#policy.present;
      const digest = digestOfJson([made, code, adapter, data]);
      const begins = () => noteBeginning(path, digest);
      const value = await make(new SnapshotFile(path, { ...made, run: name }, this.#policy, { clock, guard, begins }));
      const seconds = Math.round(clock.elapsedMs / 100) / 10;
      this.timed.set(name, { ...thing, seconds, begun: await countBeginnings(path, digest) });
      return value;
    });
    this.#policy.tracer.add({ shared: new Set([name]) });
    return value;
  }

  /** Takes a thing out, so that it is made anew when it is asked for; undefined where it is not made. */
  async forget<Thing>(thing: SharedThing): Promise<Thing | undefined> {
    const name = nameOfShared(thing);
    const made = await this.#made.get(name);
    this.#made.delete(name);
    return made?.value as Thing | undefined;
  }

  /** The same for what JSON holds. */
  kept<Thing>(thing: SharedThing, made: Made, make: () => Promise<Thing>): Promise<Thing> {
    return this.trained(thing, made, async (file) => {
      const snapshot = await file.load();
      if (snapshot) return snapshot.parts.value.values as Thing;
      const value = await make();
      await file.save({ step: 0, parts: { value: { values: value, arrays: {} } } });
      return value;
    });
  }

  /**
   * Claims a snapshot's file, so that only this process reads and writes it.
   *
   * @throws {Busy} where another process has it and this one does not wait
   */
  async lock(what: string, path: string, waits: boolean): Promise<Claim> {
    const [at, { stop, leaseSeconds }] = [lockPath(this.#place, path), this.#policy];
    const terms = { leaseSeconds, command: what };
    const claim = await Claim.tryAcquire(at, terms) ?? await this.#await(what, () => {
      if (!waits) throw new Busy(what);
      return Claim.acquire(at, stop, terms);
    });
    if (claim.deadToken !== undefined) await removePart(path, claim.deadToken);
    return claim;
  }

  async #await(what: string, acquire: () => Promise<Claim>): Promise<Claim> {
    const start = performance.now();
    const claiming = acquire();
    this.#say(`waiting for another process that makes ${what}`);
    const claim = await claiming;
    this.spentMs += performance.now() - start;
    return claim;
  }

  async #make(name: string, make: () => Promise<unknown>): Promise<{ readonly value: unknown; readonly uses: Uses }> {
    const [start, before] = [performance.now(), this.spentMs];
    try {
      return await this.#policy.tracer.trace(make);
    } catch (error) {
      if (error instanceof Busy) this.#made.delete(name);
      throw error;
    } finally {
      this.spentMs = before + performance.now() - start;
    }
  }
}
