import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { DistillationPlayers } from "#lib/objectives/distillation.ts";
import {
  collectRollout,
  miniLlm,
  type MiniLlmSettings,
  releaseRollout,
  type Rollout,
} from "#lib/objectives/minillm.ts";
import { packTrajectories, releaseBatch, type Trajectory } from "#lib/objectives/trajectory_batch.ts";
import type { RandomStream } from "#lib/random/random_stream.ts";
import { AdamW, type AdamWHyperparameters } from "./adam_w.ts";
import type { MeasureLog } from "./measure_log.ts";
import { learningRateAt, type Schedule } from "./schedule.ts";
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
  /** Orders the mini-batches of each pass. */
  readonly random: RandomStream;
  readonly log: MeasureLog;
  /** Called before the first step (0) and after each. */
  readonly onStep?: (step: number) => Promise<void>;
}

/**
 * MiniLLM's training (Gu et al. 2023, arXiv 2306.08543; trainer.py of the published code): collect `rolloutBatches`
 * mini-batches of texts, score them once, learn from each `ppoEpochs` times in random order, one optimizer step a
 * mini-batch with a batch of data beside it, and collect anew. It takes `schedule.steps` steps in all; the last
 * collection is used as far as they reach. A mini-batch keeps its texts through all passes, where the published code
 * deals them anew: so each is packed and scored once, and stays on the GPU.
 */
export async function miniLlmLoop(gpu: Gpu, run: MiniLlmRun): Promise<void> {
  const { players, texts, settings, schedule, maxGradNorm, log } = run;
  if (settings.ppoEpochs < 1) throw new RangeError(`Cannot train: ppoEpochs is ${settings.ppoEpochs}, not 1 or more`);
  using optimizer = new AdamW(gpu, players.student.store, run.optimizer);
  const objective = miniLlm(settings);
  let step = 0;
  await run.onStep?.(0);
  while (step < schedule.steps) {
    const rollouts = await collect(gpu, run, Math.min(settings.rolloutBatches, schedule.steps - step));
    try {
      for (const rollout of passes(rollouts, run).take(schedule.steps - step)) {
        step++;
        const data = settings.taskWeight > 0 ? packTrajectories(gpu, texts.data(), players.student.layout) : undefined;
        const update = { optimizer, learningRate: learningRateAt(step - 1, schedule), maxGradNorm };
        log.add(step, await updateStep(gpu, [update], (tape) => objective(tape, players, { rollout, data })));
        if (data) releaseBatch(gpu, data);
        await log.endStep(step);
        await run.onStep?.(step);
      }
    } finally {
      for (const rollout of rollouts) releaseRollout(gpu, rollout);
    }
  }
  await log.flush();
}

async function collect(gpu: Gpu, { players, texts, settings }: MiniLlmRun, batches: number): Promise<Rollout[]> {
  const rollouts: Rollout[] = [];
  for (const batch of await texts.rollouts(batches)) {
    rollouts.push(collectRollout(gpu, players, batch, settings));
    await gpu.throttle();
  }
  if (rollouts.length === 0) throw new RangeError("Cannot train: rollouts() gave no texts");
  return rollouts;
}

/** Each mini-batch `ppoEpochs` times, every pass in an order of its own. */
function* passes(rollouts: readonly Rollout[], { settings, random }: MiniLlmRun): Generator<Rollout, void> {
  for (let epoch = 0; epoch < settings.ppoEpochs; epoch++) yield* random.shuffle([...rollouts]);
}
