import type { AdamWHyperparameters } from "#lib/training/adam_w.ts";
import type { TrainingMemory } from "#lib/training/training_memory.ts";
import type { Schedule } from "#lib/training/schedule.ts";
import type { RecipeChanges, StudentRun } from "./method.ts";
import type { Profile, TrainingSettings } from "./profile.ts";
import { positive } from "./setting_schemas.ts";
import { type Observation, observer } from "./training_curves.ts";

/** AdamW as the profile has it, for every model. */
export function optimizerOf({ optimizer: { betas, weightDecay } }: Profile): AdamWHyperparameters {
  return { betas: [betas[0], betas[1]], eps: 1e-8, weightDecay };
}

export function scheduleOf({ optimizer }: Profile, { steps, learningRate, warmupSteps }: TrainingSettings): Schedule {
  return { steps, learningRate, warmupSteps, finalLearningRateFraction: optimizer.finalLearningRateFraction };
}

/** How little of a step's texts and of a model's blocks is held at once, for every model. */
export function memoryOf({ optimizer: { textsAtOnce, recompute } }: Profile): TrainingMemory {
  return { textsAtOnce, recompute };
}

/** How students are trained on from SFT, every number given. */
export type Distillation = Profile["distillation"] & { readonly textsPerStep: number };

/** The distillation of a profile, or of one as a row has it. */
export function distillationOf({ distillation, optimizer: { batchSize } }: Profile): Distillation {
  return { textsPerStep: batchSize, ...distillation };
}

/** The setting of a method whose loss takes another rate than a distance to the teacher. */
export const OWN_RATE = {
  learningRate: positive.nullable().default(null)
    .describe("peak of this method, by a scan of its own; null is distillation.learningRate"),
};

interface OwnRate {
  readonly learningRate: number | null;
}

/** Its recipe. */
export function recipeOfOwnRate({ learningRate }: OwnRate): RecipeChanges {
  return learningRate === null ? {} : { learningRate };
}

/** Its settings without the rate, which counts as part of the recipe. */
export function withoutRate<Settings extends OwnRate>(
  { learningRate: _, ...settings }: Settings,
): Omit<Settings, "learningRate"> {
  return settings;
}

/** What every training that goes on from the SFT student has in common, whatever its loop: steps, rates, log, curves and checkpoint. */
export function recipeOf(run: StudentRun, observation?: Observation) {
  const { bench: { profile }, distillation, log, checkpoint } = run;
  return {
    schedule: scheduleOf(profile, distillation),
    optimizer: optimizerOf(profile),
    maxGradNorm: profile.optimizer.maxGradNorm,
    memory: memoryOf(profile),
    log,
    onStep: observer(run, observation),
    checkpoint,
  };
}
