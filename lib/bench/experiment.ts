import type { CellResult } from "#lib/results/cell_result.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { CurveRow } from "#lib/results/curves_csv.ts";
import type { Figure } from "#lib/reporting/figures/figure.ts";
import type { MethodDisplay, MethodDisplays } from "#lib/reporting/method_display.ts";
import type { ItemsRow } from "#lib/results/items_csv.ts";
import type { SharedThing } from "#lib/results/provenance.ts";
import type { ScoreRow } from "#lib/results/scores_csv.ts";
import type { ScoreTable } from "#lib/reporting/table_model.ts";
import type { SnapshotStore } from "#lib/training/checkpoint.ts";
import type { RegisteredMethod } from "./method_registry.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import type { Profile } from "./profile.ts";
import type { Texts } from "./texts.ts";
import type { Section } from "./section.ts";

/** How far work is that takes long: a training run by its steps, or the writing and scoring of texts by those that are done. */
export interface WorkProgress {
  /** As in `ammd, seed 10`. */
  readonly what: string;
  /** What is counted. */
  readonly unit: "step" | "text";
  /** Of them done, of so many. */
  readonly done: number;
  readonly all: number;
  /** Of the last step that was logged. */
  readonly loss?: number;
  /** Tokens that the run has been trained on since the last report. */
  readonly tokens?: number;
}

/** What decides a shared thing's numbers, beside kernels, data and machine: part of what decides those of the cells that use it. */
export type Made = Pick<Making, "settings" | "numerics">;

/** What a cell's code is given. Kernels that run and data that is asked for are noted, since the cell's numbers depend on them. */
export interface RunContext {
  readonly gpu: Gpu;
  /** The settings of the experiment's task. */
  readonly profile: Profile;
  /** Data in place of the embedded one (`--data`). */
  readonly dataFolder?: string;
  /** Aborted when the run is to stop: whoever computes for long throws its reason between two parts of the work. */
  readonly stop: AbortSignal;
  /** Says what is being done, for a person to follow. */
  say(message: string): void;
  /** Tells how far the work is. */
  progress(progress: WorkProgress): void;
  /** Makes a thing that cells share, as one teacher for all tables, when it is first asked for. */
  once<Thing>(name: string, make: () => Promise<Thing>): Promise<Thing>;
  /**
   * The same for what JSON can hold and takes long to make: it is kept for the next run as well, for as long as nothing has changed of
   * what it was made of, the code included.
   */
  kept<Thing>(thing: SharedThing, made: Made, make: () => Promise<Thing>): Promise<Thing>;
  /**
   * The same for what is trained: its training is saved in the store, so that another run resumes it, or finds it done. One process at a
   * time makes it, and the others that ask for it find it done.
   */
  trained<Thing>(thing: SharedThing, made: Made, make: (snapshots: SnapshotStore) => Promise<Thing>): Promise<Thing>;
  /**
   * Takes out a thing that was trained, so that whoever asks for it next has it read anew from where it is saved.
   *
   * @returns it, where somebody has asked for it; the caller disposes of it
   */
  forget<Thing>(thing: SharedThing): Promise<Thing | undefined>;
  /** Where the cell that is running is saved; gone when it is done. */
  cellSnapshots(): SnapshotStore;
  /** Takes the cell's model when it has been scored, where somebody wants it; its parameters are released afterwards. */
  readonly handOver?: (trained: HandedOver) => Promise<void>;
}

/** The model of a cell, and what it reads and writes. */
export interface HandedOver {
  readonly gpu: Gpu;
  readonly model: LanguageModel;
  readonly texts: Texts;
}

/** What a row's cells were computed with. */
export interface RecordedSettings {
  readonly method: string;
  /** Of an experiment that has tasks. */
  readonly task?: string;
  readonly settings: Making["settings"];
}

/** What `results/<profile>/<experiment>/` holds, of every cell there is. */
export interface RecordedResults {
  readonly profile: string;
  /** How rows are named and drawn; one that is not here stands for itself. */
  readonly display: MethodDisplays;
  /** The rows of a table that is of these methods alone; default all of the experiment's. */
  readonly methods?: readonly string[];
  readonly scores: readonly ScoreRow[];
  readonly items: readonly ItemsRow[];
  readonly curves: readonly CurveRow[];
  /** Of a row and task whose seeds were computed with different settings, several. */
  readonly settings: readonly RecordedSettings[];
}

/** What an experiment shows: files `<name>.md`, `<name>.csv` and `<name>.svg`; the main table is named `table`. */
export interface Report {
  readonly tables: Readonly<Record<string, ScoreTable>>;
  readonly figures: Readonly<Record<string, Figure>>;
}

/** What decides a cell's numbers, beside its seed, kernels, data and machine. */
export interface Making {
  /**
   * Names the run: equal names (with the seed) are one run, whichever tables ask for it. Derived from the registry's name of the
   * method, never written by hand.
   */
  readonly run: string;
  /** The sections of the profile that the cell may read: the common ones of its task, and the method's own as its variant has it. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Declared versions by what they are of: `{ lib: 1, "task instruction_following": 1, "method ammd": 1 }`. */
  readonly numerics: Readonly<Record<string, number>>;
}

/** A row of a table: a way to train a student, or another player of the comparison. */
export interface ExperimentMethod extends Partial<MethodDisplay> {
  readonly name: string;
  readonly summary: string;
  /** Where the row is a method of the registry, all that it is. */
  readonly definition?: RegisteredMethod;
  /** What decides the numbers of its cells, of one of the experiment's tasks where it has some. */
  making(profile: Profile, task?: string): Making;
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
  /** Sections of the profile that it reads beside the common ones and those of its methods. */
  readonly sections?: readonly Section[];
  /**
   * The files of a folder of data (`--data`) that the cells of a task read: results are stale where one of them has changed, or others
   * are read. Default: none.
   *
   * @throws {InputError} if the folder is not one of its data
   */
  dataFiles?(folder: string, task: string | undefined): readonly string[];
  /** The settings of a task; default the profile as it is. */
  settings?(profile: Profile, task: string | undefined): Profile;
  /** Prepares what the cells of a task share; nothing is trained before a cell needs it. */
  open(context: RunContext, task: string | undefined): Promise<ExperimentRun>;
  /** Tables and figures of whatever has been recorded so far; computes nothing anew. */
  report(results: RecordedResults): Report;
}

export interface ExperimentRun {
  cell(method: string, seed: number): Promise<CellResult>;
  /** Data and sizes, for provenance, by the name of the data. */
  readonly description: Readonly<Record<string, unknown>>;
}
