import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { KnownStates } from "#lib/objectives/known_states.ts";
import {
  type MomentBatch,
  type MomentPlayers,
  type MomentSettings,
  offPolicyAscent,
  onPolicyAscent,
  studentObjective,
} from "#lib/objectives/moment_matching.ts";
import { packTrajectories, type Trajectory } from "#lib/objectives/trajectory_batch.ts";
import type { AdamWHyperparameters } from "./adam_w.ts";
import { adversarialLoop, type AdversarialRun, type Adversary, type RoundTexts } from "./adversarial_loop.ts";
import type { Schedule } from "./schedule.ts";

export interface MomentMatchingSettings extends MomentSettings {
  /** K: ascent steps of the critics before each descent step of the student. */
  readonly criticSteps: number;
  /** Rounds in which only the critics move, before the student first does. */
  readonly criticWarmupSteps: number;
  /** The critics' learning rate as a multiple of the student's. */
  readonly criticLearningRateFactor: number;
}

/** Where the texts of each step come from; every call draws new ones. */
export interface MomentTexts {
  /** τ ~ π*: the teacher's texts, or the data set's. */
  offPolicy(): readonly Trajectory[];
  /** The teacher's states of all of these, if they are known, so that it need not run over them again. */
  readonly offPolicyStates?: KnownStates;
  /** τ ~ π_θ: so many batches of prompts, continued by the student as it is now. */
  onPolicy(batches: number): Promise<readonly (readonly Trajectory[])[]>;
  /** Responses of the data, for `sftWeight`. */
  data(): readonly Trajectory[];
}

export interface MomentMatchingRun extends Pick<AdversarialRun<MomentBatch>, "log" | "onStep" | "checkpoint"> {
  readonly players: MomentPlayers;
  readonly texts: MomentTexts;
  readonly settings: MomentMatchingSettings;
  /** Of the student. */
  readonly schedule: Schedule;
  readonly optimizer: AdamWHyperparameters;
  readonly maxGradNorm: number;
}

/**
 * Adversarial moment matching (AMMD Algorithm 1): each step the critics take K ascent steps on U_off and U_on, and the student one
 * descent step on β U_off + (1 − β) U_on, each on texts of its own. The student writes its texts of all K + 1 at once, since it does
 * not move while the critics do. A critic whose moment β leaves out does not play.
 */
export async function matchMoments(gpu: Gpu, run: MomentMatchingRun): Promise<void> {
  const { players, settings, schedule, optimizer, maxGradNorm, log, onStep, checkpoint } = run;
  const descent = studentObjective(settings);
  await adversarialLoop<MomentBatch>(gpu, {
    player: {
      name: "student",
      store: players.student.store,
      ...{ optimizer, maxGradNorm, schedule },
      descent: (tape, batch) => descent(tape, players, batch),
    },
    adversaries: criticsOf(run),
    adversaryName: "critic",
    adversarySteps: settings.criticSteps,
    warmupRounds: settings.criticWarmupSteps,
    texts: roundTexts(gpu, run),
    log,
    onStep,
    checkpoint,
  });
}

function criticsOf({ players, settings, optimizer }: MomentMatchingRun): Adversary<MomentBatch>[] {
  const ascending = {
    // The critics' size is held by their bound, not by decay.
    optimizer: { ...optimizer, weightDecay: 0 },
    learningRateFactor: settings.criticLearningRateFactor,
  };
  const offPolicy: Adversary<MomentBatch> = {
    name: "off-policy critic",
    store: players.offPolicyCritic.store,
    ...ascending,
    ascent: (tape, batch) => offPolicyAscent(tape, players, batch.offPolicy!, settings),
  };
  const onPolicy: Adversary<MomentBatch> = {
    name: "on-policy critic",
    store: players.onPolicyCritic.store,
    ...ascending,
    ascent: (tape, batch) => onPolicyAscent(tape, players, batch.onPolicy!, settings),
  };
  return [...(settings.beta > 0 ? [offPolicy] : []), ...(settings.beta < 1 ? [onPolicy] : [])];
}

function roundTexts(gpu: Gpu, { texts, players, settings }: MomentMatchingRun): RoundTexts<MomentBatch> {
  const { beta, gamma, sftWeight } = settings;
  const { layout } = players.student;
  const packOffPolicy = () => {
    const drawn = texts.offPolicy();
    return { ...packTrajectories(gpu, drawn, layout, gamma), known: texts.offPolicyStates?.lookUp(drawn) };
  };
  const pack = (onPolicy: readonly Trajectory[] | undefined, withData: boolean): MomentBatch => ({
    offPolicy: beta > 0 ? packOffPolicy() : undefined,
    onPolicy: onPolicy && packTrajectories(gpu, onPolicy, layout, gamma),
    data: withData ? packTrajectories(gpu, texts.data(), layout) : undefined,
  });
  return async ({ adversarySteps, playerSteps }) => {
    const written = beta < 1 ? await texts.onPolicy(adversarySteps + (playerSteps ? 1 : 0)) : [];
    return {
      adversaries: (step) => pack(written[step], false),
      player: () => pack(written[adversarySteps], sftWeight > 0),
    };
  };
}
