import type { Gpu } from "#kernels/runtime/gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { tokenizerOf } from "#lib/tokenizers/tokenizer_files.ts";
import { type Check, checkLoss } from "./check.ts";
import { recordedLoss } from "./checkpoint_step.ts";
import { nextTokenBatch } from "./recorded_batch.ts";

/** What `golden.json` records of texts that the checkpoint's own tokenizer encodes. */
export interface RecordedPerplexities {
  readonly perplexity?: Readonly<Record<string, { readonly text: string; readonly value: number }>>;
}

/** Perplexities of texts behind the tokenizer's special tokens, each as the mean loss whose exponential it is. */
export async function checkPerplexities(
  gpu: Gpu,
  model: LanguageModel,
  folder: string,
  { perplexity = {} }: RecordedPerplexities,
): Promise<Check[]> {
  const texts = Object.entries(perplexity);
  if (texts.length === 0) return [];
  const codec = await tokenizerOf(folder);
  const checks: Check[] = [];
  for (const [name, { text, value }] of texts) {
    const ids = Int32Array.from(codec.encode(text, { addSpecialTokens: true }));
    using tape = new Tape(gpu);
    const [loss] = await gpu.read(recordedLoss(tape, model, nextTokenBatch(gpu, ids, ids.length)).loss.value);
    checks.push(checkLoss(`log of the perplexity of: ${name}`, loss, Math.log(value)));
  }
  return checks;
}
