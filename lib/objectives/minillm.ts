import { baseline, rewardToGo } from "#kernels/advantages/advantages.ts";
import { clippedSurrogate, surrogateClipped } from "#kernels/clipped_surrogate/clipped_surrogate.ts";
import { logRatioReward, mixtureLogProb } from "#kernels/rollout_scores/rollout_scores.ts";
import type { Named } from "#kernels/op.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import { type BatchStates, logitsOf } from "./batch_states.ts";
import { distanceByToken } from "./distance.ts";
import { distillation, type DistillationPlayers } from "./distillation.ts";
import { linearCombination, type Term } from "./linear_combination.ts";
import type { Objective } from "./objective.ts";
import { actionLogProb, actionLogProbs, meanOverTokens, statesOf, statesOfBoth } from "./states.ts";
import { packTrajectories, releaseBatch, type Trajectory, type TrajectoryBatch } from "./trajectory_batch.ts";

/**
 * The parts of MiniLLM (Gu et al. 2023, arXiv 2306.08543). Defaults are those of its published code (microsoft/LMOps,
 * folder minillm: arguments.py and scripts/gpt2/minillm), which says more than the paper's text and in places something
 * else.
 */
export interface MiniLlmSettings {
  /** α: texts are sampled from (1 − α) π_θ + α π*, at every token (teacher-mixed sampling). */
  readonly mixtureWeight: number;
  /** R_t = clip((log π* − log π_θ) / rewardScale, ±rewardClip). */
  readonly rewardScale: number;
  readonly rewardClip: number;
  /** Discount γ^(t'−t) of later rewards, relative to the step they are counted for: a heuristic (see `rewardToGo`). */
  readonly gamma: number;
  /**
   * Whether the reward-to-go of step t counts R_t itself. The paper begins at R_{t+1}, since the single-step part says
   * all that R_t could; its code counts R_t in any case, so that with `singleStep` it is there twice.
   */
  readonly inclusive: boolean;
  /** Whether the reward-to-go is divided by the number of rewards that it sums. */
  readonly lengthNormalized: boolean;
  /**
   * Whether advantages are whitened over the tokens of a mini-batch. (The code counts padding as tokens without
   * reward.)
   */
  readonly whitened: boolean;
  /** ε of PPO's clip, around a ratio that holds the importance weight. */
  readonly clipRange: number;
  /** How often each mini-batch of rollouts is learned from before new ones are collected. */
  readonly ppoEpochs: number;
  /** Mini-batches collected at once. The paper's runs collect 256 texts and learn from 64 at a time. */
  readonly rolloutBatches: number;
  /** Whether KL(π_θ ‖ π*), exact over the vocabulary, is added at the sampled states. */
  readonly singleStep: boolean;
  /** Weight of the loss on given texts, (1 − taskKdRatio) CE + taskKdRatio KL(π* ‖ π_θ); 0 leaves it out. */
  readonly taskWeight: number;
  readonly taskKdRatio: number;
}

/** What is fixed when a text is collected, one number for each of its tokens, `"N"`. */
export interface RolloutScores {
  /** log m(y_t | s_t), m = (1 − α) π_old + α π* the mixture that sampled; log π_old where α is 0. */
  readonly samplerLogProb: Tensor;
  /** R_t */
  readonly rewards: Tensor;
  /** A_t */
  readonly advantages: Tensor;
}

/** A mini-batch of collected texts. */
export interface Rollout extends RolloutScores {
  readonly texts: TrajectoryBatch;
}

export interface MiniLlmBatch {
  readonly rollout: Rollout;
  /** Given texts, for the task loss. */
  readonly data?: TrajectoryBatch;
}

/**
 * MiniLLM's loss on one mini-batch of rollouts with N tokens, after losses.py of the published code:
 *
 *     −1/N Σ_t min(ρ_t A_t, clip(ρ_t, 1 − ε, 1 + ε) A_t)                  the policy gradient of the reverse KL of whole texts
 *     + 1/N Σ_t KL(π_θ(·|s_t) ‖ π*(·|s_t))                                  its single-step part
 *     + taskWeight ((1 − taskKdRatio) CE + taskKdRatio KL(π* ‖ π_θ))        on given texts
 *
 * ρ_t = w_t π_θ(y_t|s_t) / π_old(y_t|s_t) with the importance weight w_t = π_old(y_t|s_t) / m(y_t|s_t) of the mixture m
 * that sampled, so ρ_t = π_θ(y_t|s_t) / m(y_t|s_t); the weight is inside the clip. It corrects the choice at t alone:
 * what the mixture changed about the tokens before, and about the rewards after, stays uncorrected (the paper's
 * approximation). In the paper w_t multiplies the single-step part too; its authors took that out (LMOps, issue 255).
 *
 * Measures: `loss`, `policy_loss`, `reverse_kl` (the single-step part), `reward` (mean R_t as collected),
 * `clip_fraction` (tokens whose gradient the clip stops), `task_loss`.
 */
export function miniLlm(settings: MiniLlmSettings): Objective<DistillationPlayers, MiniLlmBatch> {
  const { singleStep, taskWeight, taskKdRatio } = settings;
  const task = distillation({ distance: { kind: "forwardKl" }, kdRatio: taskKdRatio, temperature: 1 });
  return (tape, players, { rollout, data }) => {
    const { texts } = rollout;
    const { logProb, reverseKl } = singleStep
      ? withReverseKl(statesOfBoth(tape, players, texts), texts)
      : { logProb: actionLogProbs(statesOf(tape, { student: players.student }, texts), texts).student };
    const { loss: policyLoss, clipFraction } = surrogate(tape, logProb, texts, rollout, settings);
    const measures: Record<string, Variable> = {
      policy_loss: policyLoss,
      reward: meanOverTokens(tape, tape.constant(rollout.rewards), texts),
      clip_fraction: clipFraction,
    };
    const terms: Term[] = [{ weight: 1, value: policyLoss }];
    if (reverseKl) {
      measures.reverse_kl = meanOverTokens(tape, reverseKl, texts);
      terms.push({ weight: 1, value: measures.reverse_kl });
    }
    if (data) {
      measures.task_loss = task(tape, players, data).loss;
      terms.push({ weight: taskWeight, value: measures.task_loss });
    }
    const loss = linearCombination(tape, terms);
    return { loss, measures: { loss, ...measures } };
  };
}

/** log π_θ(y_t | s_t), and KL(π_θ ‖ π*) at s_t → `"N"`. */
function withReverseKl(
  states: BatchStates<"student" | "teacher">,
  { actions }: Pick<TrajectoryBatch, "actions">,
): { logProb: Variable; reverseKl?: Variable } {
  return states.each({ actions }, (tape, policies, rows) => ({
    logProb: actionLogProb(tape, policies.student.logits, rows),
    reverseKl: distanceByToken(tape, { kind: "reverseKl" }, logitsOf(policies)),
  }));
}

/**
 * The clipped surrogate of rows whose scores are given, mean by their weights, and the share of them that the clip
 * stops. At π_θ = m its gradient is −Σ_t A_t ∇ log π_θ(y_t | s_t).
 *
 * @param logProb log π_θ(y_t | s_t), `"N"`
 */
export function surrogate(
  tape: Tape,
  logProb: Variable,
  rows: Pick<TrajectoryBatch, "weights">,
  { samplerLogProb, advantages }: Omit<RolloutScores, "rewards">,
  { clipRange }: Pick<MiniLlmSettings, "clipRange">,
): { loss: Variable; clipFraction: Variable } {
  const constants = { samplerLogProb: tape.constant(samplerLogProb), advantages: tape.constant(advantages) };
  const perToken = tape.apply(clippedSurrogate, { logProb, ...constants }, { clipRange });
  const clipped = tape.apply(surrogateClipped, { logProb: tape.detach(logProb), ...constants }, { clipRange });
  return { loss: meanOverTokens(tape, perToken, rows), clipFraction: meanOverTokens(tape, clipped, rows) };
}

/**
 * Scores rows by the policies as they are now, after sampler.py and losses.py of the published code:
 * A_t = whiten(Σ_{t'≥t} γ^(t'−t) R_t' / terms). The caller releases the three tensors.
 *
 * @param policies log π(y_t | s_t) of both, `"N"`
 */
export function scoreRows(
  tape: Tape,
  { student, teacher }: Named<"student" | "teacher", Variable>,
  rows: Pick<TrajectoryBatch, "rowSpans">,
  settings: MiniLlmSettings,
): RolloutScores {
  const { gpu } = tape;
  const { mixtureWeight, rewardScale, rewardClip, gamma, inclusive, lengthNormalized, whitened } = settings;
  const logProbs = { student: student.value, teacher: teacher.value };
  const rewards = logRatioReward(gpu, logProbs, { scale: rewardScale, clip: rewardClip });
  const toGo = tape.adopt(
    rewardToGo(gpu, { costs: rewards, spans: rows.rowSpans }, {
      gamma,
      inclusive,
      discount: "relative",
      lengthNormalized,
    }),
  );
  return {
    samplerLogProb: mixtureLogProb(gpu, logProbs, { teacherWeight: mixtureWeight }),
    rewards,
    advantages: baseline(gpu, { advantages: toGo, spans: rows.rowSpans }, whitened ? "whitened" : "none"),
  };
}

/**
 * Packs and scores a mini-batch of texts that the mixture has just sampled; nothing is read back. `releaseRollout` ends
 * it.
 */
export function collectRollout(
  gpu: Gpu,
  players: DistillationPlayers,
  texts: readonly Trajectory[],
  settings: MiniLlmSettings,
): Rollout {
  const batch = packTrajectories(gpu, texts, players.student.layout);
  using tape = new Tape(gpu);
  const logProbs = actionLogProbs(statesOfBoth(tape, players, batch), batch);
  return { texts: batch, ...scoreRows(tape, logProbs, batch, settings) };
}

export function releaseRollout(gpu: Gpu, { texts, samplerLogProb, rewards, advantages }: Rollout): void {
  releaseBatch(gpu, texts);
  for (const tensor of [samplerLogProb, rewards, advantages]) gpu.release(tensor);
}
