import type { Gpu } from "../runtime/gpu.ts";
import { defineKernel } from "../runtime/kernel.ts";
import { loopRounds, requireLoopRounds } from "../runtime/loop_limit.ts";
import type { Tensor } from "../runtime/tensor.ts";
import workgroupWgsl from "../runtime/workgroup.wgsl" with { type: "text" };
import wgsl from "./top_tokens.wgsl" with { type: "text" };

const kernel = defineKernel("topTokens", workgroupWgsl + wgsl);

/** More would walk a row too often; searches keep far fewer. */
export const MAX_TOP_TOKENS = 32;

export interface TopTokens {
  /** log π(token), `"N K"`, the largest first */
  readonly logProbs: Tensor;
  /** `"N K"` u32; of equally likely ones the smaller first */
  readonly tokens: Tensor;
}

/**
 * The K likeliest next tokens of each row of logits `"N V"` (finite), with their log-probabilities. Forward only.
 *
 * @throws {RangeError} if K is not from 1 to V, or over 32
 */
export function topTokens(gpu: Gpu, logits: Tensor, count: number): TopTokens {
  const [rows, vocab] = logits.shape;
  if (!Number.isInteger(count) || count < 1 || count > Math.min(vocab, MAX_TOP_TOKENS)) {
    throw new RangeError(
      `Cannot pick ${count} tokens of ${vocab}: the number must be from 1 to ${Math.min(vocab, MAX_TOP_TOKENS)}`,
    );
  }
  const share = loopRounds(Math.ceil(vocab / gpu.tuning.rowWorkgroup));
  requireLoopRounds(gpu, "topTokens", `${vocab} tokens, ${count} wanted`, 2 * share + loopRounds(count, share));
  const logProbs = gpu.allocate([rows, count]);
  const tokens = gpu.allocate([rows, count], "u32");
  gpu.dispatch(kernel, {
    bindings: { logits, logProbs, tokens },
    params: { rows, vocab, wanted: count },
    workgroups: rows,
  });
  return { logProbs, tokens };
}
