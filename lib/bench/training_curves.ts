import { Tape, type Variable } from "#lib/autograd/tape.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { type BatchStates, logitsOf } from "#lib/objectives/batch_states.ts";
import { entropyByToken, totalVariationByToken, twoTotalVariation } from "#lib/objectives/policy_distance.ts";
import { meanOverTokens, statesOfBoth } from "#lib/objectives/states.ts";
import { crossEntropyOf } from "#lib/objectives/supervised.ts";
import { surprisesOf } from "#lib/objectives/surprise.ts";
import { packTrajectories, releaseBatch, type TrajectoryBatch } from "#lib/objectives/trajectory_batch.ts";
import { mean } from "#lib/statistics/statistics.ts";
import type { StudentRun } from "./method.ts";

/** One side's held-out texts, and their states as both policies see them. */
export interface HeldOutStates {
  readonly states: BatchStates<"student" | "teacher">;
  readonly batch: TrajectoryBatch;
}

export interface Observation {
  /** Further measures of the held-out texts, of the teacher (`off`) and of the student itself (`on`), each `"1"`. */
  measures?(tape: Tape, states: { readonly off: HeldOutStates; readonly on: HeldOutStates }): Record<string, Variable>;
  /** Is told the student's cross-entropy on the held-out answers, in nats, whenever curves are taken. */
  readonly onValidation?: (loss: number) => void;
}

/** Follows a training run: says how far it is, and takes its curves every `curveEvery` steps and at its end. */
export function observer(run: StudentRun, observation: Observation = {}): (step: number) => Promise<void> {
  const { bench, name, seed, log, distillation: { steps } } = run;
  const { curveEvery } = bench.profile.evaluation;
  return async (step) => {
    bench.progress(`${name}, seed ${seed}`, step, steps, log);
    if (step % curveEvery === 0 || step === steps) await takeCurves(run, observation, step);
  };
}

async function takeCurves(run: StudentRun, observation: Observation, step: number): Promise<void> {
  if (run.bench.profile.evaluation.heldOut !== "loss") return await takeAllCurves(run, observation, step);
  const loss = await heldOutLoss(run);
  run.log.set(step, "validation_loss", loss);
  observation.onValidation?.(loss);
}

/** The student's cross-entropy on the held-out answers, in nats, taken a few texts at a time. */
async function heldOutLoss({ bench: { gpu, heldOutTexts, profile, stop }, student }: StudentRun): Promise<number> {
  const { batchSize } = profile.evaluation;
  const nats = await surprisesOf(gpu, student, heldOutTexts, { batchSize, stop });
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return sum(nats) / sum(heldOutTexts.map(({ response }) => response.length));
}

/** Score and length of the student's held-out texts, its distances to the teacher there and on the teacher's own. */
async function takeAllCurves(
  { bench, student, log }: StudentRun,
  { measures: further, onValidation }: Observation,
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
    loss: crossEntropyOf(tape, student, batches.data),
    ...distances(tape, { student, teacher }, batches, further),
  };
  const values = await gpu.readAll(Object.values(measures).map(({ value }) => value));
  for (const batch of Object.values(batches)) releaseBatch(gpu, batch);
  Object.keys(measures).forEach((name, i) => log.set(step, `validation_${name}`, values[i][0]));
  onValidation?.(values[0][0]);
}

/** The student's distances to its teacher on texts of both, means over tokens, and what else is measured there. */
function distances(
  tape: Tape,
  players: { readonly student: LanguageModel; readonly teacher: LanguageModel },
  { offPolicy, onPolicy }: { readonly offPolicy: TrajectoryBatch; readonly onPolicy: TrajectoryBatch },
  further?: Observation["measures"],
): Record<string, Variable> {
  const off = { states: statesOfBoth(tape, players, offPolicy), batch: offPolicy };
  const on = { states: statesOfBoth(tape, players, onPolicy), batch: onPolicy };
  const ofOff = off.states.each({}, (tape, policies) => ({
    distances: totalVariationByToken(tape, logitsOf(policies)),
  }));
  const ofOn = on.states.each({}, (tape, policies) => ({
    distances: totalVariationByToken(tape, logitsOf(policies)),
    entropies: entropyByToken(tape, policies.student.logits),
  }));
  const distances = {
    two_tv_off: twoTotalVariation(tape, ofOff.distances, offPolicy),
    two_tv_on: twoTotalVariation(tape, ofOn.distances, onPolicy),
    entropy_on: meanOverTokens(tape, ofOn.entropies, onPolicy),
  };
  return { ...further?.(tape, { off, on }), ...distances };
}
