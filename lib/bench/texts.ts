import type { BpeTokenizer } from "#lib/data/bpe_tokenizer.ts";
import type { FittedPrompt } from "#lib/data/prompt.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";

/** A set to score on, its prompts as tokens. */
export interface PromptSet {
  readonly name: string;
  readonly prompts: readonly FittedPrompt[];
}

/** Everything that a run reads, as tokens. */
export interface Texts {
  readonly tokenizer: BpeTokenizer;
  /** The tokenizer's ids, rounded up to a multiple of four so that every product runs on aligned rows. */
  readonly vocabSize: number;
  /** The longest text that a model sees. */
  readonly maxPositions: number;
  readonly train: readonly Trajectory[];
  readonly validation: PromptSet;
  readonly evaluation: readonly PromptSet[];
  readonly eosId: number;
  readonly padId: number;
  /** For provenance: source, leaks, dropped and cut prompts. */
  readonly description: Readonly<Record<string, unknown>>;
}
