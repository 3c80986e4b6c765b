import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { DistillationPlayers } from "#lib/objectives/distillation.ts";
import { miniLlm, type MiniLlmSettings } from "#lib/objectives/minillm.ts";
import { packTrajectories, releaseBatch, tokensOf, type Trajectory } from "#lib/objectives/trajectory_batch.ts";
import type { RandomStream } from "#lib/random/random_stream.ts";
import { AdamW, type AdamWHyperparameters } from "./adam_w.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { MeasureLog } from "./measure_log.ts";
import { positionOf } from "./resumable.ts";
import { RolloutCollection } from "./rollout_collection.ts";
import { learningRateAt, type Schedule } from "./schedule.ts";
import { requireWholeSteps, type TrainingMemory } from "./training_memory.ts";
import { updateStep } from "./update_step.ts";

/** Where the texts come from; every call draws new ones. */
export interface MiniLlmTexts {
  /**
   * So many mini-batches of prompts, continued by (1 − mixtureWeight) · student + mixtureWeight · teacher as they are
   * now.
   */
  rollouts(batches: number): Promise<readonly (readonly Trajectory[])[]>;
  /** Responses of the data, for one step's task loss. */
  data(): readonly Trajectory[];
}

export interface MiniLlmRun {
  readonly players: DistillationPlayers;
  readonly texts: MiniLlmTexts;
  readonly settings: MiniLlmSettings;
  readonly schedule: Schedule;
  readonly optimizer: AdamWHyperparameters;
  readonly maxGradNorm: number;
  readonly memory?: TrainingMemory;
  /** Orders the mini-batches of each pass. */
  readonly random: RandomStream;
  readonly log: MeasureLog;
  /** Called before the first step (0) and after each. */
  readonly onStep?: (step: number) => Promise<void>;
  /** Where the run is saved, in the middle of a collection too, and goes on from; what gives its texts is kept there as well. */
  readonly checkpoint?: Checkpoint;
}

/**
 * MiniLLM's training (Gu et al. 2023, arXiv 2306.08543; trainer.py of the published code): collect `rolloutBatches`
 * mini-batches of texts, score them once, learn from each `ppoEpochs` times in random order, one optimizer step a
 * mini-batch with a batch of data beside it, and collect anew. It takes `schedule.steps` steps in all; the last
 * collection is used as far as they reach. A mini-batch keeps its texts through all passes, where the published code
 * deals them anew: so each is packed and scored once, and stays on the GPU.
 */
export async function miniLlmLoop(gpu: Gpu, run: MiniLlmRun): Promise<void> {
  const { players, texts, settings, schedule, maxGradNorm, memory, log, checkpoint } = run;
  if (settings.ppoEpochs < 1) throw new RangeError(`Cannot train: ppoEpochs is ${settings.ppoEpochs}, not 1 or more`);
  requireWholeSteps(memory, "a mini-batch of MiniLLM's rollouts");
  using optimizer = new AdamW(gpu, players.student.store, run.optimizer);
  using rollouts = new RolloutCollection(gpu, run);
  const objective = miniLlm(settings);
  const done = await checkpoint?.resume({
    student: optimizer,
    rollouts,
    "order of rollouts": positionOf(run.random),
    log,
  }) ?? 0;
  if (done === 0) await run.onStep?.(0);
  for (let step = done + 1; step <= schedule.steps; step++) {
    const rollout = await rollouts.next(schedule.steps - step + 1);
    const data = settings.taskWeight > 0 ? packTrajectories(gpu, texts.data(), players.student.layout) : undefined;
    const update = { optimizer, learningRate: learningRateAt(step - 1, schedule), maxGradNorm };
    log.add(step, await updateStep(gpu, [update], [(tape) => objective(tape, players, { rollout, data })], memory));
    log.countTokens(tokensOf(rollout.texts) + (data ? tokensOf(data) : 0));
    if (data) releaseBatch(gpu, data);
    await log.endStep(step);
    await run.onStep?.(step);
    await checkpoint?.reached(step, step === schedule.steps);
  }
  await log.flush();
}
