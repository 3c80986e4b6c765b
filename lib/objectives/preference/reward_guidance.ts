import { concat } from "#kernels/concat/concat.ts";
import { embedding } from "#kernels/embedding/embedding.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import type { Critic } from "#lib/models/critic.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import type { Ascent } from "../ascent.ts";
import { BatchStates } from "../batch_states.ts";
import type { ObjectiveValue } from "../objective.ts";
import { actionLogProbs, statesOf } from "../states.ts";
import { releaseBatch, type TrajectoryBatch } from "../trajectory_batch.ts";
import { rewardLogits } from "./bradley_terry.ts";
import { leaveOneOutAdvantages, textPolicyGradient } from "./leave_one_out.ts";
import { type LabelledPair, packPairs, type PairBatch } from "./pair_batch.ts";
import { statesOfPairs } from "./pair_states.ts";
import { meanReturn, returnGap, returnsOf, type RewardedTexts, type TextReward } from "./returns.ts";
import { tokenRewards } from "./reward_head.ts";

/** A reward of tokens: a head on the features of a model that does not learn. */
export interface TokenReward {
  readonly backbone: LanguageModel;
  readonly head: Critic;
}

export interface GuidedPlayers extends TokenReward {
  readonly student: LanguageModel;
}

/** Texts as those see them who have read each token (`packTrajectories` with `"after"`). */
export interface GapTexts {
  readonly teacher: TrajectoryBatch;
  readonly student: TrajectoryBatch;
}

/** Texts of the student, those of a prompt one after another. */
export interface GuidedTexts {
  /** As who has read each token sees them, for the reward. */
  readonly read: TrajectoryBatch;
  /** As who chooses each token sees them, for the policy. */
  readonly chosen: TrajectoryBatch;
}

/**
 * What a reward sees of the N tokens of a batch: the backbone's last hidden state where it has read the token, and its log π(y_t | s_t),
 * which that state does not tell → `"N F"`.
 *
 * @throws {RangeError} if the batch was not packed with `"after"`
 */
export function rewardFeatures(tape: Tape, backbone: LanguageModel, batch: TrajectoryBatch): Variable {
  const { states, choices, tokens } = batch;
  if (!choices) throw new RangeError('Cannot see the tokens of a batch that was not packed with "after"');
  const table = backbone.hiddenStates(tape, tokens);
  const at = (rows: Tensor) => tape.apply(embedding, { table, ids: tape.constant(rows) }, {});
  const chosen = new BatchStates(tape, { backbone: { model: backbone, hidden: at(choices) } });
  const logProb = actionLogProbs(chosen, batch).backbone;
  return tape.apply(concat, { x: at(states), y: tape.reshape(logProb, [logProb.value.shape[0], 1]) }, {});
}

/** F of a backbone's `rewardFeatures`. */
export function rewardFeatureSize({ config }: LanguageModel): number {
  return config.hiddenSize + 1;
}

/** The reward of every token of a batch, which was packed with `"after"`. */
function rewardsOf(tape: Tape, { backbone, head }: TokenReward, batch: TrajectoryBatch): RewardedTexts {
  return { rewards: tokenRewards(tape, head, rewardFeatures(tape, backbone, batch)), rowSpans: batch.rowSpans };
}

/** The reward's ascent on the gap Ĵ(π*, r) − Ĵ(π, r) of PbKD. Measure: `gap`, a mean over texts. */
export function gapAscent(
  tape: Tape,
  reward: TokenReward,
  { teacher, student }: GapTexts,
  settings: TextReward,
): Ascent {
  const texts = { teacher: rewardsOf(tape, reward, teacher), student: rewardsOf(tape, reward, student) };
  const value = returnGap(tape, texts, settings);
  return { value, measures: { gap: value } };
}

/**
 * The student's descent of PbKD: a policy gradient that raises Ĵ(π_θ, r) on texts of its own, the baseline of a text being the mean return
 * of the others to its prompt. Measures: `loss`, a number that means nothing but by its gradient, and `mean_return`.
 *
 * @param textsPerPrompt at least 2
 */
export function guidedDescent(
  tape: Tape,
  players: GuidedPlayers,
  { read, chosen }: GuidedTexts,
  settings: TextReward & { readonly textsPerPrompt: number },
): ObjectiveValue {
  const texts = rewardsOf(tape, players, read);
  const advantages = leaveOneOutAdvantages(tape, returnsOf(tape, texts, settings), settings.textsPerPrompt);
  const logProbs = actionLogProbs(statesOf(tape, { student: players.student }, chosen), chosen);
  const loss = textPolicyGradient(tape, logProbs.student, chosen, advantages);
  return { loss, measures: { loss, mean_return: meanReturn(tape, texts, settings) } };
}

/** Pairs with the backbone's features at every token, which stand still while the head learns. */
export interface FeaturedPairs extends PairBatch {
  /** `"N F"` */
  readonly features: Tensor;
}

/** Packs pairs with what a reward's backbone makes of their tokens. `releaseBatch` releases all of it. */
export function packFeaturedPairs(
  gpu: Gpu,
  pairs: readonly LabelledPair[],
  { backbone }: Pick<TokenReward, "backbone">,
): FeaturedPairs {
  const pack = (some: readonly LabelledPair[]) => packPairs(gpu, some, backbone.layout, { seen: "after" });
  const [features] = statesOfPairs(gpu, backbone.config, pairs, [rewardFeatureSize(backbone)], (tape, some) => {
    const batch = pack(some);
    const values = rewardFeatures(tape, backbone, batch);
    releaseBatch(gpu, batch);
    return [values];
  });
  return { ...pack(pairs), features };
}

/** The Bradley-Terry logits of a token reward → `"P"`. */
export function tokenRewardLogits(
  tape: Tape,
  { head }: Pick<TokenReward, "head">,
  batch: FeaturedPairs,
  settings: TextReward,
): Variable {
  return rewardLogits(tape, tokenRewards(tape, head, tape.constant(batch.features)), batch, settings);
}
