import type { Gpu } from "#kernels/runtime/gpu.ts";
import { beamSearch, type BeamSettings } from "#lib/generation/beam_search.ts";
import { generate, type GenerationSettings, type TokenMixture } from "#lib/generation/generate.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { mean } from "#lib/statistics/statistics.ts";
import type { CellScore, SampleResponse } from "#lib/results/cell_result.ts";
import type { PromptSet, Texts } from "./texts.ts";

/** Told how many of all texts are done. */
export type TextProgress = (done: number, all: number) => void;

/** Who follows the writing of texts, between two batches. */
export interface Watched {
  /** Ends the writing by throwing its reason. */
  readonly stop?: AbortSignal;
  readonly progress?: TextProgress;
}

export type TextSettings = Omit<GenerationSettings, "eosId" | "otherEosIds" | "padId"> & Watched;

/** A response to every prompt, in batches of prompts of like length; in the order of the prompts. */
export async function respond(
  gpu: Gpu,
  model: LanguageModel,
  { eosIds: [eosId, ...otherEosIds], padId }: Texts,
  prompts: readonly (readonly number[])[],
  { stop, progress, ...settings }: TextSettings,
  batchSize: number,
  mixture?: TokenMixture,
): Promise<Trajectory[]> {
  return await inBatches(prompts, batchSize, { stop, progress }, (keys) => {
    const batch = keys.map((key) => ({ promptIds: prompts[key], key }));
    return generate(gpu, model, batch, { ...settings, eosId, otherEosIds, padId }, mixture);
  });
}

/** The likeliest response to every prompt that a beam search finds, in the order of the prompts. */
export async function search(
  gpu: Gpu,
  model: LanguageModel,
  { eosIds: [eosId], padId }: Texts,
  prompts: readonly (readonly number[])[],
  { stop, progress, ...settings }: Omit<BeamSettings, "eosId" | "padId"> & Watched,
  batchSize: number,
): Promise<Trajectory[]> {
  return await inBatches(prompts, batchSize, { stop, progress }, (keys) => {
    return beamSearch(gpu, model, keys.map((key) => prompts[key]), { ...settings, eosId, padId });
  });
}

async function inBatches(
  prompts: readonly (readonly number[])[],
  batchSize: number,
  { stop, progress }: Watched,
  write: (keys: readonly number[]) => Promise<number[][]>,
): Promise<Trajectory[]> {
  const byLength = [...prompts.keys()].sort((a, b) => prompts[a].length - prompts[b].length || a - b);
  const trajectories: Trajectory[] = new Array(prompts.length);
  for (let start = 0; start < byLength.length; start += batchSize) {
    progress?.(start, byLength.length);
    stop?.throwIfAborted();
    const keys = byLength.slice(start, start + batchSize);
    const responses = await write(keys);
    keys.forEach((key, i) => trajectories[key] = { prompt: prompts[key], response: responses[i] });
  }
  progress?.(byLength.length, byLength.length);
  return trajectories;
}

/** The text of a response, up to its end; ids that only round the vocabulary up stand for no piece, and say nothing. */
export function textOf({ codec, eosIds }: Pick<Texts, "codec" | "eosIds">, response: readonly number[]): string {
  const end = response.findIndex((id) => eosIds.includes(id));
  return codec.decode((end < 0 ? response : response.slice(0, end)).filter((id) => id < codec.vocabSize));
}

/** The score of a set, of several draws of a response to each item. */
export function meanScore(dataset: string, metric: string, draws: readonly (readonly number[])[]): CellScore {
  const items = draws[0].map((_, i) => mean(draws.map((draw) => draw[i])));
  return { dataset, metric, value: mean(items), count: items.length, items };
}

/** The responses to a set, as texts. */
export function samplesOf(
  texts: Texts,
  dataset: string,
  set: PromptSet,
  responses: readonly Trajectory[],
): SampleResponse[] {
  return set.prompts.map(({ record }, i) => ({
    dataset,
    instruction: record.instruction,
    input: record.input,
    reference: record.references[0],
    response: textOf(texts, responses[i].response),
  }));
}
