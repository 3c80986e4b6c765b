import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { ParameterSpec } from "#lib/nn/parameter_store.ts";
import type { Weights } from "#lib/nn/weights.ts";
import type { CheckpointNames } from "./checkpoint_names.ts";
import type { CheckpointTensor } from "./checkpoint_tensor.ts";
import type { Json } from "./config_json.ts";
import type { DecoderConfig, DecoderSizes } from "./decoder_config.ts";
import type { TokenBatch } from "./language_model.ts";

/** Attention of one layer: packed heads `"B T P"` → `"B T H·D"`, over the batch itself or over a cache. */
export type Attend = (tape: Tape, qkv: Variable, layer: number) => Variable;

/** What one architecture adds to the decoder: its configuration, its parameters, their names in checkpoints, and its layers. */
export interface DecoderFamily {
  /** A model of the sizes that the profiles give; the rest as the family's published models have it, or as suits small ones. */
  smallConfig(sizes: DecoderSizes): DecoderConfig;
  /**
   * Reads a Hugging Face `config.json`.
   *
   * @param path names the file in messages
   * @throws {InputError} by key, if the model is one that this project cannot compute
   */
  parseConfig(config: Json, path: string): DecoderConfig;
  /** The Hugging Face `config.json`, which `parseConfig` reads back. */
  formatConfig(config: DecoderConfig): Record<string, unknown>;
  parameterSpecs(config: DecoderConfig): ParameterSpec[];
  checkpointTensors(config: DecoderConfig): CheckpointTensor[];
  readonly checkpointNames: CheckpointNames;
  /** Whether its linear layers are inputs by outputs, as GPT-2's `Conv1D`. */
  readonly isTransposed?: boolean;
  /** Token (and position) embeddings → `"N C"`. */
  embed(tape: Tape, weights: Weights, batch: TokenBatch): Variable;
  /** One transformer block, `"N C"` → `"N C"`. */
  block(tape: Tape, model: DecoderParts, layer: number, x: Variable, batch: TokenBatch, attend: Attend): Variable;
  /** What follows the blocks, `"N C"` → `"N C"`. */
  finalNorm(tape: Tape, model: DecoderParts, x: Variable): Variable;
  /** What the head reads, `"N C"` → `"N I"`; default the hidden states themselves. */
  beforeHead?(tape: Tape, model: DecoderParts, x: Variable): Variable;
  /** The parameter `"V I"` of the LM head, I what `beforeHead` gives, or C. */
  headParameter(config: DecoderConfig): string;
}

export interface DecoderParts {
  readonly config: DecoderConfig;
  readonly weights: Weights;
}
