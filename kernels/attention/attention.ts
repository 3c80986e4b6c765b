import type { Op } from "../op.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { defineKernel } from "../runtime/kernel.ts";
import { loopRounds, requireLoopRounds } from "../runtime/loop_limit.ts";
import type { Tensor } from "../runtime/tensor.ts";
import wgsl from "./attention.wgsl" with { type: "text" };
import { attentionReference, type HeadLayout } from "./attention_reference.ts";

export type { HeadLayout } from "./attention_reference.ts";

const forwardKernel = defineKernel("attention", wgsl, "forward");
const backwardQueryKernel = defineKernel("attention.dQuery", wgsl, "backwardQuery");
const backwardKeyValueKernel = defineKernel("attention.dKeyValue", wgsl, "backwardKeyValue");

const QUERIES_PER_INVOCATION = 4;
/** Dimensions of a head that one workgroup accumulates. */
const CHUNK_SIZE = 32;

/**
 * Causal attention with a padding mask and grouped-query heads, softmax(q kᵀ / √D) v (Vaswani et al. 2017). Queries, keys and
 * values come packed side by side, P = (H + 2 Hkv) D, as one projection writes them. `spans` gives each row's first token and
 * end: tokens outside are padding that nobody attends to; a query that sees no token gives zeros. Of the scores only their
 * log-sum-exp, `"B H T"`, is kept for backward. The head size must be a multiple of 4.
 */
export const attention: Op<"qkv" | "spans", HeadLayout, "logSumExp"> = {
  name: "attention",
  axes: { qkv: "B T P", spans: "B 2", out: "B T C" },
  differentiable: ["qkv"],
  integers: ["spans"],

  forward(gpu, { qkv, spans }, layout) {
    const [batch, tokens] = checkPacked(qkv, layout);
    const out = gpu.allocate([batch, tokens, layout.numHeads * layout.headSize]);
    const logSumExp = gpu.allocate([batch, layout.numHeads, tokens]);
    gpu.dispatch(forwardKernel, {
      bindings: { qkv, spans, out, logSumExp },
      ...grid(gpu, tokens, batch * layout.numHeads, layout, 1),
    });
    return { out, saved: { logSumExp } };
  },

  backward(gpu, dOut, { inputs: { qkv, spans }, out, saved, attrs: layout }) {
    const [batch, tokens] = qkv.shape;
    const savedLogSumExp = saved.logSumExp;
    const dQkv = gpu.allocate(qkv.shape);
    const delta = gpu.allocate(savedLogSumExp.shape);
    gpu.dispatch(backwardQueryKernel, {
      bindings: { qkv, spans, savedOut: out, savedLogSumExp, dOut, delta, dQkv },
      ...grid(gpu, tokens, batch * layout.numHeads, layout, 2),
    });
    for (let headOfGroup = 0; headOfGroup < layout.numHeads / layout.numKvHeads; headOfGroup++) {
      gpu.dispatch(backwardKeyValueKernel, {
        bindings: { qkv, spans, savedLogSumExp, dOut, savedDelta: delta, dQkv },
        ...grid(gpu, tokens, batch * layout.numKvHeads, layout, 2, headOfGroup),
      });
    }
    gpu.release(delta);
    return { qkv: dQkv };
  },

  reference: attentionReference,
};

/** @param loops how many loops over the head's dimensions an invocation makes for each block of tokens */
function grid(
  gpu: Gpu,
  tokens: number,
  heads: number,
  { numHeads, numKvHeads, headSize }: HeadLayout,
  loops: number,
  headOfGroup = 0,
) {
  const workgroup = gpu.tuning.attentionWorkgroup;
  const headVecs = headSize / 4;
  const rounds = loopRounds(Math.ceil(tokens / QUERIES_PER_INVOCATION), loops * loopRounds(headVecs));
  requireLoopRounds(gpu, "attention", `${tokens} tokens and heads of size ${headSize}`, rounds + loopRounds(headVecs));
  return {
    params: { tokens, heads: numHeads, kvHeads: numKvHeads, headVecs, scale: 1 / Math.sqrt(headSize), headOfGroup },
    constants: { WORKGROUP: workgroup },
    workgroups: [
      Math.ceil(tokens / (workgroup * QUERIES_PER_INVOCATION)),
      heads,
      Math.ceil(headSize / CHUNK_SIZE),
    ] as const,
  };
}

/** Batch and token count of a packed projection, after a check against the layout of its heads. */
export function checkPacked(qkv: Tensor, { numHeads, numKvHeads, headSize }: HeadLayout): [number, number] {
  const [batch, tokens, packed] = qkv.shape;
  if (headSize % 4 !== 0 || numHeads % numKvHeads !== 0 || packed !== (numHeads + 2 * numKvHeads) * headSize) {
    throw new RangeError(
      `Cannot run attention: P is ${packed} for ${numHeads} heads and ${numKvHeads} key heads of size ${headSize}; it must be ` +
        `(heads + 2 key heads) * size, with a size that is a multiple of 4 and key heads that divide the heads`,
    );
  }
  return [batch, tokens];
}
