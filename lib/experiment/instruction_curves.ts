import { Tape, type Variable } from "#lib/autograd/tape.ts";
import type { Critic } from "#lib/models/critic.ts";
import type { Decoder } from "#lib/models/decoder.ts";
import {
  criticView,
  type MomentBatch,
  type MomentSettings,
  offPolicyMoment,
  onPolicyMoment,
} from "#lib/objectives/moment_matching.ts";
import { policyDistance } from "#lib/objectives/policy_distance.ts";
import { statesOfBoth } from "#lib/objectives/states.ts";
import { packTrajectories, releaseBatch } from "#lib/objectives/trajectory_batch.ts";
import type { MeasureLog } from "#lib/training/measure_log.ts";
import { scoreResponses } from "./instruction_evaluation.ts";
import type { InstructionWorkbench } from "./instruction_workbench.ts";

/** The critics of a run, where it has them: their moments on held-out prompts are part of its curves. */
export interface RunCritics {
  readonly offPolicyCritic: Critic;
  readonly onPolicyCritic: Critic;
  readonly settings: MomentSettings;
}

/** A student in training: what its curves are of, and where they go. */
export interface ObservedRun {
  readonly name: string;
  readonly seed: number;
  readonly steps: number;
  readonly student: Decoder;
  readonly log: MeasureLog;
  readonly critics?: RunCritics;
}

/** Follows a training run: says how far it is, and takes its curves every `curveEvery` steps and at its end. */
export function observer(bench: InstructionWorkbench, run: ObservedRun): (step: number) => Promise<void> {
  const { name, seed, steps } = run;
  const { curveEvery } = bench.profile.evaluation;
  return async (step) => {
    if (step > 0 && step % Math.max(1, Math.round(steps / 10)) === 0) {
      bench.say(`${name}, seed ${seed}: step ${step} of ${steps}`);
    }
    if (step % curveEvery === 0 || step === steps) await takeCurves(bench, run, step);
  };
}

/** ROUGE-L and length of the student's held-out texts, its distances to the teacher there and on the teacher's own. */
async function takeCurves(
  bench: InstructionWorkbench,
  { student, log, critics }: ObservedRun,
  step: number,
): Promise<void> {
  const { gpu, texts, heldOut } = bench;
  const responses = await bench.respond(student, heldOut.prompts.map(({ promptIds }) => promptIds), 0, "validation");
  log.set(step, "validation_rouge_l", scoreResponses(texts, heldOut, responses).rougeL);
  const tokens = responses.reduce((sum, { response }) => sum + response.length, 0);
  log.set(step, "validation_response_tokens", tokens / responses.length);
  const { model: teacher } = await bench.teacher();
  const gamma = critics?.settings.gamma;
  const offPolicy = packTrajectories(gpu, await bench.heldOutTeacherTexts(), gamma);
  const onPolicy = packTrajectories(gpu, responses, gamma);
  using tape = new Tape(gpu);
  const measures = distances(tape, { student, teacher }, { offPolicy, onPolicy }, critics);
  const values = await gpu.readAll(Object.values(measures).map(({ value }) => value));
  Object.keys(measures).forEach((name, i) => log.set(step, `validation_${name}`, values[i][0]));
  releaseBatch(gpu, offPolicy);
  releaseBatch(gpu, onPolicy);
}

/** The student's distances to its teacher on texts of both, and with critics the moments that they find there. */
function distances(
  tape: Tape,
  players: { readonly student: Decoder; readonly teacher: Decoder },
  { offPolicy, onPolicy }: Required<Pick<MomentBatch, "offPolicy" | "onPolicy">>,
  critics?: RunCritics,
): Record<string, Variable> {
  if (!critics) {
    const [off, on] = [offPolicy, onPolicy].map((batch) =>
      policyDistance(tape, statesOfBoth(tape, players, batch), batch)
    );
    return { two_tv_off: off.two_tv, two_tv_on: on.two_tv, entropy_on: on.entropy };
  }
  const { settings, offPolicyCritic, onPolicyCritic } = critics;
  const off = criticView(tape, players, offPolicyCritic, offPolicy, settings);
  const on = criticView(tape, players, onPolicyCritic, onPolicy, settings);
  const onPolicyDistance = policyDistance(tape, on, onPolicy);
  return {
    d_off: offPolicyMoment(tape, off, offPolicy, settings),
    d_on: onPolicyMoment(tape, on, onPolicy, settings),
    two_tv_off: policyDistance(tape, off, offPolicy).two_tv,
    two_tv_on: onPolicyDistance.two_tv,
    entropy_on: onPolicyDistance.entropy,
  };
}
