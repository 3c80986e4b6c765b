import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tape } from "#lib/autograd/tape.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import type { Objective } from "#lib/objectives/objective.ts";
import { packMicroBatches, releaseBatch, tokensOf, type TrajectoryBatch } from "#lib/objectives/trajectory_batch.ts";
import type { ParameterStore } from "#lib/nn/parameter_store.ts";
import { AdamW, type AdamWHyperparameters } from "./adam_w.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { MeasureLog } from "./measure_log.ts";
import { learningRateAt, type Schedule } from "./schedule.ts";
import type { NextTexts } from "./text_draws.ts";
import type { TrainingMemory } from "./training_memory.ts";
import { updateStep } from "./update_step.ts";

export interface BatchTraining<Players extends { readonly student: LanguageModel }, Batch extends TrajectoryBatch> {
  readonly players: Players;
  /** The parameters that learn. */
  readonly store: ParameterStore;
  readonly objective: Objective<Players, Batch>;
  /** Packs the texts of a step, counted from 1, in micro-batches; they may have to be written first. They are released after the step. */
  readonly nextBatches: (step: number) => Promise<readonly Batch[]>;
  readonly schedule: Schedule;
  readonly optimizer: AdamWHyperparameters;
  readonly maxGradNorm: number;
  readonly memory?: TrainingMemory;
  readonly log: MeasureLog;
  /** Called before the first step (0) and after each. */
  readonly onStep?: (step: number) => Promise<void>;
  /** Where the run is saved, and goes on from; what gives its texts is kept there too. */
  readonly checkpoint?: Checkpoint;
}

export interface TextTraining<Players extends { readonly student: LanguageModel }>
  extends Omit<BatchTraining<Players, TrajectoryBatch>, "nextBatches"> {
  /** The texts of a step, counted from 1; they may have to be written first. */
  readonly nextTexts: NextTexts;
}

/** Minimises an objective over texts, of the data or of a model: fine-tuning, and distillation at the states of given texts. */
export async function trainOnTexts<Players extends { readonly student: LanguageModel }>(
  gpu: Gpu,
  training: TextTraining<Players>,
): Promise<void> {
  const { players: { student: { layout } }, memory, nextTexts } = training;
  await trainOnBatches(gpu, {
    ...training,
    nextBatches: async (step) => packMicroBatches(gpu, await nextTexts(step), layout, {}, memory?.textsAtOnce),
  });
}

/** Minimises an objective over batches of any form, as of pairs of texts. */
export async function trainOnBatches<
  Players extends { readonly student: LanguageModel },
  Batch extends TrajectoryBatch,
>(gpu: Gpu, training: BatchTraining<Players, Batch>): Promise<void> {
  const { players, objective, schedule, maxGradNorm, memory, log, checkpoint } = training;
  using optimizer = new AdamW(gpu, training.store, training.optimizer);
  const done = await checkpoint?.resume({ student: optimizer, log }) ?? 0;
  if (done === 0) await training.onStep?.(0);
  for (let step = done + 1; step <= schedule.steps; step++) {
    const batches = await training.nextBatches(step);
    const update = { optimizer, learningRate: learningRateAt(step - 1, schedule), maxGradNorm };
    const terms = batches.map((batch) => (tape: Tape) => objective(tape, players, batch));
    log.add(step, await updateStep(gpu, [update], terms, memory));
    for (const batch of batches) {
      log.countTokens(tokensOf(batch));
      releaseBatch(gpu, batch);
    }
    await log.endStep(step);
    await training.onStep?.(step);
    await checkpoint?.reached(step, step === schedule.steps);
  }
  await log.flush();
}
