import type { Gpu } from "#kernels/runtime/gpu.ts";
import {
  criticObjective,
  type MomentBatch,
  type MomentPlayers,
  type MomentSettings,
  studentObjective,
} from "#lib/objectives/moment_matching.ts";
import type { KnownStates } from "#lib/objectives/known_states.ts";
import {
  packTrajectories,
  releaseBatch,
  tokensOf,
  type Trajectory,
  type TrajectoryBatch,
} from "#lib/objectives/trajectory_batch.ts";
import { AdamW, type AdamWHyperparameters } from "./adam_w.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { MeasureLog } from "./measure_log.ts";
import { learningRateAt, type Schedule } from "./schedule.ts";
import { type Update, updateStep } from "./update_step.ts";

export interface AdversarialSettings extends MomentSettings {
  /** K: ascent steps of the critics before each descent step of the student. */
  readonly criticSteps: number;
  /** Rounds in which only the critics move, before the student first does. */
  readonly criticWarmupSteps: number;
  /** The critics' learning rate as a multiple of the student's. */
  readonly criticLearningRateFactor: number;
}

/** Where the texts of each step come from; every call draws new ones. */
export interface AdversarialTexts {
  /** τ ~ π*: the teacher's texts, or the data set's. */
  offPolicy(): readonly Trajectory[];
  /** The teacher's states of all of these, if they are known, so that it need not run over them again. */
  readonly offPolicyStates?: KnownStates;
  /** τ ~ π_θ: so many batches of prompts, continued by the student as it is now. */
  onPolicy(batches: number): Promise<readonly (readonly Trajectory[])[]>;
  /** Responses of the data, for `sftWeight`. */
  data(): readonly Trajectory[];
}

export interface AdversarialRun {
  readonly players: MomentPlayers;
  readonly texts: AdversarialTexts;
  readonly settings: AdversarialSettings;
  /** Of the student; the critics follow it through warm-up and student steps together, times their factor. */
  readonly schedule: Schedule;
  readonly optimizer: AdamWHyperparameters;
  readonly maxGradNorm: number;
  readonly log: MeasureLog;
  /** Called before the first student step (0) and after each. */
  readonly onStep?: (step: number) => Promise<void>;
  /** Where the run is saved after any round, warm-up included, and goes on from; what gives its texts is kept there too. */
  readonly checkpoint?: Checkpoint;
}

/**
 * Adversarial moment matching (AMMD Algorithm 1): each step the critics take K ascent steps on U_off and U_on, and the student one
 * descent step on β U_off + (1 − β) U_on, each on texts of its own. The student writes its texts of all K + 1 at once, since it does
 * not move while the critics do.
 */
export async function adversarialLoop(gpu: Gpu, run: AdversarialRun): Promise<void> {
  const { players, settings, schedule, optimizer, log, checkpoint } = run;
  const { offPolicyCritic, onPolicyCritic } = players;
  using student = new AdamW(gpu, players.student.store, optimizer);
  // The critics' size is held by their bound, not by decay.
  using offPolicy = new AdamW(gpu, offPolicyCritic.store, { ...optimizer, weightDecay: 0 });
  using onPolicy = new AdamW(gpu, onPolicyCritic.store, { ...optimizer, weightDecay: 0 });
  const critics = [...(settings.beta > 0 ? [offPolicy] : []), ...(settings.beta < 1 ? [onPolicy] : [])];
  const total = settings.criticWarmupSteps + schedule.steps;

  const learners = { student, "off-policy critic": offPolicy, "on-policy critic": onPolicy };
  const done = await checkpoint?.resume({ ...learners, log }) ?? 0;
  for (let round = done; round < total; round++) {
    const step = Math.max(0, round - settings.criticWarmupSteps + 1);
    const rate = learningRateAt(round, { ...schedule, steps: total }) * settings.criticLearningRateFactor;
    const updates = critics.map((critic) => ({ optimizer: critic, learningRate: rate }));
    const batches = settings.criticSteps + (step > 0 ? 1 : 0);
    const onPolicyTexts = settings.beta < 1 ? await run.texts.onPolicy(batches) : [];
    for (let k = 0; k < settings.criticSteps; k++) log.add(step, await criticStep(gpu, run, updates, onPolicyTexts[k]));
    if (round === settings.criticWarmupSteps - 1) await log.flush();
    if (step === 1) await run.onStep?.(0);
    if (step > 0) {
      const update = { optimizer: student, learningRate: learningRateAt(step - 1, schedule) };
      log.add(step, await studentStep(gpu, run, update, onPolicyTexts[settings.criticSteps]));
      await log.endStep(step);
      await run.onStep?.(step);
    }
    await checkpoint?.reached(round + 1, round + 1 === total);
  }
  await log.flush();
}

async function criticStep(
  gpu: Gpu,
  run: AdversarialRun,
  updates: readonly Update[],
  onPolicy: readonly Trajectory[] | undefined,
) {
  const batch = packMomentBatch(gpu, run, onPolicy, false);
  const objective = criticObjective(run.settings);
  const { grad_norm, ...measures } = await updateStep(gpu, updates, (tape) => objective(tape, run.players, batch));
  releaseMomentBatch(gpu, batch, run.log);
  return { ...measures, critic_grad_norm: grad_norm };
}

async function studentStep(
  gpu: Gpu,
  run: AdversarialRun,
  update: Update,
  onPolicy: readonly Trajectory[] | undefined,
) {
  const { settings, maxGradNorm } = run;
  const batch = packMomentBatch(gpu, run, onPolicy, settings.sftWeight > 0);
  const objective = studentObjective(settings);
  const measures = await updateStep(gpu, [{ ...update, maxGradNorm }], (tape) => objective(tape, run.players, batch));
  releaseMomentBatch(gpu, batch, run.log);
  return measures;
}

function packMomentBatch(
  gpu: Gpu,
  { texts, players, settings: { beta, gamma } }: AdversarialRun,
  onPolicy: readonly Trajectory[] | undefined,
  withData: boolean,
): MomentBatch {
  const { layout } = players.student;
  const packOffPolicy = () => {
    const drawn = texts.offPolicy();
    return { ...packTrajectories(gpu, drawn, layout, gamma), known: texts.offPolicyStates?.lookUp(drawn) };
  };
  return {
    offPolicy: beta > 0 ? packOffPolicy() : undefined,
    onPolicy: onPolicy && packTrajectories(gpu, onPolicy, layout, gamma),
    data: withData ? packTrajectories(gpu, texts.data(), layout) : undefined,
  };
}

function releaseMomentBatch(gpu: Gpu, batch: MomentBatch, log: MeasureLog): void {
  for (const part of Object.values<TrajectoryBatch | undefined>({ ...batch })) {
    if (!part) continue;
    log.countTokens(tokensOf(part));
    releaseBatch(gpu, part);
  }
}
