import { fineTuning } from "#lib/objectives/supervised.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { Checkpoint, type SnapshotStore } from "#lib/training/checkpoint.ts";
import type { MeasureLog } from "#lib/training/measure_log.ts";
import { trainOnTexts } from "#lib/training/train_on_texts.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import type { TrainingSettings } from "./profile.ts";
import { memoryOf, optimizerOf, scheduleOf } from "./recipe.ts";
import type { ModelRole } from "./task.ts";
import type { Workbench } from "./workbench.ts";

/** A model and the curves of its training. */
export interface TrainedModel {
  readonly model: LanguageModel;
  readonly curves: MeasureLog["rows"];
}

/** A model to be trained on texts of the data, and who it is. */
interface FineTuning {
  readonly role: ModelRole;
  readonly texts: readonly Trajectory[];
  readonly training: TrainingSettings;
  readonly seed: number;
  /** Where its training is saved. */
  readonly snapshots: SnapshotStore;
}

/** What a model is called in its draws, logs and messages. */
const NAMES: Readonly<Record<ModelRole, string>> = { teacher: "teacher", student: "sft" };

/** A model of the task, trained on the data: the teacher, or the student that every distilled one starts from. */
export async function fineTuned(
  bench: Workbench,
  { role, texts, training, seed, snapshots }: FineTuning,
): Promise<TrainedModel> {
  const { gpu, profile, task } = bench;
  const name = NAMES[role];
  const random = new RandomStream(seed, `${name} parameters`);
  const model = await task.newModel(gpu, role, bench.texts, () => random.normal());
  const what = `${name}, seed ${seed}`;
  bench.say(`${what}: ${model.weights.parameterCount} parameters, ${training.steps} steps`);
  const log = bench.log(name, seed);
  // Where a checkpoint is trained already: nothing to save, nothing to resume.
  if (training.steps === 0) return { model, curves: log.rows };
  const batches = bench.batchesOf(texts, profile.optimizer.batchSize, { seed, purpose: `${name} batches` });
  const checkpoint = new Checkpoint(gpu, snapshots);
  checkpoint.keep(`${name} batches`, batches);
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
  // It stays, and learns no more.
  model.store.releaseGradients();
  return { model, curves: log.rows };
}
