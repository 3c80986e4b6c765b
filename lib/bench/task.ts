import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import type { PairLimits } from "#lib/preferences/encode_pairs.ts";
import type { PairMetric } from "#lib/preferences/oracles/metric.ts";
import type { PairCodec } from "#lib/preferences/pair_codec.ts";
import type { CellResult } from "#lib/results/cell_result.ts";
import type { Made } from "./experiment.ts";
import type { Profile } from "./profile.ts";
import type { TextProgress } from "./responses.ts";
import type { PromptSet, Texts } from "./texts.ts";

/** Where a model is scored. */
export interface Scoring {
  readonly gpu: Gpu;
  readonly profile: Profile;
  readonly texts: Texts;
  readonly stop: AbortSignal;
  /** Who is told how far the texts are that are written or read, by the name of the work. */
  readonly progressOf: (what: string) => TextProgress;
  /** Whom students imitate. */
  teacher(): Promise<{ readonly model: LanguageModel }>;
}

/** Whose model: the one that students imitate, or the one that they are copies of. */
export type ModelRole = "teacher" | "student";

/** What students are trained for: its texts, the kind of its models, and how answers are scored. */
export interface Task {
  /** Students of one name are alike. */
  readonly name: string;
  /** Tasks of one corpus have texts and teacher in common. */
  readonly corpus: string;
  /** How many of the training records students see the answers of, the first ones; default all, as the teacher does. */
  readonly records?: number;
  /** The profile with the sizes and rates of this task. */
  readonly profile: Profile;
  /** What its texts and models are made of, beside the common sections of the profile and what all cells share. */
  readonly made: Made;
  /** The teacher's texts on prompts of the training data, where nothing else is known of it: then there is no model of it. */
  readonly teacherTexts?: readonly Trajectory[];
  /** What decides the values of a teacher that is taken as it is, whoever learns from it; default all that models are made of. */
  readonly teacherValues?: unknown;
  /** Whether the teacher leaves the memory before a student trains, and is read again to score: for rows that take all that they need of it before. */
  readonly keepsTeacherApart?: boolean;
  readTexts(): Promise<Texts>;
  /** A model before it is trained on the data: of the profile's sizes with values drawn, or a checkpoint's. */
  newModel(
    gpu: Gpu,
    role: ModelRole,
    texts: Texts,
    normalSource: () => number,
  ): LanguageModel | Promise<LanguageModel>;
  /** Scores on the evaluation sets, and sample responses. */
  score(scoring: Scoring, model: LanguageModel, seed: number): Promise<Pick<CellResult, "scores" | "samples">>;
  /** The measure that curves show of sampled responses to held-out prompts: a fraction. */
  readonly validation: {
    readonly measure: string;
    score(texts: Texts, set: PromptSet, responses: readonly Trajectory[]): number;
  };
  /** How pairs of its texts are read, written and compared. */
  readonly pairs: {
    codec(texts: Texts): PairCodec;
    readonly limits: PairLimits;
    /** That of the oracle `metric`. */
    readonly metric: PairMetric;
  };
  /** The data set under which `scores.csv` keeps what is measured on held-out prompts of the validation set. */
  readonly heldOut: string;
}
