import { axisSizes } from "../runtime/axes.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { defineRowKernel, dispatchRows } from "../runtime/row_kernel.ts";
import type { Tensor } from "../runtime/tensor.ts";
import pageBeforeWgsl from "./page_before.wgsl" with { type: "text" };
import wgsl from "./top_tokens.wgsl" with { type: "text" };

/** More at once would need too many passes over a row; searches keep far fewer. */
export const MAX_TOP_TOKENS = 32;

const kernel = defineRowKernel("topTokens", wgsl);
/** The same from behind the last of a page of tokens on. */
const nextKernel = defineRowKernel("topTokens.next", behindPage(wgsl));

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
  expectCount(logits, count, MAX_TOP_TOKENS);
  const top = allocateTop(gpu, logits, count);
  dispatchRows(gpu, kernel, logits.shape, { logits, ...top }, { wanted: count }, 2 + MAX_TOP_TOKENS);
  return top;
}

/**
 * The same for any K up to V, in pages of 32 and a last one of what is left: the tokens of each page follow those of the one before. A
 * page takes as long as `topTokens` of 32, so that K of some hundreds are for small vocabularies.
 *
 * @throws {RangeError} as `topTokens`, but for K over 32
 */
export function topTokenPages(gpu: Gpu, logits: Tensor, count: number): readonly TopTokens[] {
  expectCount(logits, count, Infinity);
  const pages = [topTokens(gpu, logits, Math.min(count, MAX_TOP_TOKENS))];
  for (let found = MAX_TOP_TOKENS; found < count; found += MAX_TOP_TOKENS) {
    const wanted = Math.min(count - found, MAX_TOP_TOKENS);
    const top = allocateTop(gpu, logits, wanted);
    const before = pages.at(-1)!.tokens;
    dispatchRows(gpu, nextKernel, logits.shape, { logits, before, ...top }, { wanted }, 2 + MAX_TOP_TOKENS);
    pages.push(top);
  }
  return pages;
}

function expectCount(logits: Tensor, count: number, mostAtOnce: number): void {
  const { V: vocab } = axisSizes("topTokens", { logits: "N V" }, { logits });
  const most = Math.min(vocab, mostAtOnce);
  if (!Number.isInteger(count) || count < 1 || count > most) {
    throw new RangeError(`Cannot pick ${count} tokens of ${vocab}: the number must be from 1 to ${most}`);
  }
  if (vocab > MAX_VOCAB) throw new RangeError(`Cannot pick of ${vocab} tokens: there must be at most ${MAX_VOCAB}`);
}

function allocateTop(gpu: Gpu, { shape: [rows] }: Tensor, count: number): TopTokens {
  return { logProbs: gpu.allocate([rows, count]), tokens: gpu.allocate([rows, count], "u32") };
}

/** The kernel's text with another start: it picks what follows the page before it. */
function behindPage(wgsl: string): string {
  return wgsl.replace("lastValue = largest;", "lastValue = valueBefore(row);")
    .replace("lastToken = -1.0;", "lastToken = tokenBefore(row);") + pageBeforeWgsl;
}
