import { fineTuning } from "#lib/objectives/supervised.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { Checkpoint, type SnapshotStore } from "#lib/training/checkpoint.ts";
import type { MeasureLog } from "#lib/training/measure_log.ts";
import { trainOnTexts } from "#lib/training/train_on_texts.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import type { ModelSettings, TrainingSettings } from "./profile.ts";
import { memoryOf, optimizerOf, scheduleOf } from "./recipe.ts";
import type { Workbench } from "./workbench.ts";

/** A model and the curves of its training. */
export interface TrainedModel {
  readonly model: LanguageModel;
  readonly curves: MeasureLog["rows"];
}

/** A model to be trained on texts of the data, and who it is. */
interface FineTuning {
  readonly role: "teacher" | "sft";
  readonly texts: readonly Trajectory[];
  readonly sizes: ModelSettings;
  readonly training: TrainingSettings;
  readonly seed: number;
  /** Where its training is saved. */
  readonly snapshots: SnapshotStore;
}

/** A new model of the task's family, trained on the data: the teacher, or the student that every distilled one starts from. */
export async function fineTuned(
  bench: Workbench,
  { role, texts, sizes, training, seed, snapshots }: FineTuning,
): Promise<TrainedModel> {
  const { gpu, profile, task } = bench;
  const random = new RandomStream(seed, `${role} parameters`);
  const model = task.newModel(gpu, sizes, bench.texts, () => random.normal());
  const what = `${role}, seed ${seed}`;
  bench.say(`${what}: ${model.store.parameterCount} parameters, ${training.steps} steps`);
  const log = bench.log(role, seed);
  const batches = bench.batchesOf(texts, profile.optimizer.batchSize, { seed, purpose: `${role} batches` });
  const checkpoint = new Checkpoint(gpu, snapshots);
  checkpoint.keep(`${role} batches`, batches);
  await trainOnTexts(gpu, {
    players: { student: model },
    store: model.store,
    objective: fineTuning,
    nextTexts: () => batches.next(),
    schedule: scheduleOf(profile, training),
    optimizer: optimizerOf(profile),
    maxGradNorm: profile.optimizer.maxGradNorm,
    memory: memoryOf(profile),
    log,
    checkpoint,
    // The distances to the teacher are left to the end: a teacher has none, and an SFT student's are those of its descendants' start.
    onStep: (step) => Promise.resolve(bench.progress(what, step, training.steps, log)),
  });
  return { model, curves: log.rows };
}
