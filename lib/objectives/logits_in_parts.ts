import { embedding } from "#kernels/embedding/embedding.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { packTrajectories, releaseBatch, type Trajectory, type TrajectoryBatch } from "./trajectory_batch.ts";

/** Rows that begin a tensor of their own begin at multiples of this, so that a kernel may bind them. */
const ROWS = 64;

/** The logits of some response states of a batch. */
export interface LogitsPart {
  /** Lives as long as the part does; nothing learns on it. */
  readonly tape: Tape;
  /** `"n V"` */
  readonly logits: Variable;
  /** The rows of the part of what is known of every state, `"N"` → `"n"`. */
  rowsOf(all: Tensor): Tensor;
}

/**
 * Runs a model that does not learn over texts, and its head over some of their response states at a time, in their order, so that logits
 * of a large vocabulary fit what a device binds.
 *
 * @param logitBytes of logits that are made at once, rounded to whole tensors of at least 64 states
 * @param use what is done with each part, before the next is made
 */
export async function eachPartOfLogits(
  gpu: Gpu,
  model: LanguageModel,
  texts: readonly Trajectory[],
  logitBytes: number,
  use: (part: LogitsPart, batch: TrajectoryBatch) => Promise<void>,
): Promise<void> {
  const batch = packTrajectories(gpu, texts, model.layout);
  try {
    using tape = new Tape(gpu);
    const hidden = tape.scope(() => model.hiddenStates(tape, batch.tokens));
    const [count] = batch.actions.shape;
    const rows = rowsAtOnce(gpu, model.config.vocabSize, logitBytes);
    for (let from = 0; from < count; from += rows) {
      const rowsOf = (all: Tensor) => part(all, from, Math.min(rows, count - from));
      using own = new Tape(gpu);
      const states = own.apply(
        embedding,
        { table: own.detach(hidden), ids: own.constant(rowsOf(batch.states)) },
        {},
      );
      await use({ tape: own, logits: model.logits(own, states), rowsOf }, batch);
    }
  } finally {
    releaseBatch(gpu, batch);
  }
}

/** How many states' logits fit at once. */
function rowsAtOnce({ bindingLimit }: Gpu, vocabSize: number, logitBytes: number): number {
  const bytes = Math.min(logitBytes, bindingLimit);
  return Math.max(ROWS, Math.floor(bytes / (4 * vocabSize) / ROWS) * ROWS);
}

function part(all: Tensor, from: number, count: number): Tensor {
  return { ...all, shape: [count], offset: all.offset + 4 * from };
}
