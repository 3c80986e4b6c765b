import { defineElementwise, elementwiseGrid } from "../runtime/elementwise.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { defineKernel, type Kernel } from "../runtime/kernel.ts";
import { loopRounds, requireLoopRounds } from "../runtime/loop_limit.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { workgroupWgsl } from "../runtime/workgroup.ts";
import attendWgsl from "./attend_cache.wgsl" with { type: "text" };
import bindingsWgsl from "./attend_cache_bindings.wgsl" with { type: "text" };
import invocationWgsl from "./attend_cache_by_invocation.wgsl" with { type: "text" };
import { checkPacked, type HeadLayout } from "./attention.ts";
import distanceBias from "./distance_bias.wgsl" with { type: "text" };
import noDistanceBias from "./no_distance_bias.wgsl" with { type: "text" };
import reorderWgsl from "./reorder_cache.wgsl" with { type: "text" };
import writeWgsl from "./write_cache.wgsl" with { type: "text" };

const attendKernels = defineAttend("attendCache", noDistanceBias);
const attendRelativeKernels = defineAttend("attendCache.relative", distanceBias);
const reorderKernel = defineElementwise("reorderCache", reorderWgsl);
const writeKernel = defineElementwise("writeCache", writeWgsl);

/** A kernel in two forms: a head of a row belongs to the invocations of a workgroup together, or to one invocation. */
interface AttendKernels {
  readonly byWorkgroup: Kernel;
  readonly byInvocation: Kernel;
}

function defineAttend(name: string, bias: string): AttendKernels {
  const bound = (text: string) => text.replace("BINDINGS", bindingsWgsl);
  return {
    byWorkgroup: defineKernel(name, workgroupWgsl + bound(attendWgsl) + bias),
    byInvocation: defineKernel(name, bound(invocationWgsl) + bias),
  };
}

/** The dimensions of a head that one invocation adds up where it owns a head alone. */
const CHUNK_SIZE = 32;

/**
 * Keys and values of the tokens so far, each `"S B K"` with K = Hkv D and room for S tokens per row. What a step writes is
 * contiguous, so that only this much is copied to an image of the cache.
 */
export interface KeyValueCache {
  readonly keys: Tensor;
  readonly values: Tensor;
}

export function allocateCache(gpu: Gpu, batch: number, capacity: number, layout: HeadLayout): KeyValueCache {
  const shape = [capacity, batch, layout.numKvHeads * layout.headSize];
  return { keys: gpu.allocate(shape), values: gpu.allocate(shape) };
}

/** Puts the keys and values of `qkv` (`"B T P"`) into slots `slot` … `slot` + T − 1. */
export function writeCache(gpu: Gpu, qkv: Tensor, cache: KeyValueCache, slot: number, layout: HeadLayout): void {
  const [batch, tokens] = checkPacked(qkv, layout);
  const [capacity] = cache.keys.shape;
  if (slot + tokens > capacity) {
    throw new RangeError(`Cannot write ${tokens} tokens at slot ${slot}: the cache holds ${capacity} a row`);
  }
  const keyVecs = layout.numKvHeads * layout.headSize / 4;
  const count = batch * tokens * keyVecs;
  const start = slot * batch * keyVecs * 16;
  const isAligned = start % gpu.device.limits.minStorageBufferOffsetAlignment === 0;
  const written = (cache: Tensor): Tensor =>
    isAligned ? { ...cache, shape: [tokens, ...cache.shape.slice(1)], offset: cache.offset + start } : cache;
  gpu.dispatch(writeKernel, {
    bindings: { qkv, keys: written(cache.keys), values: written(cache.values) },
    params: {
      count,
      tokens,
      rows: batch,
      slot: isAligned ? 0 : slot,
      queryVecs: layout.numHeads * layout.headSize / 4,
      keyVecs,
    },
    ...elementwiseGrid(gpu, count),
  });
}

/** A layout, and the factor of the scores (default 1 / √D). */
export type ScaledLayout = HeadLayout & { readonly scale?: number };

/** The learned bias of T5's attention. */
export interface DistanceBias {
  /** `"R H"` */
  readonly bias: Tensor;
  /** `"S"` u32: the row of `bias` for a key, by the number of slots from it to the query */
  readonly buckets: Tensor;
}

export interface CachedText {
  /** `"B 1 P"` */
  readonly qkv: Tensor;
  /** `"B 2"` u32: each row's first slot, and one past the last that is written */
  readonly spans: Tensor;
  /** `"B"` u32 */
  readonly done: Tensor;
  readonly cache: KeyValueCache;
  readonly relative?: DistanceBias;
}

/**
 * Attention from one new token per row, whose key and value were just written to slot `slot`, to the tokens of its row so far:
 * `qkv` `"B 1 P"` → `"B 1 C"`. Forward only. Rows whose `done` is not 0 are skipped, and their output is undefined.
 */
export function attendCache(
  gpu: Gpu,
  { qkv, spans, done, cache, relative }: CachedText,
  slot: number,
  layout: ScaledLayout,
): Tensor {
  checkPacked(qkv, layout);
  const { keys, values } = cache;
  const [capacity, batch, width] = keys.shape;
  const kernels = relative ? attendRelativeKernels : attendKernels;
  const bindings = { queries: qkv, keys, values, spans, done, ...relative };
  const kept = { slot, capacity, rowStride: width, slotStride: batch * width, valueOffset: 0 };
  return attendKept(gpu, kernels, bindings, kept, layout);
}

/** What one new token of each row attends to. */
export interface Source {
  /** `"B 1 C"` */
  readonly queries: Tensor;
  /** `"B 2"` u32: the first token and end of each row's source */
  readonly spans: Tensor;
  /** `"B"` u32 */
  readonly done: Tensor;
  /** `"B S K"`, K = 2 H D: keys, then values */
  readonly keyValues: Tensor;
}

/** Attention from one new token per row to its whole source → `"B 1 C"`. Forward only; rows that are done are skipped. */
export function attendSource(gpu: Gpu, { queries, spans, done, keyValues }: Source, layout: ScaledLayout): Tensor {
  const { numHeads, headSize } = layout;
  const [, capacity, keyStride] = keyValues.shape;
  const width = numHeads * headSize;
  if (queries.shape[2] !== width || keyStride !== 2 * width) {
    throw new RangeError(
      `Cannot run attendSource: C is ${
        queries.shape[2]
      } and K is ${keyStride} for ${numHeads} heads of size ${headSize}; they must ` +
        `be heads * size and twice that`,
    );
  }
  const bindings = { queries, keys: keyValues, values: keyValues, spans, done };
  const kept = {
    slot: capacity - 1,
    capacity,
    rowStride: capacity * keyStride,
    slotStride: keyStride,
    valueOffset: width,
  };
  return attendKept(gpu, attendKernels, bindings, kept, layout);
}

/** Where keys and values lie: the distances, in numbers, between rows, between slots, and from a key to its value. */
interface Kept {
  /** The last slot that is seen. */
  readonly slot: number;
  readonly capacity: number;
  readonly rowStride: number;
  readonly slotStride: number;
  readonly valueOffset: number;
}

function attendKept(
  gpu: Gpu,
  kernels: AttendKernels,
  bindings: Readonly<Record<string, Tensor>>,
  { slot, capacity, rowStride, slotStride, valueOffset }: Kept,
  { numHeads: heads, numKvHeads: kvHeads, headSize, scale = 1 / Math.sqrt(headSize) }: ScaledLayout,
): Tensor {
  const [rows, , queryStride] = bindings.queries.shape;
  const { rowsBy, rowWorkgroup, maxLoopRounds } = gpu.tuning;
  const [slots, headVecs, chunks] = [slot + 1, headSize / 4, Math.ceil(headSize / CHUNK_SIZE)];
  const byInvocation = rowsBy === "invocation" && loopRounds(slots, loopRounds(headVecs)) <= maxLoopRounds;
  if (!byInvocation) {
    const share = Math.ceil(slots / rowWorkgroup);
    const rounds = loopRounds(share, loopRounds(headVecs)) + loopRounds(share) +
      loopRounds(Math.ceil(headVecs / rowWorkgroup), loopRounds(slots));
    requireLoopRounds(gpu, kernels.byWorkgroup.name, `${slots} slots and heads of size ${headSize}`, rounds);
  }
  const out = gpu.allocate([rows, 1, heads * headSize]);
  const places = {
    queryStride: queryStride / 4,
    rowStride: rowStride / 4,
    slotStride: slotStride / 4,
    valueOffset: valueOffset / 4,
  };
  gpu.dispatch(byInvocation ? kernels.byInvocation : kernels.byWorkgroup, {
    bindings: { ...bindings, out },
    params: { rows, slot, heads, kvHeads, headVecs, chunks, scale, ...places },
    constants: byInvocation ? {} : { CAPACITY: capacity },
    workgroups: byInvocation ? Math.ceil(rows * heads * chunks / rowWorkgroup) : rows * heads,
  });
  return out;
}

/**
 * A cache whose row b holds what row `parents[b]` (`"B"` u32) of the given one holds, in slots 0 … `used` − 1, as is needed when
 * the beams of a search change places. The given cache is released.
 */
export function reorderCache(gpu: Gpu, { keys, values }: KeyValueCache, parents: Tensor, used: number): KeyValueCache {
  const reordered = (cache: Tensor) => {
    const [capacity, batch, width] = cache.shape;
    if (used > capacity) throw new RangeError(`Cannot reorder ${used} slots: the cache holds ${capacity} a row`);
    const result = gpu.allocate(cache.shape);
    const count = batch * used * width / 4;
    gpu.dispatch(reorderKernel, {
      bindings: { cache, parents, reordered: result },
      params: { count, rows: batch, row: width / 4 },
      ...elementwiseGrid(gpu, count),
    });
    gpu.release(cache);
    return result;
  };
  return { keys: reordered(keys), values: reordered(values) };
}
