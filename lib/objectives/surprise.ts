import { crossEntropy } from "#kernels/cross_entropy/cross_entropy.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { eachPartOfLogits } from "./logits_in_parts.ts";
import type { Trajectory } from "./trajectory_batch.ts";

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
  const values: number[] = [];
  await eachPartOfLogits(gpu, model, texts, logitBytes, async ({ tape, logits, rowsOf }, { actions }) => {
    const losses = tape.apply(crossEntropy, { logits, labels: tape.constant(rowsOf(actions)) }, {});
    for (const value of await gpu.read(losses.value)) values.push(value);
  });
  let end = 0;
  return texts.map(({ response: { length } }) => values.slice(end, end += length).reduce((sum, each) => sum + each, 0));
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
