import type { Experiment } from "#lib/bench/experiment.ts";
import type { Profile } from "#lib/bench/profile.ts";
import { type Cell, recordedCell, runNameOf } from "./cell.ts";
import type { KnownResults } from "./known_results.ts";

/** How long something will take. */
export interface Estimate {
  readonly seconds: number;
  /** Cells of which nothing is known. */
  readonly unknown: number;
}

/** How long cells took when they were recorded, for an estimate of what they will take. */
export class RecordedTimes {
  readonly #profile: Profile;
  /** By what is run, by experiment, method and task, and by experiment. */
  readonly #seconds = new Map<string, number[]>();
  readonly #shared = new Map<string, number>();
  readonly #others: RecordedTimes | undefined;

  /** @param others what to go by where nothing is recorded of a cell here: another machine's times are better than none */
  constructor(
    recorded: ReadonlyMap<Experiment, Pick<KnownResults, "provenance">>,
    profile: Profile,
    others?: RecordedTimes,
  ) {
    [this.#profile, this.#others] = [profile, others];
    for (const [experiment, { provenance: { cells, shared } }] of recorded) {
      for (const [address, { wallSeconds }] of Object.entries(cells)) {
        const cell = recordedCell(experiment, address);
        if (!cell || !(wallSeconds > 0)) continue;
        for (const key of this.#keysOf(cell)) this.#seconds.set(key, [...this.#seconds.get(key) ?? [], wallSeconds]);
      }
      for (const [name, seconds] of Object.entries(shared)) {
        this.#shared.set(name, Math.max(seconds, this.#shared.get(name) ?? 0));
      }
    }
    for (const [name, seconds] of others === undefined ? [] : others.#shared) {
      if (!this.#shared.has(name)) this.#shared.set(name, seconds);
    }
  }

  /** Seconds that a cell will take by itself, from the cells most like it; undefined where none was recorded. */
  secondsOf(cell: Cell): number | undefined {
    const likest = this.#keysOf(cell).map((key) => this.#seconds.get(key)).find((seconds) => seconds !== undefined);
    if (likest === undefined) return this.#others?.secondsOf(cell);
    return likest.reduce((sum, seconds) => sum + seconds, 0) / likest.length;
  }

  /** What takes so long, one after the other: what is run once counted once, and with it what its cells share unless that is there. */
  total(cells: readonly Cell[], isThere: (shared: string) => boolean): Estimate {
    const once = new Map(cells.map((cell) => [runNameOf(cell, this.#profile), cell]));
    const times = [...once.values()].map((cell) => this.secondsOf(cell));
    const shared = this.sharedBy([...once.values()], isThere);
    return {
      seconds: [...times, ...shared.values()].reduce<number>((sum, each) => sum + (each ?? 0), 0),
      unknown: times.filter((seconds) => seconds === undefined).length,
    };
  }

  /** Seconds that the things take which the cells share and are not there, by the first cell that may ask for each. */
  sharedBy(cells: readonly Cell[], isThere: (shared: string) => boolean): Map<Cell, number> {
    const seconds = new Map<Cell, number>();
    for (const [name, each] of this.#shared) {
      const first = cells.find((cell) => mayShare(runNameOf(cell, this.#profile), cell.seed, name));
      if (first && !isThere(name)) seconds.set(first, (seconds.get(first) ?? 0) + each);
    }
    return seconds;
  }

  #keysOf(cell: Cell): string[] {
    const { experiment, method, task = "" } = cell;
    return [
      `run ${runNameOf(cell, this.#profile).replace(/, seed \d+$/, "")}`,
      `method ${experiment.name} ${method.name} ${task}`,
      `task ${experiment.name} ${task}`,
    ];
  }
}

/**
 * Whether the cell of a run may ask for a shared thing, as their names tell: `samsum/base: kd, seed 10` for `samsum: teacher` and
 * `samsum/base: sft, seed 10`, `llama: kd, seed 10` for `llama: teacher`.
 */
export function mayShare(run: string, seed: number, shared: string): boolean {
  const [task, owner] = [run, shared].map((name) => name.split(": ")[0]);
  const seedOfThing = /, seed (\d+)$/.exec(shared)?.[1];
  return (owner === task || owner === task.split("/")[0]) &&
    (seedOfThing === undefined || Number(seedOfThing) === seed);
}
