import { axisSizes } from "../runtime/axes.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { defineRowKernel, dispatchRows } from "../runtime/row_kernel.ts";
import type { Tensor } from "../runtime/tensor.ts";
import wgsl from "./top_tokens.wgsl" with { type: "text" };

const kernel = defineRowKernel("topTokens", wgsl);

/** More would need too many passes over a row; searches keep far fewer. */
export const MAX_TOP_TOKENS = 32;

/** The kernel compares ids as float32. */
const MAX_VOCAB = 2 ** 24;

export interface TopTokens {
  /** log π(token), `"N K"`, the largest first */
  readonly logProbs: Tensor;
  /** `"N K"` u32; among equally likely ones the smaller first */
  readonly tokens: Tensor;
}

/**
 * The K likeliest next tokens for each row of logits `"N V"` (finite), with their log-probabilities. Forward only.
 *
 * @throws {RangeError} if K is not from 1 to V, or over 32; if V is over 2²⁴, or a CPU driver would end the passes over
 * a row early (with K = 32, if V is over about 490,000, or four times that where it is a multiple of 4)
 */
export function topTokens(gpu: Gpu, logits: Tensor, count: number): TopTokens {
  const { N: rows, V: vocab } = axisSizes("topTokens", { logits: "N V" }, { logits });
  const most = Math.min(vocab, MAX_TOP_TOKENS);
  if (!Number.isInteger(count) || count < 1 || count > most) {
    throw new RangeError(`Cannot pick ${count} tokens of ${vocab}: the number must be from 1 to ${most}`);
  }
  if (vocab > MAX_VOCAB) throw new RangeError(`Cannot pick of ${vocab} tokens: there must be at most ${MAX_VOCAB}`);
  const logProbs = gpu.allocate([rows, count]);
  const tokens = gpu.allocate([rows, count], "u32");
  dispatchRows(gpu, kernel, logits.shape, { logits, logProbs, tokens }, { wanted: count }, 2 + MAX_TOP_TOKENS);
  return { logProbs, tokens };
}
