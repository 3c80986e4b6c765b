import type { Gpu } from "#kernels/runtime/gpu.ts";
import { gapAscent, guidedDescent, type GuidedPlayers } from "#lib/objectives/preference/reward_guidance.ts";
import type { TextReward } from "#lib/objectives/preference/returns.ts";
import { packTrajectories, type Trajectory, type TrajectoryBatch } from "#lib/objectives/trajectory_batch.ts";
import type { AdamWHyperparameters } from "./adam_w.ts";
import { adversarialLoop, type AdversarialRun, type RoundTexts, undecayed } from "./adversarial_loop.ts";
import type { Hold } from "./held_reward.ts";
import type { Schedule } from "./schedule.ts";
import { requireWholeSteps } from "./training_memory.ts";

export interface GuidanceSettings extends TextReward {
  /** K: ascent steps of the reward before each descent step of the student; 0 leaves the reward where its fit has left it. */
  readonly ascentSteps: number;
  /** The reward's learning rate as a multiple of the student's. */
  readonly rewardLearningRateFactor: number;
  /** Texts of the student to a prompt, of which the others are the baseline of each. */
  readonly textsPerPrompt: number;
}

/** Where the texts of each step come from; every call draws new ones. */
export interface GuidanceTexts {
  /** τ ~ π*, of an ascent step */
  teacher(): readonly Trajectory[];
  /**
   * τ ~ π_θ, continued by the student as it is now: the texts of so many ascent steps, and those of the student's step, the texts of a
   * prompt one after another.
   */
  student(ascentSteps: number): Promise<{
    readonly ascents: readonly (readonly Trajectory[])[];
    readonly descent: readonly Trajectory[];
  }>;
}

export interface GuidanceRun
  extends Pick<AdversarialRun<GuidanceBatch>, "memory" | "log" | "onRound" | "onStep" | "checkpoint"> {
  readonly players: GuidedPlayers;
  readonly texts: GuidanceTexts;
  readonly settings: GuidanceSettings;
  /** What the reward is held by while it ascends; nothing but its bound where there is no preference. */
  readonly held?: Hold;
  /** Of the student. */
  readonly schedule: Schedule;
  readonly optimizer: AdamWHyperparameters;
  readonly maxGradNorm: number;
}

/** Texts of an ascent step: `teacher` and `student`; of a descent step: `student`, and `chosen`, which are the same texts. */
export interface GuidanceBatch {
  readonly teacher?: TrajectoryBatch;
  readonly student: TrajectoryBatch;
  readonly chosen?: TrajectoryBatch;
}

/**
 * Distillation by a reward of tokens (PbKD, black box): each step the reward takes K ascent steps on the gap Ĵ(π*, r) − Ĵ(π, r), inside
 * what holds it, and the student one descent step, the policy gradient that raises Ĵ(π_θ, r).
 */
export async function guideByReward(gpu: Gpu, run: GuidanceRun): Promise<void> {
  const { players, settings, held, schedule, optimizer, maxGradNorm, memory, log, onRound, onStep, checkpoint } = run;
  requireWholeSteps(memory, "a reward's gap");
  await adversarialLoop<GuidanceBatch>(gpu, {
    player: {
      name: "student",
      store: players.student.store,
      ...{ optimizer, maxGradNorm, schedule },
      descent: (tape, { student, chosen }) =>
        guidedDescent(tape, players, { read: student, chosen: chosen! }, settings),
    },
    adversaries: [{
      name: "reward",
      store: players.head.store,
      ...undecayed(optimizer, settings.rewardLearningRateFactor),
      ascent(tape, { teacher, student }) {
        const ascent = gapAscent(tape, players, { teacher: teacher!, student }, settings);
        return held?.within(tape, ascent) ?? ascent;
      },
      onAscended: held && (() => held.ascended()),
    }],
    adversaryName: "reward",
    adversarySteps: settings.ascentSteps,
    warmupRounds: 0,
    texts: roundTexts(gpu, run),
    ...{ memory, log, onRound, onStep, checkpoint },
  });
}

function roundTexts(gpu: Gpu, { texts, players }: GuidanceRun): RoundTexts<GuidanceBatch> {
  const read = (drawn: readonly Trajectory[]) =>
    packTrajectories(gpu, drawn, players.backbone.layout, { seen: "after" });
  return async ({ adversarySteps }) => {
    const { ascents, descent } = await texts.student(adversarySteps);
    return {
      adversaries: (step) => [{ teacher: read(texts.teacher()), student: read(ascents[step]) }],
      player: () => [{ student: read(descent), chosen: packTrajectories(gpu, descent, players.student.layout) }],
    };
  };
}
