import type { Gpu } from "../runtime/gpu.ts";
import { defineKernel, type Kernel } from "../runtime/kernel.ts";
import { loopRounds, requireLoopRounds } from "../runtime/loop_limit.ts";
import type { Tensor } from "../runtime/tensor.ts";
import wgsl from "./attention.wgsl" with { type: "text" };
import causalMask from "./causal_mask.wgsl" with { type: "text" };
import noBias from "./no_bias.wgsl" with { type: "text" };
import offsetBias from "./offset_bias.wgsl" with { type: "text" };
import spanMask from "./span_mask.wgsl" with { type: "text" };

// What the attention ops share: one text with a mask and a bias put in, and its three dispatches.

const MASKS = { causal: causalMask, span: spanMask } as const;
const BIASES = { none: noBias, offset: offsetBias } as const;

export const QUERIES_PER_INVOCATION = 4;
/** Dimensions of a head that one workgroup accumulates. */
const CHUNK_SIZE = 32;

export interface AttentionKernels {
  readonly name: string;
  readonly forward: Kernel;
  readonly backwardQuery: Kernel;
  readonly backwardKeyValue: Kernel;
}

export function defineAttention(name: string, mask: keyof typeof MASKS, bias: keyof typeof BIASES): AttentionKernels {
  const text = wgsl + MASKS[mask] + BIASES[bias];
  return {
    name,
    forward: defineKernel(name, text, "forward"),
    backwardQuery: defineKernel(`${name}.dQuery`, text, "backwardQuery"),
    backwardKeyValue: defineKernel(`${name}.dKeyValue`, text, "backwardKeyValue"),
  };
}

/** How many queries see how many keys, and where these lie in a token's row: numbers from its start. */
export interface AttentionShape {
  readonly batch: number;
  readonly queryTokens: number;
  readonly keyTokens: number;
  readonly numHeads: number;
  readonly numKvHeads: number;
  readonly headSize: number;
  readonly scale: number;
  readonly queryStride: number;
  readonly keyStride: number;
  readonly keyOffset: number;
  readonly valueOffset: number;
}

/** What is attended with; `bias` is the offsets', for kernels that have one. */
export interface Attended {
  readonly queries: Tensor;
  readonly keyValues: Tensor;
  readonly spans: Tensor;
  readonly offsetBias?: Tensor;
}

/** Of the scores only their log-sum-exp, `"B H T"`, is kept for backward. */
export function attend(
  gpu: Gpu,
  kernels: AttentionKernels,
  { queries, keyValues, spans, offsetBias }: Attended,
  shape: AttentionShape,
): { out: Tensor; saved: { logSumExp: Tensor } } {
  const { batch, queryTokens, numHeads, headSize } = shape;
  const out = gpu.allocate([batch, queryTokens, numHeads * headSize]);
  const logSumExp = gpu.allocate([batch, numHeads, queryTokens]);
  gpu.dispatch(kernels.forward, {
    bindings: { queries, keyValues, spans, out, logSumExp, ...(offsetBias ? { offsetBias } : {}) },
    ...grid(gpu, kernels, shape, { tokens: queryTokens, others: shape.keyTokens, heads: numHeads, loops: 1 }),
  });
  return { out, saved: { logSumExp } };
}

export interface AttentionGradients {
  /** Written by queries and by keys and values; one tensor where these are packed. */
  readonly dQueries: Tensor;
  readonly dKeyValues: Tensor;
  /** With an offset bias: `"B H"`, blocks of four queries, S + 7. */
  readonly dDiagonals?: Tensor;
}

/** Fills the gradients of the inputs. */
export function attendBackward(
  gpu: Gpu,
  kernels: AttentionKernels,
  { queries, keyValues, spans, offsetBias }: Attended,
  { out, logSumExp, dOut }: { readonly out: Tensor; readonly logSumExp: Tensor; readonly dOut: Tensor },
  { dQueries, dKeyValues, dDiagonals }: AttentionGradients,
  shape: AttentionShape,
): void {
  const { queryTokens, keyTokens, numHeads, numKvHeads } = shape;
  const delta = gpu.allocate(logSumExp.shape);
  const inputs = { queries, keyValues, spans, savedLogSumExp: logSumExp, dOut, ...(offsetBias ? { offsetBias } : {}) };
  gpu.dispatch(kernels.backwardQuery, {
    bindings: { ...inputs, savedOut: out, delta, dQueries, ...(dDiagonals ? { dDiagonals } : {}) },
    ...grid(gpu, kernels, shape, { tokens: queryTokens, others: keyTokens, heads: numHeads, loops: 2 }),
  });
  for (let headOfGroup = 0; headOfGroup < numHeads / numKvHeads; headOfGroup++) {
    gpu.dispatch(kernels.backwardKeyValue, {
      bindings: { ...inputs, savedDelta: delta, dKeyValues },
      ...grid(gpu, kernels, shape, {
        tokens: keyTokens,
        others: queryTokens,
        heads: numKvHeads,
        loops: 2,
        headOfGroup,
      }),
    });
  }
  gpu.release(delta);
}

interface Walk {
  /** Tokens that invocations own, and those that each walks over. */
  readonly tokens: number;
  readonly others: number;
  readonly heads: number;
  /** Loops over the head's dimensions that an invocation makes for each block of tokens. */
  readonly loops: number;
  readonly headOfGroup?: number;
}

function grid(gpu: Gpu, { name }: AttentionKernels, shape: AttentionShape, walk: Walk) {
  const { batch, queryTokens, keyTokens, numHeads, numKvHeads, headSize, scale } = shape;
  const { tokens, others, heads, loops, headOfGroup = 0 } = walk;
  const workgroup = gpu.tuning.attentionWorkgroup;
  const headVecs = headSize / 4;
  const rounds = loopRounds(Math.ceil(others / QUERIES_PER_INVOCATION), loops * loopRounds(headVecs));
  requireLoopRounds(gpu, name, `${others} tokens and heads of size ${headSize}`, rounds + loopRounds(headVecs));
  return {
    params: {
      queryTokens,
      keyTokens,
      heads: numHeads,
      kvHeads: numKvHeads,
      headVecs,
      scale,
      headOfGroup,
      queryStride: shape.queryStride / 4,
      keyStride: shape.keyStride / 4,
      keyOffset: shape.keyOffset / 4,
      valueOffset: shape.valueOffset / 4,
    },
    constants: { WORKGROUP: workgroup },
    workgroups: [
      Math.ceil(tokens / (workgroup * QUERIES_PER_INVOCATION)),
      batch * heads,
      Math.ceil(headSize / CHUNK_SIZE),
    ] as const,
  };
}
