import type { FittedPrompt } from "#lib/data/prompt.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import type { TextCodec } from "#lib/tokenizers/text_codec.ts";

/** A set to score on, its prompts as tokens. */
export interface PromptSet {
  readonly name: string;
  readonly prompts: readonly FittedPrompt[];
}

/** Everything that a run reads, as tokens. */
export interface Texts {
  readonly codec: TextCodec;
  /** How many ids models choose among: the tokenizer's, which models that are made here have rounded up to a multiple of four. */
  readonly vocabSize: number;
  /** The longest text that a model sees. */
  readonly maxPositions: number;
  readonly train: readonly Trajectory[];
  readonly validation: PromptSet;
  readonly evaluation: readonly PromptSet[];
  /** Each of them ends a text; those of the data end with the first. */
  readonly eosIds: readonly number[];
  readonly padId: number;
  /** The first reference to a prompt as a model is to write it, with its end, however long. */
  answerIds(prompt: FittedPrompt): readonly number[];
  /** For provenance: source, leaks, dropped and cut prompts. */
  readonly description: Readonly<Record<string, unknown>>;
}
