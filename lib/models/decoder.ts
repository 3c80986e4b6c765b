import { attention } from "#kernels/attention/attention.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { ParameterStore } from "#lib/nn/parameter_store.ts";
import { outputHead } from "#lib/nn/row_blocks.ts";
import type { Weights } from "#lib/nn/weights.ts";
import { actionCountOf, headBlocks, withHeadRows } from "./action_head.ts";
import { attentionOf, type DecoderConfig } from "./decoder_config.ts";
import type { CheckpointTensor } from "./checkpoint_tensor.ts";
import { DECODER_FAMILIES } from "./decoder_families.ts";
import type { Attend, DecoderFamily } from "./decoder_family.ts";
import { type LanguageModel, ONE_TEXT, type TokenBatch } from "./language_model.ts";
import { learnedOf, type ModelOptions, weightsOf } from "./model_weights.ts";

export type { Attend } from "./decoder_family.ts";

/** A decoder-only language model. What it learns lives in its store; what it computes is written on the caller's tape. */
export class Decoder implements LanguageModel {
  readonly layout = ONE_TEXT;
  readonly config: DecoderConfig;
  readonly weights: Weights;
  readonly family: DecoderFamily;
  readonly actionCount: number;

  /**
   * @param normalSource draws from N(0, 1) for the initial parameters, which are 0 without it
   */
  constructor(gpu: Gpu, config: DecoderConfig, normalSource?: () => number, options: ModelOptions = {}) {
    this.config = config;
    this.actionCount = actionCountOf(config, options.actionCount);
    this.family = DECODER_FAMILIES[config.family];
    const specs = withHeadRows(this.family.parameterSpecs(config), this.family.headParameter(config), this.actionCount);
    const plan = { specs, tensors: this.checkpointTensors(), isTransposed: this.family.isTransposed === true };
    this.weights = weightsOf(gpu, plan, options, normalSource);
  }

  get store(): ParameterStore {
    return learnedOf(this.weights);
  }

  /** The last hidden states, after the final norm: `"N C"` with N = B T. */
  hiddenStates(tape: Tape, batch: TokenBatch, attend: Attend = this.#attendBatch(batch)): Variable {
    let x = this.family.embed(tape, this.weights, batch);
    for (let layer = 0; layer < this.config.numLayers; layer++) {
      const below = x;
      x = tape.block((part) => this.family.block(part, this, layer, below, batch, attend));
    }
    return tape.scope(() => this.family.finalNorm(tape, this, x));
  }

  /** The LM head: hidden states `"N C"` → logits `"N V"`. */
  logits(tape: Tape, hiddenStates: Variable): Variable {
    const blocks = headBlocks(this.weights, this.family.headParameter(this.config), this.actionCount);
    return outputHead(tape, blocks, this.family.beforeHead?.(tape, this, hiddenStates) ?? hiddenStates);
  }

  checkpointTensors(): readonly CheckpointTensor[] {
    return this.family.checkpointTensors(this.config);
  }

  [Symbol.dispose](): void {
    this.weights[Symbol.dispose]();
  }

  #attendBatch({ spans }: TokenBatch): Attend {
    return (tape, qkv, layer) =>
      tape.apply(attention, { qkv, spans: tape.constant(spans) }, attentionOf(this.config, layer));
  }
}
