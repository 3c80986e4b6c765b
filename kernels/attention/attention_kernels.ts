import type { Gpu } from "../runtime/gpu.ts";
import { defineKernel, type Kernel } from "../runtime/kernel.ts";
import { loopRounds, requireLoopRounds } from "../runtime/loop_limit.ts";
import type { Tensor } from "../runtime/tensor.ts";
import type { Tuning } from "../runtime/tuning.ts";
import wgsl from "./attention.wgsl" with { type: "text" };
import tilesWgsl from "./attention_tiles.wgsl" with { type: "text" };
import causalMask from "./causal_mask.wgsl" with { type: "text" };
import noBias from "./no_bias.wgsl" with { type: "text" };
import offsetBias from "./offset_bias.wgsl" with { type: "text" };
import spanMask from "./span_mask.wgsl" with { type: "text" };
import windowMask from "./window_mask.wgsl" with { type: "text" };

// What the attention ops share: one text, completed by a mask and a bias, and its three dispatches.

const MASKS = { causal: causalMask, span: spanMask, window: windowMask } as const;
const BIASES = { none: noBias, offset: offsetBias } as const;

/** Scores are computed in blocks of four queries by four keys. */
export const QUERIES_OF_BLOCK = 4;

/** How the kernels of one form cover their tokens and a head's dimensions. */
interface Form {
  readonly suffix: "" | "Tiles";
  readonly constants: (chunks: number) => Readonly<Record<string, number>>;
  /** How many tokens a workgroup owns, and how many a round of its longest loop processes. */
  readonly tokens: number;
  readonly tokensOfRound: number;
  /** The most dimensions of a head that one workgroup accumulates, in chunks; those of keys and values count twice. */
  readonly chunks: number;
  /** Rounds of the inner loops, given the number of products, the vec4f of a head and the chunks that are summed. */
  readonly roundsInside: (products: number, headVecs: number, chunks: number) => number;
}

/** The dimensions of a head in one chunk. */
const CHUNK_SIZE = 32;
/** One SIMD vector of a CPU driver. */
const REGISTER_WORKGROUP = 8;

const FORMS: Readonly<Record<Tuning["attention"], Form>> = {
  register: {
    suffix: "",
    constants: () => ({ WORKGROUP: REGISTER_WORKGROUP }),
    tokens: REGISTER_WORKGROUP * QUERIES_OF_BLOCK,
    tokensOfRound: QUERIES_OF_BLOCK,
    chunks: 1,
    roundsInside: (products, headVecs) => products * loopRounds(headVecs),
  },
  tile: {
    suffix: "Tiles",
    constants: (chunks) => ({ CHUNKS: chunks }),
    tokens: 32,
    tokensOfRound: 32,
    chunks: 4,
    roundsInside: (products, headVecs, chunks) =>
      products * loopRounds(Math.ceil(headVecs / 8), loopRounds(4) + loopRounds(8)) +
      chunks * (loopRounds(4) + loopRounds(32)) + loopRounds(8) + loopRounds(32),
  },
};

type Kernels = Readonly<Record<"forward" | "backwardQuery" | "backwardKeyValue", Kernel>>;

/** An attention op's kernels, in registers alone (for CPU drivers) and by tiles in workgroup memory (for GPUs). */
export interface AttentionKernels extends Readonly<Record<Tuning["attention"], Kernels>> {
  readonly name: string;
}

export function defineAttention(name: string, mask: keyof typeof MASKS, bias: keyof typeof BIASES): AttentionKernels {
  const fragments = MASKS[mask] + BIASES[bias];
  const define = (text: string, suffix: string): Kernels => ({
    forward: defineKernel(name, text, `forward${suffix}`),
    backwardQuery: defineKernel(`${name}.dQuery`, text, `backwardQuery${suffix}`),
    backwardKeyValue: defineKernel(`${name}.dKeyValue`, text, `backwardKeyValue${suffix}`),
  });
  return {
    name,
    register: define(wgsl + fragments, FORMS.register.suffix),
    tile: define(wgsl + tilesWgsl + fragments, FORMS.tile.suffix),
  };
}

/** How many queries see how many keys, and where these begin in a token's row, counted in numbers. */
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
  /** How many keys a query sees; for kernels with the window's mask. */
  readonly window?: number;
}

/** The tensors that attention reads; `offsetBias` only for kernels that have one. */
export interface Attended {
  readonly queries: Tensor;
  readonly keyValues: Tensor;
  readonly spans: Tensor;
  readonly offsetBias?: Tensor;
}

/** The forward pass. Of the scores it keeps only their log-sum-exp, `"B H T"`, for backward. */
export function attend(
  gpu: Gpu,
  kernels: AttentionKernels,
  { queries, keyValues, spans, offsetBias }: Attended,
  shape: AttentionShape,
): { out: Tensor; saved: { logSumExp: Tensor } } {
  const { batch, queryTokens, numHeads, headSize } = shape;
  const out = gpu.allocate([batch, queryTokens, numHeads * headSize]);
  const logSumExp = gpu.allocate([batch, numHeads, queryTokens]);
  gpu.dispatch(kernels[gpu.tuning.attention].forward, {
    bindings: { queries, keyValues, spans, out, logSumExp, ...(offsetBias ? { offsetBias } : {}) },
    ...grid(gpu, kernels, shape, { tokens: queryTokens, others: shape.keyTokens, heads: numHeads, products: 1 }),
  });
  return { out, saved: { logSumExp } };
}

export interface AttentionGradients {
  /** The gradients of queries, and of keys and values; one tensor where these are packed. */
  readonly dQueries: Tensor;
  readonly dKeyValues: Tensor;
  /** Needed with an offset bias: `"B H"`, blocks of four queries, S + 7. */
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
  gpu.dispatch(kernels[gpu.tuning.attention].backwardQuery, {
    bindings: { ...inputs, savedOut: out, delta, dQueries, ...(dDiagonals ? { dDiagonals } : {}) },
    ...grid(gpu, kernels, shape, { tokens: queryTokens, others: keyTokens, heads: numHeads, products: 2 }),
  });
  for (let headOfGroup = 0; headOfGroup < numHeads / numKvHeads; headOfGroup++) {
    gpu.dispatch(kernels[gpu.tuning.attention].backwardKeyValue, {
      bindings: { ...inputs, savedDelta: delta, dKeyValues },
      ...grid(gpu, kernels, shape, {
        tokens: keyTokens,
        others: queryTokens,
        heads: numKvHeads,
        products: 2,
        sums: 2,
        headOfGroup,
      }),
    });
  }
  gpu.release(delta);
}

interface Walk {
  /** The tokens that invocations own, and those that each of them walks over. */
  readonly tokens: number;
  readonly others: number;
  readonly heads: number;
  /** How many products over the head's dimensions, and sums (default 1), an invocation computes for each block of tokens. */
  readonly products: number;
  readonly sums?: number;
  readonly headOfGroup?: number;
}

function grid(gpu: Gpu, { name }: AttentionKernels, shape: AttentionShape, walk: Walk) {
  const { batch, queryTokens, keyTokens, numHeads, numKvHeads, headSize, scale } = shape;
  const { tokens, others, heads, products, sums = 1, headOfGroup = 0 } = walk;
  const form = FORMS[gpu.tuning.attention];
  const headVecs = headSize / 4;
  const chunks = Math.max(1, Math.min(Math.floor(form.chunks / sums), Math.ceil(headSize / CHUNK_SIZE)));
  const rounds = loopRounds(Math.ceil(others / form.tokensOfRound), form.roundsInside(products, headVecs, chunks));
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
    constants: { ...form.constants(chunks), ...(shape.window === undefined ? {} : { WINDOW: shape.window }) },
    workgroups: [
      Math.ceil(tokens / form.tokens),
      batch * heads,
      Math.ceil(headSize / (CHUNK_SIZE * chunks)),
    ] as const,
  };
}
