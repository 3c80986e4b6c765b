import type { SamplingSettings } from "#kernels/sampling/sample_tokens.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { ANCESTRAL, generate, GREEDY } from "#lib/generation/generate.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import type { TextCodec } from "#lib/tokenizers/text_codec.ts";

/** What answers prompts. */
export interface Answerer {
  readonly gpu: Gpu;
  readonly model: LanguageModel;
  readonly codec: TextCodec;
  /** Each of them ends an answer. */
  readonly eosIds: readonly number[];
  readonly padId: number;
}

export interface AnswerSettings {
  readonly maxNewTokens: number;
  /** Prompts that are answered at once. */
  readonly batchSize: number;
  /** Of the random stream, where answers are sampled; greedy without one. */
  readonly seed?: number;
  /** How they are sampled; default from the model's own distribution. */
  readonly sampling?: SamplingSettings;
  readonly stop?: AbortSignal;
  /** Told how many prompts are answered. */
  readonly progress?: (done: number) => void;
}

/** An answer as text, and its ids without the one that ended it. */
export interface WrittenAnswer {
  readonly text: string;
  readonly ids: readonly number[];
}

/** The answers to prompts, in the order of the prompts; those of like length are written side by side. */
export async function answersTo(
  { gpu, model, codec, eosIds, padId }: Answerer,
  prompts: readonly (readonly number[])[],
  { maxNewTokens, batchSize, seed, sampling = ANCESTRAL, stop, progress }: AnswerSettings,
): Promise<WrittenAnswer[]> {
  const byLength = [...prompts.keys()].sort((a, b) => prompts[a].length - prompts[b].length || a - b);
  const answers: WrittenAnswer[] = new Array(prompts.length);
  const [eosId, ...otherEosIds] = eosIds;
  const settings = { maxNewTokens, padId, eosId, otherEosIds, seed: seed ?? 0, purpose: "evaluate" };
  for (let start = 0; start < byLength.length; start += batchSize) {
    stop?.throwIfAborted();
    const keys = byLength.slice(start, start + batchSize);
    const batch = keys.map((key) => ({ promptIds: prompts[key], key }));
    const written = await generate(gpu, model, batch, { ...settings, ...(seed === undefined ? GREEDY : sampling) });
    keys.forEach((key, i) => answers[key] = answerOf(codec, eosIds, written[i]));
    progress?.(start + keys.length);
  }
  return answers;
}

/**
 * An answer up to the first token that ends one; its text is without white space around it. Ids that only round the vocabulary up stand
 * for no piece, and say nothing.
 */
function answerOf(codec: TextCodec, eosIds: readonly number[], written: readonly number[]): WrittenAnswer {
  const end = written.findIndex((id) => eosIds.includes(id));
  const ids = end < 0 ? written : written.slice(0, end);
  return { ids, text: codec.decode(ids.filter((id) => id < codec.vocabSize)).trim() };
}
