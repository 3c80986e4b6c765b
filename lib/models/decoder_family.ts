import type { Tensor } from "#kernels/runtime/tensor.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { ParameterSpec, ParameterStore } from "#lib/nn/parameter_store.ts";
import type { DecoderConfig } from "./decoder_config.ts";

/** Texts side by side, padded on either side to one length. */
export interface TokenBatch {
  /** `"B T"` u32 */
  readonly tokenIds: Tensor;
  /** `"B T"` u32, counted within each text */
  readonly positions: Tensor;
  /** `"B 2"` u32: each text's first token and end */
  readonly spans: Tensor;
}

/** Attention of one layer: packed heads `"B T P"` → `"B T H·D"`, over the batch itself or over a cache. */
export type Attend = (tape: Tape, qkv: Variable, layer: number) => Variable;

/** Rows of a parameter that a checkpoint keeps as a tensor of its own. */
export interface CheckpointTensor {
  readonly name: string;
  readonly parameter: string;
  readonly firstRow: number;
  readonly shape: readonly number[];
}

/** What one architecture adds to the decoder: its parameters, their names in checkpoints, and its layers. */
export interface DecoderFamily {
  parameterSpecs(config: DecoderConfig): ParameterSpec[];
  checkpointTensors(config: DecoderConfig): CheckpointTensor[];
  /** Token (and position) embeddings → `"N C"`. */
  embed(tape: Tape, store: ParameterStore, batch: TokenBatch): Variable;
  /** One transformer block, `"N C"` → `"N C"`. */
  block(tape: Tape, model: DecoderParts, layer: number, x: Variable, batch: TokenBatch, attend: Attend): Variable;
  finalNorm(tape: Tape, model: DecoderParts, x: Variable): Variable;
  /** The parameter `"V C"` of the LM head. */
  headParameter(config: DecoderConfig): string;
}

export interface DecoderParts {
  readonly config: DecoderConfig;
  readonly store: ParameterStore;
}
