import { Tape, type Variable } from "#lib/autograd/tape.ts";
import type { Critic } from "#lib/models/critic.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import {
  type MomentBatch,
  type MomentSettings,
  offPolicyMoment,
  onPolicyMoment,
  valuedBy,
} from "#lib/objectives/moment_matching.ts";
import { entropyOf, twoTotalVariation } from "#lib/objectives/policy_distance.ts";
import { statesOf, statesOfBoth } from "#lib/objectives/states.ts";
import { crossEntropyOf } from "#lib/objectives/supervised.ts";
import { packTrajectories, releaseBatch } from "#lib/objectives/trajectory_batch.ts";
import { mean } from "#lib/statistics/statistics.ts";
import type { StudentRun } from "./method.ts";

/** The critics of a run, where it has them: their moments on held-out prompts are part of its curves. */
export interface RunCritics {
  readonly offPolicyCritic: Critic;
  readonly onPolicyCritic: Critic;
  readonly settings: MomentSettings;
}

export interface Observation {
  readonly critics?: RunCritics;
  /** Is told the student's cross-entropy on the held-out answers, in nats, whenever curves are taken. */
  readonly onValidation?: (loss: number) => void;
}

/** Follows a training run: says how far it is, and takes its curves every `curveEvery` steps and at its end. */
export function observer(run: StudentRun, observation: Observation = {}): (step: number) => Promise<void> {
  const { bench, name, seed, log } = run;
  const { steps } = bench.profile.distillation;
  const { curveEvery } = bench.profile.evaluation;
  return async (step) => {
    bench.progress(`${name}, seed ${seed}`, step, steps, log);
    if (step % curveEvery === 0 || step === steps) await takeCurves(run, observation, step);
  };
}

/** Score and length of the student's held-out texts, its distances to the teacher there and on the teacher's own. */
async function takeCurves(
  { bench, student, log }: StudentRun,
  { critics, onValidation }: Observation,
  step: number,
): Promise<void> {
  const { gpu, task, texts, heldOut } = bench;
  const responses = await bench.respond(student, heldOut.prompts.map(({ promptIds }) => promptIds), 0, "validation");
  const { measure, score } = task.validation;
  log.set(step, measure, score(texts, heldOut, responses));
  log.set(step, "validation_response_tokens", mean(responses.map(({ response }) => response.length)));
  const { model: teacher } = await bench.teacher();
  const batches = {
    offPolicy: packTrajectories(gpu, await bench.heldOutTeacherTexts(), student.layout),
    onPolicy: packTrajectories(gpu, responses, student.layout),
    data: packTrajectories(gpu, bench.heldOutTexts, student.layout),
  };
  using tape = new Tape(gpu);
  const measures = {
    loss: crossEntropyOf(tape, statesOf(tape, student, batches.data), batches.data),
    ...distances(tape, { student, teacher }, batches, critics),
  };
  const values = await gpu.readAll(Object.values(measures).map(({ value }) => value));
  for (const batch of Object.values(batches)) releaseBatch(gpu, batch);
  Object.keys(measures).forEach((name, i) => log.set(step, `validation_${name}`, values[i][0]));
  onValidation?.(values[0][0]);
}

/** The student's distances to its teacher on texts of both, and with critics the moments that they find there: means over tokens. */
function distances(
  tape: Tape,
  players: { readonly student: LanguageModel; readonly teacher: LanguageModel },
  { offPolicy, onPolicy }: Required<Pick<MomentBatch, "offPolicy" | "onPolicy">>,
  critics?: RunCritics,
): Record<string, Variable> {
  const off = statesOfBoth(tape, players, offPolicy);
  const on = statesOfBoth(tape, players, onPolicy);
  const distances = {
    two_tv_off: twoTotalVariation(tape, off.student.logits, off.teacher.logits, offPolicy),
    two_tv_on: twoTotalVariation(tape, on.student.logits, on.teacher.logits, onPolicy),
    entropy_on: entropyOf(tape, on.student.logits, onPolicy),
  };
  if (!critics) return distances;
  const { settings, offPolicyCritic, onPolicyCritic } = critics;
  const dOff = () => offPolicyMoment(tape, valuedBy(tape, offPolicyCritic, off, settings), offPolicy, settings);
  const dOn = () => onPolicyMoment(tape, valuedBy(tape, onPolicyCritic, on, settings), onPolicy, settings);
  return {
    // A critic that never learns finds no moment, which is not to look like a perfect student.
    ...(settings.beta > 0 ? { d_off: dOff() } : {}),
    ...(settings.beta < 1 ? { d_on: dOn() } : {}),
    ...distances,
  };
}
