import type { LanguageModel } from "#lib/models/language_model.ts";
import type { Checkpoint } from "#lib/training/checkpoint.ts";
import type { MeasureLog } from "#lib/training/measure_log.ts";
import type { MethodDescription } from "./experiment.ts";
import type { CellResult } from "#lib/results/cell_result.ts";
import type { Profile } from "./profile.ts";
import { studentDistances } from "./student_distances.ts";
import type { Workbench } from "./workbench.ts";

/** A row of a table of students: how one is trained for a task. */
export interface Method extends Omit<MethodDescription, "name"> {
  /** Where its code is (`import.meta.url`). */
  readonly module: string;
  /** Names what is run, settings included where variants differ by them: rows of one key are one run, whichever tables ask for it. */
  key(profile: Profile): string;
  /** What sets it apart from others of its module, as JSON. */
  readonly variant?: string;
  run(bench: Workbench, name: string, seed: number): Promise<CellResult>;
}

/** A training run in progress: its student, its name and seed, and where its measures go. */
export interface StudentRun {
  readonly bench: Workbench;
  readonly student: LanguageModel;
  readonly name: string;
  readonly seed: number;
  readonly log: MeasureLog;
  /** Where it is saved, and goes on from. */
  readonly checkpoint?: Checkpoint;
}

/** The teacher itself, scored with the seed's samples. */
export const TEACHER: Method = {
  summary: "the larger model that the students are to imitate",
  module: import.meta.url,
  key: () => "teacher",
  async run(bench, _, seed) {
    const { model, curves } = await bench.teacher();
    return { ...await scoreAndHandOver(bench, model, seed), curves };
  },
};

/** The student fine-tuned on the data, where every method below starts. */
export const SFT: Method = {
  summary: "student fine-tuned on the data; where every method below starts",
  module: import.meta.url,
  key: () => "sft",
  async run(bench, _, seed) {
    const { model, curves } = await bench.sftStudent(seed);
    return { ...await scoreStudent(bench, model, seed), curves };
  },
};

/** What sets a method apart that trains on from the SFT student. */
export interface Training extends Pick<Method, "summary" | "module" | "variant"> {
  /** Its name, or with variants what tells their runs apart. */
  readonly key: Method["key"] | string;
  train(run: StudentRun): Promise<void>;
}

/** A method that trains on from the SFT student. */
export function fromSft({ summary, module, variant, key, train }: Training): Method {
  return {
    summary,
    module,
    variant,
    key: typeof key === "string" ? () => key : key,
    async run(bench, name, seed) {
      using student = await bench.studentFromSft(seed);
      const log = bench.log(name, seed);
      await train({ bench, student, name, seed, log, checkpoint: bench.cellCheckpoint() });
      return { ...await scoreStudent(bench, student, seed), curves: log.rows };
    },
  };
}

async function scoreStudent(bench: Workbench, student: LanguageModel, seed: number) {
  const { scores, samples } = await scoreAndHandOver(bench, student, seed);
  return { scores: [...scores, ...await studentDistances(bench, student, seed)], samples };
}

async function scoreAndHandOver(bench: Workbench, model: LanguageModel, seed: number) {
  const scored = await bench.task.score(bench, model, seed);
  await bench.handOver(model);
  return scored;
}
