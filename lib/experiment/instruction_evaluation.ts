import type { Gpu } from "#kernels/runtime/gpu.ts";
import { decodeResponse } from "#lib/data/prompt.ts";
import { generate, type GenerationSettings } from "#lib/generation/generate.ts";
import { exactMatch } from "#lib/metrics/exact_match.ts";
import { rougeL } from "#lib/metrics/rouge_l.ts";
import type { Decoder } from "#lib/models/decoder.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import type { InstructionTexts, PromptSet } from "./instruction_texts.ts";

/** Scores of one model on one set: fractions, means over its items. */
export interface SetScores {
  readonly rougeL: number;
  readonly exactMatch: number;
}

export type TextSettings = Omit<GenerationSettings, "eosId" | "padId">;

/** Samples a response to every prompt of a set, in batches of prompts of like length; in the order of the set. */
export async function respond(
  gpu: Gpu,
  model: Decoder,
  texts: InstructionTexts,
  prompts: readonly (readonly number[])[],
  settings: TextSettings,
  batchSize: number,
): Promise<Trajectory[]> {
  const { eosId, padId } = texts;
  const byLength = [...prompts.keys()].sort((a, b) => prompts[a].length - prompts[b].length || a - b);
  const trajectories: Trajectory[] = new Array(prompts.length);
  for (let start = 0; start < byLength.length; start += batchSize) {
    const keys = byLength.slice(start, start + batchSize);
    const batch = keys.map((key) => ({ promptIds: prompts[key], key }));
    const responses = await generate(gpu, model, batch, { ...settings, eosId, padId });
    keys.forEach((key, i) => trajectories[key] = { prompt: prompts[key], response: responses[i] });
  }
  return trajectories;
}

/** ROUGE-L and exact match of responses to the prompts of a set, each the best over its references. */
export function scoreResponses(
  texts: InstructionTexts,
  set: PromptSet,
  trajectories: readonly Trajectory[],
): SetScores {
  let [rouge, exact] = [0, 0];
  trajectories.forEach(({ response }, i) => {
    const text = textOf(texts, response);
    const { references } = set.prompts[i].record;
    rouge += rougeL(text, references);
    exact += exactMatch(text, references);
  });
  return { rougeL: rouge / trajectories.length, exactMatch: exact / trajectories.length };
}

/** The text of a response; ids that only round the vocabulary up stand for no piece, and say nothing. */
export function textOf({ tokenizer }: InstructionTexts, response: readonly number[]): string {
  return decodeResponse(tokenizer, response.filter((id) => id < tokenizer.vocabSize));
}
