import { axisSizes } from "../runtime/axes.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { defineKernel } from "../runtime/kernel.ts";
import { loopRounds, requireLoopRounds } from "../runtime/loop_limit.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { workgroupWgsl } from "../runtime/workgroup.ts";
import wgsl from "./advantages.wgsl" with { type: "text" };

const text = workgroupWgsl + wgsl;
const rewardToGoKernel = defineKernel("rewardToGo", text, "rewardToGo");
const relativeToGoKernel = defineKernel("rewardToGo.relative", text, "relativeToGo");
const positionMeanKernel = defineKernel("baseline.positionMean", text, "positionMean");
const whitenKernel = defineKernel("baseline.whiten", text, "whiten");

export interface RewardToGoSettings {
  /** Discount γ of a step. */
  readonly gamma: number;
  /** Whether A_t includes the cost at t itself, or only the later ones. */
  readonly inclusive: boolean;
  /**
   * Where discounting begins. With `fromStart` (the default), the cost at position t' (from 1) has the weight γ^(t'−1). With
   * `relative` it has the weight γ^(t'−t) in A_t, as in most reinforcement learning code; for γ < 1 that is a heuristic, which
   * ascends neither the discounted return nor any other objective (Nota & Thomas 2020, arXiv 1906.07073).
   */
  readonly discount?: "fromStart" | "relative";
  /** Whether A_t is divided by the number of costs it sums, so that it does not grow with the number of steps that are left. */
  readonly lengthNormalized?: boolean;
}

/** What is subtracted from the advantages to lower the variance of the policy gradient. */
export type BaselineKind = "none" | "positionMean" | "whitened";

/**
 * The costs that follow each action: A_t = Σ_{t'≥t} γ^{t'−1} c_t' within each trajectory (t' > t unless `inclusive`), the factor
 * of ∇ log π(y_t | s_t) in the policy gradient of Σ_t γ^{t−1} c_t (Sutton et al. 2000). With `relative` and
 * `lengthNormalized` it is another estimate, described there. For rewards in place of costs, the sum is the same.
 *
 * @param inputs `costs` `"N"`: c_t of all rows; `spans` `"B 2"`, u32: first row and row after the last of each trajectory
 * @returns `"N"`; 0 at rows outside every span
 */
export function rewardToGo(
  gpu: Gpu,
  { costs, spans }: { costs: Tensor; spans: Tensor },
  { gamma, inclusive, discount = "fromStart", lengthNormalized = false }: RewardToGoSettings,
): Tensor {
  const { N: rows, B: trajectories } = axisSizes("rewardToGo", { costs: "N", spans: "B 2" }, { costs, spans });
  const out = gpu.allocate([rows]);
  gpu.clear(out);
  gpu.dispatch(discount === "relative" ? relativeToGoKernel : rewardToGoKernel, {
    bindings: { costs, spans, out },
    params: { rows, trajectories, gamma, inclusive: Number(inclusive), perTerm: Number(lengthNormalized) },
    workgroups: Math.ceil(trajectories / gpu.tuning.rowWorkgroup),
  });
  return out;
}

/**
 * Advantages less a baseline. `positionMean` subtracts the mean over the trajectories that have the same position t (a
 * trajectory alone at t gets 0 there); `whitened` gives (A − mean) / (sd + 1e-6) over all rows, with the sample
 * standard deviation; `none` copies.
 *
 * @param inputs as for `rewardToGo`, with `advantages` `"N"`
 * @returns `"N"`, a tensor of its own; 0 at rows outside every span, unless `none`
 */
export function baseline(
  gpu: Gpu,
  { advantages, spans }: { advantages: Tensor; spans: Tensor },
  kind: BaselineKind,
): Tensor {
  const { N: rows, B: trajectories } = axisSizes("baseline", { advantages: "N", spans: "B 2" }, { advantages, spans });
  const out = gpu.allocate([rows]);
  if (kind === "none") {
    gpu.copy(advantages, out);
    return out;
  }
  gpu.clear(out);
  const perRow = kind === "positionMean";
  if (!perRow) requireWhitenLoops(gpu, rows, trajectories);
  gpu.dispatch(perRow ? positionMeanKernel : whitenKernel, {
    bindings: { advantages, spans, out },
    params: { rows, trajectories, gamma: 0, inclusive: 0, perTerm: 0 },
    workgroups: perRow ? Math.ceil(rows / gpu.tuning.rowWorkgroup) : 1,
  });
  return out;
}

/** Three passes over all trajectories; each rounds a trajectory's share of rows up, and takes one round to leave it. */
function requireWhitenLoops(gpu: Gpu, rows: number, trajectories: number): void {
  const rounds = 3 * (loopRounds(trajectories, 2) + Math.floor(rows / gpu.tuning.rowWorkgroup));
  requireLoopRounds(gpu, "baseline", `${rows} rows of ${trajectories} trajectories`, rounds);
}
