import { adamW } from "#kernels/adamw/adamw.ts";
import { attention } from "#kernels/attention/attention.ts";
import { crossEntropy } from "#kernels/cross_entropy/cross_entropy.ts";
import { gelu } from "#kernels/elementwise/gelu/gelu.ts";
import { layerNorm } from "#kernels/layer_norm/layer_norm.ts";
import type { Named, Op } from "#kernels/op.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Shape, Tensor } from "#kernels/runtime/tensor.ts";
import { ramp, releaseAll } from "./tensors.ts";
import type { Work, WorkSize } from "./work.ts";

const FLOAT_BYTES = 4;

/** Which half of an op is timed: the values, or the gradient of its first differentiable input alone. */
export type Direction = "forward" | "backward";

/** GELU by its tanh approximation, elementwise over `count` numbers. */
export function geluWork(gpu: Gpu, direction: Direction, count: number): Work {
  const bytes = FLOAT_BYTES * count * (direction === "forward" ? 2 : 3);
  return opWork(gpu, direction, gelu, { x: ramp(gpu, [count]) }, { approximation: "tanh" }, { bytes });
}

/** Layer norm of `rows` rows of `size` numbers. */
export function layerNormWork(gpu: Gpu, direction: Direction, rows: number, size: number): Work {
  const inputs = { x: ramp(gpu, [rows, size]), weight: ramp(gpu, [size]), bias: ramp(gpu, [size]) };
  const bytes = FLOAT_BYTES * rows * size * (direction === "forward" ? 2 : 3);
  return opWork(gpu, direction, layerNorm, inputs, { eps: 1e-5 }, { bytes });
}

/** Cross-entropy of `rows` rows of logits over a vocabulary. */
export function crossEntropyWork(gpu: Gpu, direction: Direction, rows: number, vocabSize: number): Work {
  const labels = gpu.upload(Uint32Array.from({ length: rows }, (_, row) => (row * 31) % vocabSize), [rows]);
  const bytes = FLOAT_BYTES * rows * vocabSize * (direction === "forward" ? 1 : 2);
  return opWork(gpu, direction, crossEntropy, { logits: ramp(gpu, [rows, vocabSize]), labels }, {}, { bytes });
}

export interface AttentionSize {
  readonly batch: number;
  readonly tokens: number;
  readonly heads: number;
  readonly headSize: number;
}

/** Causal attention. Its FLOPs count the masked half, too, as those of the training step do; the gradient's are twice the values'. */
export function attentionWork(gpu: Gpu, direction: Direction, { batch, tokens, heads, headSize }: AttentionSize): Work {
  const spans = gpu.upload(Uint32Array.from({ length: 2 * batch }, (_, i) => i % 2 * tokens), [batch, 2]);
  const inputs = { qkv: ramp(gpu, [batch, tokens, 3 * heads * headSize]), spans };
  const flops = 4 * batch * tokens ** 2 * heads * headSize * (direction === "forward" ? 1 : 2);
  return opWork(gpu, direction, attention, inputs, { numHeads: heads, numKvHeads: heads, headSize }, { flops });
}

/** A step of AdamW over `count` parameters: four numbers of each are read, three written. */
export function adamWWork(gpu: Gpu, count: number): Work {
  const shape: Shape = [count];
  const state = {
    parameters: ramp(gpu, shape),
    gradients: ramp(gpu, shape),
    firstMoment: gpu.upload(new Float32Array(count), shape),
    secondMoment: gpu.upload(new Float32Array(count), shape),
  };
  const settings = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, decayedCount: 0 };
  let step = 0;
  return {
    size: { bytes: FLOAT_BYTES * 7 * count },
    run: () => adamW(gpu, state, { ...settings, step: ++step }),
    [Symbol.dispose]: () => releaseAll(gpu, Object.values(state)),
  };
}

function opWork<In extends string, Attrs, Saved extends string>(
  gpu: Gpu,
  direction: Direction,
  op: Op<In, Attrs, Saved>,
  inputs: Named<In, Tensor>,
  attrs: Attrs,
  size: WorkSize,
): Work {
  const forward = () => op.forward(gpu, inputs, attrs);
  const release = ({ out, saved }: ReturnType<typeof forward>) =>
    releaseAll(gpu, [out, ...Object.values<Tensor>(saved)]);
  const inputTensors = Object.values<Tensor>(inputs);
  if (direction === "forward") {
    return { size, run: () => release(forward()), [Symbol.dispose]: () => releaseAll(gpu, inputTensors) };
  }
  const values = forward();
  const dOut = ramp(gpu, values.out.shape);
  const context = { ...values, inputs, attrs, wanted: new Set([op.differentiable[0]]) };
  return {
    size,
    run: () => releaseAll(gpu, Object.values<Tensor | undefined>(op.backward(gpu, dOut, context))),
    [Symbol.dispose]() {
      release(values);
      releaseAll(gpu, [dOut, ...inputTensors]);
    },
  };
}
