import { inverseTemperature, type TemperatureAttrs } from "../log_sum_exp/temperature.ts";
import { defineVocabKernel } from "../log_sum_exp/vocab_kernel.ts";
import type { Op } from "../op.ts";
import { blockSizeOf } from "../runtime/block_kernel.ts";
import { dispatchRows } from "../runtime/row_kernel.ts";
import type { Shape } from "../runtime/tensor.ts";
import wgsl from "./lump.wgsl" with { type: "text" };
import { lumpReference } from "./lump_reference.ts";

const forwardKernel = defineVocabKernel("lump", wgsl, "forward");
const backwardKernel = defineVocabKernel("lump.dLogits", wgsl, "backward");

/**
 * Every row's distribution over K of its tokens and "any other one": logits over the temperature of the tokens, and log Σ exp of all
 * others, whose softmax has the probability of each of these K + 1 events. Where K = V nothing is left, and there are K. A row of `ids`
 * is ascending, without one that occurs twice. No probability is taken from 1, so that a rest of any size keeps its digits.
 */
export const lump: Op<"logits" | "ids", TemperatureAttrs, "logSumExp"> = {
  name: "lump",
  axes: { logits: "N V", ids: "N K", out: "N E" },
  differentiable: ["logits"],
  integers: ["ids"],

  forward(gpu, { logits, ids }, attrs) {
    const [rows, kept] = ids.shape;
    const out = gpu.allocate([rows, eventCount(kept, logits.shape[1])]);
    const logSumExp = gpu.allocate([rows, 2]);
    dispatchRows(
      gpu,
      forwardKernel,
      logits.shape,
      { logits, ids, out, logSumExp },
      paramsOf(ids.shape, out.shape, attrs),
      passesOf(logits.shape, kept),
    );
    return { out, saved: { logSumExp } };
  },

  backward(gpu, dOut, { inputs: { logits, ids }, saved, attrs }) {
    const dLogits = gpu.allocate(logits.shape);
    dispatchRows(
      gpu,
      backwardKernel,
      logits.shape,
      { logits, ids, dOut, savedLogSumExp: saved.logSumExp, dLogits },
      paramsOf(ids.shape, dOut.shape, attrs),
      passesOf(logits.shape, ids.shape[1]),
    );
    return { logits: dLogits };
  },

  reference: lumpReference,
};

/** Of K tokens and all others of V. */
export function eventCount(kept: number, vocabSize: number): number {
  return Math.min(kept + 1, vocabSize);
}

function paramsOf([, kept]: Shape, [, events]: Shape, attrs: TemperatureAttrs) {
  return { kept, events, inverseTemperature: inverseTemperature("lump", attrs) };
}

/** As many passes over the row as its loops come to: two, a look at the ids in each trip, and three times the ids. */
function passesOf([, vocabSize]: Shape, kept: number): number {
  return 4 + Math.ceil(3 * kept * blockSizeOf(vocabSize) / vocabSize);
}
