import { axisSizes } from "../runtime/axes.ts";
import { defineElementwise, dispatchElementwise } from "../runtime/elementwise.ts";
import type { Gpu } from "../runtime/gpu.ts";
import type { Tensor } from "../runtime/tensor.ts";
import wgsl from "./rollout_scores.wgsl" with { type: "text" };

const rewardKernel = defineElementwise("logRatioReward", wgsl, "logRatioReward");
const mixtureKernel = defineElementwise("mixtureLogProb", wgsl, "mixtureLogProb");

/** log π(y_t | s_t) of the actions taken, `"N"` each. */
export interface ActionLogProbs {
  readonly teacher: Tensor;
  readonly student: Tensor;
}

export interface RewardSettings {
  /** Divides the log ratio. */
  readonly scale: number;
  /** Rewards are clipped to ± this, after scaling. */
  readonly clip: number;
}

/**
 * R_t = clip((log π*(y_t | s_t) − log π_θ(y_t | s_t)) / scale, ±clip): the negative of the student's reverse KL, sampled at
 * y_t → `"N"`.
 */
export function logRatioReward(gpu: Gpu, logProbs: ActionLogProbs, { scale, clip }: RewardSettings): Tensor {
  if (!(scale > 0)) throw new RangeError(`Cannot run logRatioReward: scale is ${scale}, not positive`);
  return scored(gpu, "logRatioReward", logProbs, { scale, limit: clip, teacherWeight: 0 });
}

/**
 * log((1 − w) π_θ(y_t | s_t) + w π*(y_t | s_t)): the log-probability of each action under the mixture of student
 * and teacher → `"N"`, a new tensor. With weight 0 it is the student's to the bit.
 */
export function mixtureLogProb(
  gpu: Gpu,
  logProbs: ActionLogProbs,
  { teacherWeight }: { teacherWeight: number },
): Tensor {
  if (!(teacherWeight >= 0 && teacherWeight <= 1)) {
    throw new RangeError(`Cannot run mixtureLogProb: teacherWeight is ${teacherWeight}, not from 0 to 1`);
  }
  if (teacherWeight > 0 && teacherWeight < 1) {
    return scored(gpu, "mixtureLogProb", logProbs, { scale: 1, limit: 0, teacherWeight });
  }
  // The logarithm of a weight of 0 would spoil the other policy's value.
  const alone = teacherWeight === 0 ? logProbs.student : logProbs.teacher;
  const out = gpu.allocate(alone.shape);
  gpu.copy(alone, out);
  return out;
}

function scored(
  gpu: Gpu,
  name: "logRatioReward" | "mixtureLogProb",
  { teacher, student }: ActionLogProbs,
  params: { scale: number; limit: number; teacherWeight: number },
): Tensor {
  const { N: rows } = axisSizes(name, { teacher: "N", student: "N" }, { teacher, student });
  const kernel = name === "logRatioReward" ? rewardKernel : mixtureKernel;
  return dispatchElementwise(gpu, kernel, [rows], { teacher, student }, "out", params);
}
