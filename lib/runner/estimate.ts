import type { Experiment } from "#lib/bench/experiment.ts";
import type { Profile } from "#lib/bench/profile.ts";
import type { SharedRecord, SharedThing } from "#lib/results/provenance.ts";
import { type Cell, matchesTask, recordedCell, runNameOf } from "./cell.ts";
import type { KnownResults } from "./known_results.ts";

/** How long something will take. */
export interface Estimate {
  readonly seconds: number;
  /** Cells of which nothing is known. */
  readonly unknown: number;
}

/** A thing that cells of some experiments share. */
interface Shared extends SharedRecord {
  readonly experiments: ReadonlySet<string>;
}

/** How long cells took when they were recorded, for an estimate of what they will take. */
export class RecordedTimes {
  readonly #profile: Profile;
  /** By what is run, by experiment, method and task, and by experiment. */
  readonly #seconds = new Map<string, number[]>();
  /** By name. */
  readonly #shared: Map<string, Shared>;
  readonly #others: RecordedTimes | undefined;

  /** @param others what to go by where nothing is recorded of a cell here: another machine's times are better than none */
  constructor(
    recorded: ReadonlyMap<Experiment, Pick<KnownResults, "provenance">>,
    profile: Profile,
    others?: RecordedTimes,
  ) {
    [this.#profile, this.#others] = [profile, others];
    // This machine's times come after the others', and take their place.
    this.#shared = new Map(others ? others.#shared : []);
    const own = new Map<string, Shared>();
    for (const [experiment, { provenance: { cells, shared } }] of recorded) {
      for (const [address, { wallSeconds }] of Object.entries(cells)) {
        const cell = recordedCell(experiment, address);
        if (!cell || !(wallSeconds > 0)) continue;
        for (const key of this.#keysOf(cell)) this.#seconds.set(key, [...this.#seconds.get(key) ?? [], wallSeconds]);
      }
      for (const [name, thing] of Object.entries(shared)) {
        const { seconds = 0, experiments = [] } = own.get(name) ?? {};
        const longest = Math.max(seconds, thing.seconds);
        own.set(name, { ...thing, seconds: longest, experiments: new Set([...experiments, experiment.name]) });
      }
    }
    for (const [name, thing] of own) this.#shared.set(name, thing);
  }

  /** Seconds that a cell will take by itself, from the cells most like it; undefined where none was recorded. */
  secondsOf(cell: Cell): number | undefined {
    const likest = this.#keysOf(cell).map((key) => this.#seconds.get(key)).find((seconds) => seconds !== undefined);
    if (likest === undefined) return this.#others?.secondsOf(cell);
    return likest.reduce((sum, seconds) => sum + seconds, 0) / likest.length;
  }

  /** What takes so long, one after the other: what is run once counted once, and with it what its cells share unless that is there. */
  total(cells: readonly Cell[], isThere: (thing: SharedThing) => boolean): Estimate {
    const once = new Map(cells.map((cell) => [runNameOf(cell, this.#profile), cell]));
    const times = [...once.values()].map((cell) => this.secondsOf(cell));
    const shared = this.sharedBy([...once.values()], isThere);
    return {
      seconds: [...times, ...shared.values()].reduce<number>((sum, each) => sum + (each ?? 0), 0),
      unknown: times.filter((seconds) => seconds === undefined).length,
    };
  }

  /** Seconds that the things take which the cells share and are not there, by the first cell that may ask for each. */
  sharedBy(cells: readonly Cell[], isThere: (thing: SharedThing) => boolean): Map<Cell, number> {
    const seconds = new Map<Cell, number>();
    for (const thing of this.#shared.values()) {
      const first = cells.find((cell) => mayShare(cell, thing));
      if (first && !isThere(thing)) seconds.set(first, (seconds.get(first) ?? 0) + thing.seconds);
    }
    return seconds;
  }

  #keysOf(cell: Cell): string[] {
    const { experiment, method, task = "" } = cell;
    return [
      `run ${method.making(this.#profile, cell.task).run}`,
      `method ${experiment.name} ${method.name} ${task}`,
      `task ${experiment.name} ${task}`,
    ];
  }
}

/** Whether a cell may ask for a thing that cells of its experiment have shared: of its task or that one's corpus, and of its seed. */
function mayShare({ experiment, task, seed }: Cell, { experiments, owner, seed: own = seed }: Shared): boolean {
  return experiments.has(experiment.name) && own === seed && (task === undefined || matchesTask(owner, task));
}
