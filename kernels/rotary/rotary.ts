import type { HeadLayout } from "../attention/attention.ts";
import type { Op } from "../op.ts";
import { blockSizeOf } from "../runtime/block_kernel.ts";
import { defineElementwiseBlocks, elementwiseGrid } from "../runtime/elementwise.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { elementCount, type Tensor } from "../runtime/tensor.ts";
import { type RotaryBase, rotaryFrequencies } from "./frequencies.ts";
import { rotaryReference } from "./rotary_reference.ts";
import wgsl from "./rotary.wgsl" with { type: "text" };

const kernel = defineElementwiseBlocks("rotary", wgsl);

export type RotaryAttrs = HeadLayout & RotaryBase;

/**
 * Rotary position embedding (Su et al. 2021) of packed queries, keys and values, P = (H + 2 Hkv) D, with the pairs
 * (i, i + D/2) of Hugging Face's LLaMA. Query and key heads are rotated, value heads are copied. The head size must be even.
 */
export const rotary: Op<"x" | "positions", RotaryAttrs> = {
  name: "rotary",
  axes: { x: "B T P", positions: "B T", out: "B T P" },
  differentiable: ["x"],
  integers: ["positions"],

  /** @throws {RangeError} if P does not fit the heads, or their size is odd */
  forward(gpu, { x, positions }, attrs) {
    checkHeads(x, attrs);
    return { out: rotate(gpu, x, positions, attrs, 1), saved: {} };
  },

  backward: (gpu, dOut, { inputs, attrs }) => ({ x: rotate(gpu, dOut, inputs.positions, attrs, -1) }),

  reference: rotaryReference,
};

function rotate(gpu: Gpu, x: Tensor, positions: Tensor, attrs: RotaryAttrs, direction: 1 | -1): Tensor {
  const { numHeads, numKvHeads, headSize } = attrs;
  const tokens = elementCount(positions.shape);
  const blockSize = blockSizeOf(headSize / 2);
  const half = headSize / 2 / blockSize;
  const out = gpu.allocate(x.shape);
  gpu.dispatch(kernel[blockSize], {
    bindings: { x, positions, turns: turnsOf(gpu, attrs), out },
    params: { tokens, heads: numHeads + 2 * numKvHeads, rotatedHeads: numHeads + numKvHeads, half, direction },
    ...elementwiseGrid(gpu, tokens * half, 1),
  });
  return out;
}

const turnsByGpu = new WeakMap<Gpu, Map<string, Tensor>>();

/** The frequency / 2π of every pair as a fraction of 2³² (`"D/2"`), uploaded once per device and kept. */
function turnsOf(gpu: Gpu, { headSize, theta, scaling }: RotaryAttrs): Tensor {
  let tables = turnsByGpu.get(gpu);
  if (!tables) turnsByGpu.set(gpu, tables = new Map());
  const key = JSON.stringify([headSize, theta, scaling]);
  let turns = tables.get(key);
  if (!turns) {
    const values = Uint32Array.from(
      rotaryFrequencies({ headSize, theta, scaling }),
      (frequency) => Math.round(frequency / (2 * Math.PI) % 1 * 2 ** 32),
    );
    tables.set(key, turns = gpu.upload(values));
  }
  return turns;
}

function checkHeads({ shape: [, , packed] }: Tensor, { numHeads, numKvHeads, headSize }: HeadLayout): void {
  if (headSize % 2 !== 0 || packed !== (numHeads + 2 * numKvHeads) * headSize) {
    throw new RangeError(
      `Cannot run rotary: P is ${packed} for ${numHeads} heads and ${numKvHeads} key heads of size ${headSize}; ` +
        `it must be (heads + 2 key heads) * size, with an even size`,
    );
  }
}
