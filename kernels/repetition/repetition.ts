import { axisSizes } from "../runtime/axes.ts";
import { defineElementwise, elementwiseGrid } from "../runtime/elementwise.ts";
import type { Gpu } from "../runtime/gpu.ts";
import { requireLoopRounds } from "../runtime/loop_limit.ts";
import type { Tensor } from "../runtime/tensor.ts";
import ngramsWgsl from "./repeated_ngrams.wgsl" with { type: "text" };
import penaltyWgsl from "./repetition_penalty.wgsl" with { type: "text" };

const penaltyKernel = defineElementwise("penalizeRepetition", penaltyWgsl);
const ngramsKernel = defineElementwise("banRepeatedNgrams", ngramsWgsl);

export interface SeenTokens {
  /** `"B V"`, changed in place */
  readonly logits: Tensor;
  /** `"B V"` u32: not 0 where the row has the token; those of `last` are noted in it */
  readonly seen: Tensor;
  /** `"B 1"` u32: each row's last token */
  readonly last: Tensor;
}

/**
 * Makes tokens that have occurred less likely (Keskar et al. 2019, CTRL), as transformers' `repetition_penalty` does: a positive logit
 * is divided by the penalty, another multiplied by it, once however often the token has occurred. In place; nothing is read back.
 *
 * @throws {RangeError} if shapes disagree or the penalty is not above 0
 */
export function penalizeRepetition(gpu: Gpu, tensors: SeenTokens, penalty: number): void {
  const { B: batch, V: vocabSize } = axisSizes(
    "penalizeRepetition",
    { logits: "B V", seen: "B V", last: "B 1" },
    { ...tensors },
  );
  if (!(penalty > 0 && penalty < Infinity)) {
    throw new RangeError(`Cannot run penalizeRepetition: the penalty is ${penalty} but must be above 0`);
  }
  const count = batch * vocabSize;
  gpu.dispatch(penaltyKernel, {
    bindings: { ...tensors },
    params: { count, vocabSize, penalty },
    ...elementwiseGrid(gpu, count),
  });
}

export interface WrittenRows {
  /** `"B V"`, changed in place */
  readonly logits: Tensor;
  /** `"B P"` u32: where a row begins, padded on the right */
  readonly prompts: Tensor;
  /** `"B"` u32: how many tokens of each prompt count */
  readonly lengths: Tensor;
  /** `"T S"` u32, S at least B: token b of row t is what row b wrote in step t */
  readonly tokens: Tensor;
}

/**
 * Rules out the tokens that would complete a run of `size` tokens which its row has already, prompt and written tokens together
 * (Paulus et al. 2017), as transformers' `no_repeat_ngram_size` does. In place, the lowest number in place of minus infinity.
 *
 * @param written how many steps of `tokens` are written
 * @throws {RangeError} if shapes disagree or a number is out of range
 */
export function banRepeatedNgrams(gpu: Gpu, tensors: WrittenRows, size: number, written: number): void {
  const { B: batch, V: vocabSize, P: promptTokens, T: steps, S: stride } = axisSizes(
    "banRepeatedNgrams",
    { logits: "B V", prompts: "B P", lengths: "B", tokens: "T S" },
    { ...tensors },
  );
  const refuse = (name: string, value: number, right: string): never => {
    throw new RangeError(`Cannot run banRepeatedNgrams: ${name} is ${value} but must be ${right}`);
  };
  if (!(Number.isInteger(size) && size >= 1)) refuse("size", size, "an integer from 1");
  if (!(Number.isInteger(written) && written >= 0 && written <= steps)) {
    refuse("written", written, `from 0 to ${steps}`);
  }
  if (stride < batch) refuse("axis S of tokens", stride, `at least ${batch}`);
  const places = batch * (promptTokens + written);
  // Longer runs than there are tokens have not occurred.
  if (size > promptTokens + written) return;
  requireLoopRounds(gpu, "banRepeatedNgrams", `runs of ${size} tokens`, size);
  gpu.dispatch(ngramsKernel, {
    bindings: { ...tensors },
    params: { batch, vocabSize, promptTokens, stride, written, size },
    ...elementwiseGrid(gpu, places, 1),
  });
}
