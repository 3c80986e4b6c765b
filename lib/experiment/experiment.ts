import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { CurveRow } from "#lib/reporting/curves_csv.ts";
import type { Figure } from "#lib/reporting/figures/figure.ts";
import type { ItemsRow } from "#lib/reporting/items_csv.ts";
import type { ScoreRow } from "#lib/reporting/scores_csv.ts";
import type { ScoreTable } from "#lib/reporting/table_model.ts";
import type { MeasureRow } from "#lib/training/measure_log.ts";
import type { Profile } from "./profile.ts";

/** A score of a cell, without the experiment's, method's and seed's name. */
export interface CellScore {
  readonly dataset: string;
  readonly metric: string;
  /** A fraction. */
  readonly value: number;
  /** Items that it is the mean over. */
  readonly count: number;
  /** The score of each item, where there are items: what differences between methods are tested on. */
  readonly items?: readonly number[];
  /** In place of items, where the score is no mean over them: what it is computed from, by name, a number of each item. */
  readonly statistics?: Readonly<Record<string, readonly number[]>>;
}

/** A response of a trained model, to be read by eye. */
export interface SampleResponse {
  readonly dataset: string;
  readonly instruction: string;
  readonly input: string;
  readonly reference: string;
  readonly response: string;
}

export interface CellResult {
  readonly scores: readonly CellScore[];
  readonly curves: readonly MeasureRow[];
  readonly samples: readonly SampleResponse[];
}

/** What the runs of one command are given, all experiments alike. */
export interface RunContext {
  readonly gpu: Gpu;
  readonly profile: Profile;
  /** Data in place of the embedded one (`--data`). */
  readonly dataFolder?: string;
  /** Says what is being done, for a person to follow. */
  say(message: string): void;
  /** Makes a thing that experiments share, as in one teacher for all tables, when it is first asked for. */
  once<Thing>(name: string, make: () => Promise<Thing>): Promise<Thing>;
}

/** What `results/<profile>/<experiment>/` holds, of every cell there is. */
export interface RecordedResults {
  readonly profile: string;
  readonly scores: readonly ScoreRow[];
  readonly items: readonly ItemsRow[];
  readonly curves: readonly CurveRow[];
}

/** What an experiment shows: files `<name>.md`, `<name>.csv` and `<name>.svg`; the main table is named `table`. */
export interface Report {
  readonly tables: Readonly<Record<string, ScoreTable>>;
  readonly figures: Readonly<Record<string, Figure>>;
}

/** A row of a table: a way to train a student, or another player of the comparison. */
export interface MethodDescription {
  readonly name: string;
  readonly summary: string;
}

export interface ExperimentMethod extends MethodDescription {
  /** Those of the experiment's tasks that it runs for; default all. */
  readonly tasks?: readonly string[];
  /** What decides the row's numbers beside profile, data and seed: its recorded cells are stale where this has changed. */
  key(profile: Profile, task?: string): string;
}

/** One table or figure of a paper: a grid of cells, method × seed, or method × task × seed. */
export interface Experiment {
  readonly name: string;
  /** The table or figure that it reproduces. */
  readonly source: string;
  readonly description: string;
  /** Whether it is left out unless it is named: a repetition of another table, for those who want it. */
  readonly onlyWhenNamed?: boolean;
  /** The rows of its table, in their order. */
  readonly methods: readonly ExperimentMethod[];
  /** What students are trained for, as in `samsum/base`, where there is more than one thing: cells of their own. */
  readonly tasks?: readonly string[];
  /** Sections of the profile that cannot change its numbers: its results stay when these change. */
  readonly unusedSections: readonly (keyof Profile)[];
  /** Prepares what the cells share; nothing is trained before a cell needs it. */
  open(context: RunContext): Promise<ExperimentRun>;
  /** Tables and figures of whatever has been recorded so far; computes nothing anew. */
  report(results: RecordedResults): Report;
}

export interface ExperimentRun {
  /** @param task one of the experiment's, if it has any */
  cell(method: string, seed: number, task?: string): Promise<CellResult>;
  /** Data and sizes, for provenance; of an experiment with tasks, of those that have run. */
  readonly description: Readonly<Record<string, unknown>>;
}
