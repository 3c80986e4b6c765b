import { crossEntropy } from "#kernels/cross_entropy/cross_entropy.ts";
import { embedding } from "#kernels/embedding/embedding.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import { Tape } from "#lib/autograd/tape.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { packTrajectories, releaseBatch, type Trajectory } from "./trajectory_batch.ts";

/** Rows that begin a tensor of their own begin at multiples of this, so that a kernel may bind them. */
const ROWS = 64;

export interface SurpriseOptions {
  /** Texts that the model reads at once. */
  readonly batchSize: number;
  /** Bytes of logits that are made at once, rounded to whole tensors of at least 64 states. Default what a loss takes (`Tuning.logitsBytes`). */
  readonly logitBytes?: number;
  readonly stop?: AbortSignal;
  /** Told how many of the texts are done. */
  readonly progress?: (done: number) => void;
}

/**
 * −Σ_t ln π(y_t | x, y_<t) of each text in nats, in the order of the texts. Sums are taken in float64. The head runs over some states at
 * a time, so that logits of a large vocabulary fit what a device binds.
 */
export async function surprisesOf(
  gpu: Gpu,
  model: LanguageModel,
  texts: readonly Trajectory[],
  { batchSize, logitBytes = gpu.tuning.logitsBytes, stop, progress }: SurpriseOptions,
): Promise<number[]> {
  const lengthOf = (key: number) => texts[key].prompt.length + texts[key].response.length;
  const byLength = [...texts.keys()].sort((a, b) => lengthOf(a) - lengthOf(b) || a - b);
  const surprises: number[] = new Array(texts.length);
  for (let start = 0; start < byLength.length; start += batchSize) {
    stop?.throwIfAborted();
    const keys = byLength.slice(start, start + batchSize);
    const sums = await surprisesOfBatch(gpu, model, keys.map((key) => texts[key]), logitBytes);
    keys.forEach((key, i) => surprises[key] = sums[i]);
    progress?.(start + keys.length);
  }
  return surprises;
}

async function surprisesOfBatch(
  gpu: Gpu,
  model: LanguageModel,
  texts: readonly Trajectory[],
  logitBytes: number,
): Promise<number[]> {
  const batch = packTrajectories(gpu, texts, model.layout);
  try {
    using tape = new Tape(gpu);
    const hidden = tape.scope(() => model.hiddenStates(tape, batch.tokens));
    const [count] = batch.actions.shape;
    const rows = rowsAtOnce(gpu, model.config.vocabSize, logitBytes);
    const values: number[] = [];
    for (let from = 0; from < count; from += rows) {
      const part = (tensor: Tensor) => rowsOf(tensor, from, Math.min(rows, count - from));
      using own = new Tape(gpu);
      const states = own.apply(
        embedding,
        { table: own.detach(hidden), ids: own.constant(part(batch.states)) },
        {},
      );
      const logits = model.logits(own, states);
      const losses = own.apply(crossEntropy, { logits, labels: own.constant(part(batch.actions)) }, {});
      for (const value of await gpu.read(losses.value)) values.push(value);
    }
    let end = 0;
    return texts.map(({ response: { length } }) =>
      values.slice(end, end += length).reduce((sum, each) => sum + each, 0)
    );
  } finally {
    releaseBatch(gpu, batch);
  }
}

/** How many states' logits fit at once. */
function rowsAtOnce({ bindingLimit }: Gpu, vocabSize: number, logitBytes: number): number {
  const bytes = Math.min(logitBytes, bindingLimit);
  return Math.max(ROWS, Math.floor(bytes / (4 * vocabSize) / ROWS) * ROWS);
}

function rowsOf(tensor: Tensor, from: number, count: number): Tensor {
  return { ...tensor, shape: [count], offset: tensor.offset + 4 * from };
}

/**
 * A text that may be longer than what a model reads, as windows of at most `maxPositions` tokens that follow one another. Each begins with
 * the last token of the one before, which is read and not counted: so every token is counted once but the first of the text, which is
 * the beginning-of-text token where the tokenizer puts one in front.
 *
 * @returns none for a text of fewer than two tokens
 */
export function windowsOf(ids: readonly number[], maxPositions: number): Trajectory[] {
  const windows: Trajectory[] = [];
  // A window's last token predicts nothing, so that the model reads one token fewer than a window has.
  for (let start = 0; start + 1 < ids.length; start += maxPositions) {
    windows.push({ prompt: [ids[start]], response: ids.slice(start + 1, start + 1 + maxPositions) });
  }
  return windows;
}
