import type { Gpu } from "#kernels/runtime/gpu.ts";
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

/** What an experiment's run is given. */
export interface RunContext {
  readonly gpu: Gpu;
  readonly profile: Profile;
  /** Data in place of the embedded one (`--data`). */
  readonly dataFolder?: string;
  /** Says what is being done, for a person to follow. */
  readonly say: (message: string) => void;
}

/** One table of a paper: a grid of cells, method × seed. */
export interface Experiment {
  readonly name: string;
  /** The table or figure that it reproduces. */
  readonly source: string;
  readonly description: string;
  readonly methods: readonly string[];
  /** Prepares what the cells share; nothing is trained before a cell needs it. */
  open(context: RunContext): Promise<ExperimentRun>;
}

export interface ExperimentRun {
  cell(method: string, seed: number): Promise<CellResult>;
  /** Data and sizes, for provenance. */
  readonly description: Readonly<Record<string, unknown>>;
}
