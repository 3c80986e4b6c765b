import type { Gpu } from "#kernels/runtime/gpu.ts";
import { BYTES_PER_ELEMENT, type Tensor } from "#kernels/runtime/tensor.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import { readableGroups } from "#lib/memory/reading.ts";
import type { ModelConfig } from "#lib/models/model_config.ts";
import { type LabelledPair, responseTokensOfPairs } from "./pair_batch.ts";

/** Pairs whose texts a model reads at once, at most. */
const PAIRS_AT_ONCE = 32;

/**
 * What models make of the N states of pairs, which stand still while a reward learns, in the order of `packPairs`. Models read a few pairs
 * at a time, since all of them together take more memory than a device binds.
 *
 * @param config of the model that reads them
 * @param widths of the tables: the columns C of each
 * @param statesOf the tables' rows of some of the pairs, each `"n C"`
 * @returns a table `"N C"` for each width, which the caller releases
 */
export function statesOfPairs(
  gpu: Gpu,
  config: ModelConfig,
  pairs: readonly LabelledPair[],
  widths: readonly number[],
  statesOf: (tape: Tape, some: readonly LabelledPair[]) => readonly Variable[],
): Tensor[] {
  const count = responseTokensOfPairs(pairs);
  const tables = widths.map((width) => gpu.allocate([count, width]));
  const tokensOf = ({ prompt, texts: [a, b] }: LabelledPair) => 2 * (prompt.length + Math.max(a.length, b.length));
  let row = 0;
  const { bindingLimit } = gpu;
  for (const some of readableGroups({ config, bindingLimit, most: PAIRS_AT_ONCE }, pairs, tokensOf)) {
    using tape = new Tape(gpu);
    const parts = statesOf(tape, some);
    parts.forEach(({ value }, i) => {
      const offset = tables[i].offset + row * widths[i] * BYTES_PER_ELEMENT;
      gpu.copy(value, { ...tables[i], shape: value.shape, offset });
    });
    row += parts[0].value.shape[0];
    gpu.flush();
  }
  return tables;
}
