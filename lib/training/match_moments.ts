import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import type { KnownStates } from "#lib/objectives/known_states.ts";
import {
  type MomentBatch,
  type MomentPlayers,
  type MomentSettings,
  offPolicyAscent,
  onPolicyAscent,
  studentObjective,
} from "#lib/objectives/moment_matching.ts";
import { type RatioPlayers, ratioStudentObjective } from "#lib/objectives/ratio_critic.ts";
import { inGroups, packMicroBatches, type Trajectory, type TrajectoryBatch } from "#lib/objectives/trajectory_batch.ts";
import type { AdamWHyperparameters } from "./adam_w.ts";
import {
  adversarialLoop,
  type AdversarialRun,
  type Adversary,
  type Companion,
  type Player,
  type RoundTexts,
  undecayed,
} from "./adversarial_loop.ts";
import type { Hold } from "./held_reward.ts";
import type { Schedule } from "./schedule.ts";
import { requireWholeSteps } from "./training_memory.ts";

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

/** What training has in common whatever its critics are. */
interface MatchingRun<Players>
  extends Pick<AdversarialRun<MomentBatch>, "memory" | "log" | "onRound" | "onStep" | "checkpoint"> {
  readonly players: Players;
  readonly texts: MomentTexts;
  /** Of the student. */
  readonly schedule: Schedule;
  readonly optimizer: AdamWHyperparameters;
  readonly maxGradNorm: number;
}

export interface MomentMatchingRun extends MatchingRun<MomentPlayers> {
  readonly settings: MomentMatchingSettings;
  /** What the on-policy critic is held by, as in the confidence set of MM PbKD; default nothing but its bound. */
  readonly held?: Hold;
}

/**
 * Adversarial moment matching (AMMD Algorithm 1): each step the critics take K ascent steps on U_off and U_on, and the student one
 * descent step on β U_off + (1 − β) U_on, each on texts of its own. The student writes its texts of all K + 1 at once, since it does
 * not move while the critics do. A critic whose moment β leaves out does not play.
 */
export async function matchMoments(gpu: Gpu, run: MomentMatchingRun): Promise<void> {
  const { players, settings, held, memory } = run;
  if (held) requireWholeSteps(memory, "a critic that is held in a confidence set");
  if (settings.horizon === "rewardToGo" && settings.baseline !== "none") {
    requireWholeSteps(memory, `the baseline ${settings.baseline}`);
  }
  const descent = studentObjective(settings);
  await play(gpu, run, settings, {
    descent: (tape, batch) => descent(tape, players, batch),
    adversaries: criticsOf(run),
    adversarySteps: settings.criticSteps,
    warmupRounds: settings.criticWarmupSteps,
  });
}

export interface RatioMatchingSettings extends Pick<MomentSettings, "beta" | "gamma" | "sftWeight"> {
  /** Whether the critic learns its scale, on the texts of the student's step. */
  readonly learnsScale: boolean;
  /** The learning rate of the scale as a multiple of the student's. */
  readonly criticLearningRateFactor: number;
}

export interface RatioMatchingRun extends MatchingRun<RatioPlayers> {
  readonly settings: RatioMatchingSettings;
}

/**
 * The same with the best response in the place of critics that learn: it needs no steps, no texts and no warm-up of its own. A scale that
 * is learned ascends in the student's step.
 */
export async function matchRatioMoments(gpu: Gpu, run: RatioMatchingRun): Promise<void> {
  const { players, settings, optimizer } = run;
  const descent = ratioStudentObjective(settings);
  const scale: Companion = {
    name: "critic",
    store: players.critic.store,
    ...undecayed(optimizer, settings.criticLearningRateFactor),
  };
  await play(gpu, run, settings, {
    descent: (tape, batch) => descent(tape, players, batch),
    companions: settings.learnsScale ? [scale] : [],
    adversaries: [],
    adversarySteps: 0,
    warmupRounds: 0,
  });
}

type Game =
  & Pick<AdversarialRun<MomentBatch>, "adversaries" | "adversarySteps" | "warmupRounds">
  & Pick<Player<MomentBatch>, "descent" | "companions">;

/** Plays a student's game against its critics. */
async function play(
  gpu: Gpu,
  run: MatchingRun<{ readonly student: LanguageModel }>,
  settings: Pick<MomentSettings, "beta" | "gamma" | "sftWeight">,
  { descent, companions, ...game }: Game,
): Promise<void> {
  const { players, schedule, optimizer, maxGradNorm, memory, log, onRound, onStep, checkpoint } = run;
  await adversarialLoop<MomentBatch>(gpu, {
    player: {
      name: "student",
      store: players.student.store,
      ...{ optimizer, maxGradNorm, schedule, descent, companions },
    },
    ...game,
    adversaryName: "critic",
    texts: roundTexts(gpu, run, settings),
    ...{ memory, log, onRound, onStep, checkpoint },
  });
}

function criticsOf({ players, settings, optimizer, held }: MomentMatchingRun): Adversary<MomentBatch>[] {
  const ascending = undecayed(optimizer, settings.criticLearningRateFactor);
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
    ascent(tape, batch) {
      const ascent = onPolicyAscent(tape, players, batch.onPolicy!, settings);
      return held?.within(tape, ascent) ?? ascent;
    },
    onAscended: held && (() => held.ascended()),
  };
  return [...(settings.beta > 0 ? [offPolicy] : []), ...(settings.beta < 1 ? [onPolicy] : [])];
}

function roundTexts(
  gpu: Gpu,
  { texts, players, memory }: Pick<MatchingRun<{ readonly student: LanguageModel }>, "texts" | "players" | "memory">,
  { beta, gamma, sftWeight }: Pick<MomentSettings, "beta" | "gamma" | "sftWeight">,
): RoundTexts<MomentBatch> {
  const { layout } = players.student;
  const textsAtOnce = memory?.textsAtOnce;
  const packOffPolicy = () => {
    const drawn = texts.offPolicy();
    const groups = inGroups(drawn, textsAtOnce);
    return packMicroBatches(gpu, drawn, layout, { gamma }, textsAtOnce)
      .map((batch, i) => ({ ...batch, known: texts.offPolicyStates && [texts.offPolicyStates.lookUp(groups[i])] }));
  };
  const pack = (onPolicy: readonly Trajectory[] | undefined, withData: boolean): MomentBatch[] =>
    sideBySide({
      offPolicy: beta > 0 ? packOffPolicy() : [],
      onPolicy: onPolicy ? packMicroBatches(gpu, onPolicy, layout, { gamma }, textsAtOnce) : [],
      data: withData ? packMicroBatches(gpu, texts.data(), layout, {}, textsAtOnce) : [],
    });
  return async ({ adversarySteps, playerSteps }) => {
    const written = beta < 1 ? await texts.onPolicy(adversarySteps + (playerSteps ? 1 : 0)) : [];
    return {
      adversaries: (step) => pack(written[step], false),
      player: () => pack(written[adversarySteps], sftWeight > 0),
    };
  };
}

/** The micro-batches of the sides, one of each at a time. */
function sideBySide(sides: Readonly<Record<keyof MomentBatch, readonly TrajectoryBatch[]>>): MomentBatch[] {
  const counts = Object.values(sides).map(({ length }) => length).filter((length) => length > 0);
  const [count] = counts;
  if (counts.some((other) => other !== count)) {
    throw new RangeError(`Cannot step: the sides have ${counts.join(", ")} micro-batches, not as many each`);
  }
  return Array.from({ length: count }, (_, i) => ({
    offPolicy: sides.offPolicy[i],
    onPolicy: sides.onPolicy[i],
    data: sides.data[i],
  }));
}
