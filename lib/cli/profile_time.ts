import type { Profile } from "#lib/bench/profile.ts";
import type { TextShape } from "#lib/memory/activations.ts";
import { parameterCount } from "#lib/memory/parameters.ts";
import type { ModelConfig } from "#lib/models/model_config.ts";
import type { RecordedRates } from "#lib/speed/recorded_rates.ts";

/** Seconds of work at an adapter's rates: a lower bound, as nothing computes at them all the time. */
export interface TimeNeeds {
  /** Of all optimizer steps, at the rate of products. */
  readonly trainingSeconds: number;
  /** Of the texts that the teacher writes once, at the rate at which weights are read. */
  readonly writingSeconds: number;
}

interface Trainings {
  readonly teacher: ModelConfig;
  readonly student: ModelConfig;
  readonly profile: Profile;
  /** Of a step, at their longest. */
  readonly texts: TextShape;
  readonly rates: RecordedRates;
  /** Trainings of distilled students, and of SFT students. */
  readonly distilled: number;
  readonly sft: number;
}

/** Operations of a parameter and token: forward 2, backward 4 (Kaplan et al. 2020, arXiv 2001.08361, section 2.1). */
const FORWARD = 2;
const BACKWARD = 4;
const BYTES = 4;

/**
 * What the trainings of a pair take, all texts at their longest. Not counted are texts that students write while they learn, and all that is
 * written to be scored: a method and its sets decide how many.
 */
export function timeOf({ teacher, student, profile, texts, rates, distilled, sft }: Trainings): TimeNeeds {
  const { optimizer: { batchSize, recompute }, distillation, evaluation, data } = profile;
  const [ofTeacher, ofStudent] = [parameterCount(teacher), parameterCount(student)];
  const training = FORWARD + BACKWARD + (recompute ? FORWARD : 0);
  const tokens = (batch: number) => batch * texts.tokens;
  const distilling = training * ofStudent + FORWARD * ofTeacher;
  const flops = profile.teacher.training.steps * tokens(batchSize) * training * ofTeacher +
    sft * profile.student.training.steps * tokens(batchSize) * training * ofStudent +
    distilled * distillation.steps * tokens(distillation.textsPerStep ?? batchSize) * distilling;
  // Each new token of a batch of texts reads all weights once.
  const batches = Math.ceil(distillation.teacherTexts / evaluation.batchSize);
  const read = batches * data.maxNewTokens * BYTES * ofTeacher;
  return {
    trainingSeconds: flops / (rates.matmulGflops * 1e9),
    writingSeconds: distilled === 0 ? 0 : read / (rates.copyGBs * 1e9),
  };
}
