import philoxWgsl from "../random/philox.wgsl" with { type: "text" };
import { axisSizes } from "../runtime/axes.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { defineKernel } from "../runtime/kernel.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { workgroupWgsl } from "../runtime/workgroup.ts";
import alignedWgsl from "./logits_aligned.wgsl" with { type: "text" };
import unalignedWgsl from "./logits_unaligned.wgsl" with { type: "text" };
import wgsl from "./sampling.wgsl" with { type: "text" };

const aligned = workgroupWgsl + philoxWgsl + wgsl + alignedWgsl;
const unaligned = workgroupWgsl + philoxWgsl + wgsl + unalignedWgsl;
const KERNELS = {
  sample: {
    aligned: defineKernel("sampleTokens", aligned, "sample"),
    unaligned: defineKernel("sampleTokens", unaligned, "sample"),
  },
  greedy: {
    aligned: defineKernel("sampleTokens.greedy", aligned, "greedy"),
    unaligned: defineKernel("sampleTokens.greedy", unaligned, "greedy"),
  },
};

/** WebGPU's default limit. */
const MAX_WORKGROUP = 256;
const MAX_VECS_PER_LANE = 256;

export interface SamplingTensors {
  /** `"B V"`, finite or very negative where masked. */
  readonly logits: Tensor;
  /** `"B T"`, u32: the token of each row is written at column `column`. */
  readonly tokens: Tensor;
  /** `"B"`, u32: rows that are not 0 get `padId`; a row that draws `eosId` becomes 1. */
  readonly done: Tensor;
  /** `"B"`, u32: each row's key in the random stream, so that a sample does not depend on how rows are batched. */
  readonly rows: Tensor;
}

/** Which tokens may be drawn, and with which temperature. */
export interface SamplingSettings {
  /** Divides the logits. With 0, the largest logit is taken, and the lowest id among equals. */
  readonly temperature: number;
  /** Keeps the k most probable tokens; 0 keeps all. */
  readonly topK: number;
  /** Of those, keeps the smallest set whose probability reaches this value; 1 keeps all. */
  readonly topP: number;
}

/** Selects the random number: equal values and an equal row key give the same number. */
export interface SamplingStream {
  readonly seed: number;
  /** A 32-bit number that separates samples drawn for different purposes. */
  readonly purpose: number;
  /** Position in the random stream. */
  readonly step: number;
}

export interface SamplingOptions extends SamplingSettings, SamplingStream {
  readonly eosId: number;
  readonly padId: number;
  /** The column of `tokens` that is written; `step` by default. */
  readonly column?: number;
}

/**
 * Draws one token per row from softmax(logits / temperature), restricted to top-k and then to top-p (equal logits are ranked by
 * id, the lower first). It inverts the cumulative distribution at the uniform number made of the upper 23 bits of
 * Philox4x32-10(counter [step, row's key, purpose, 0], key [seed, 0]). One dispatch; nothing is read back.
 *
 * @throws {RangeError} if shapes disagree or an option is out of range
 */
export function sampleTokens(gpu: Gpu, tensors: SamplingTensors, options: SamplingOptions): void {
  const { B: batch, V: vocabSize, T: columns } = axisSizes("sampleTokens", AXES, tensors);
  const { temperature, topK, topP, seed, purpose, step, eosId, padId, column = step } = options;
  checkOptions(options, column, columns);
  const kernels = temperature === 0 ? KERNELS.greedy : KERNELS.sample;
  gpu.dispatch(vocabSize % 4 === 0 ? kernels.aligned : kernels.unaligned, {
    bindings: { ...tensors },
    params: {
      batch,
      vocabSize,
      columns,
      column,
      step,
      inverseTemperature: temperature === 0 ? 0 : 1 / temperature,
      topK: topK < vocabSize ? topK : 0,
      topP,
      seed,
      purpose,
      eosId,
      padId,
    },
    constants: { WORKGROUP: workgroupFor(gpu, vocabSize) },
    workgroups: batch,
  });
}

/**
 * Enough invocations that each owns at most 256 vecs of a row. This is not only for speed: Mesa's CPU driver ends loops silently once an
 * invocation has made 65,535 iterations in all, and top-k with top-p makes about 80 for each vec.
 */
function workgroupFor(gpu: Gpu, vocabSize: number): number {
  let workgroup = gpu.tuning.rowWorkgroup;
  while (workgroup < MAX_WORKGROUP && workgroup * MAX_VECS_PER_LANE < vocabSize / 4) workgroup *= 2;
  return workgroup;
}

const AXES = { logits: "B V", tokens: "B T", done: "B", rows: "B" };

function checkOptions(options: SamplingOptions, column: number, columns: number): void {
  const refuse = (name: keyof SamplingOptions, right: string): never => {
    throw new RangeError(`Cannot run sampleTokens: ${name} is ${options[name]} but must be ${right}`);
  };
  const { temperature, topK, topP } = options;
  if (!(temperature >= 0 && temperature < Infinity)) refuse("temperature", "0 or more");
  if (!(Number.isInteger(topK) && topK >= 0)) refuse("topK", "an integer from 0");
  if (!(topP > 0 && topP <= 1)) refuse("topP", "above 0 and at most 1");
  if (!(Number.isInteger(column) && column >= 0 && column < columns)) {
    refuse(options.column === undefined ? "step" : "column", `a column of tokens, 0 to ${columns - 1}`);
  }
  for (const name of ["seed", "purpose", "step", "eosId", "padId"] as const) {
    if (options[name] !== options[name] >>> 0) refuse(name, "an unsigned 32-bit integer");
  }
}
