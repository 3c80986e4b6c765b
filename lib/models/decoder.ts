import { attention } from "#kernels/attention/attention.ts";
import { linear } from "#kernels/linear/linear.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { ParameterStore } from "#lib/nn/parameter_store.ts";
import { attentionOf, type DecoderConfig } from "./decoder_config.ts";
import type { CheckpointTensor } from "./checkpoint_tensor.ts";
import { DECODER_FAMILIES } from "./decoder_families.ts";
import type { Attend, DecoderFamily } from "./decoder_family.ts";
import { type LanguageModel, ONE_TEXT, type TokenBatch } from "./language_model.ts";

export type { Attend } from "./decoder_family.ts";

/** A decoder-only language model. What it learns lives in its store; what it computes is written on the caller's tape. */
export class Decoder implements LanguageModel {
  readonly layout = ONE_TEXT;
  readonly config: DecoderConfig;
  readonly store: ParameterStore;
  readonly family: DecoderFamily;

  /** @param normalSource draws from N(0, 1) for the initial parameters. */
  constructor(gpu: Gpu, config: DecoderConfig, normalSource: () => number) {
    this.config = config;
    this.family = DECODER_FAMILIES[config.family];
    this.store = new ParameterStore(gpu, this.family.parameterSpecs(config), normalSource);
  }

  /** The last hidden states, after the final norm: `"N C"` with N = B T. */
  hiddenStates(tape: Tape, batch: TokenBatch, attend: Attend = this.#attendBatch(batch)): Variable {
    let x = this.family.embed(tape, this.store, batch);
    for (let layer = 0; layer < this.config.numLayers; layer++) {
      x = tape.scope(() => this.family.block(tape, this, layer, x, batch, attend));
    }
    return tape.scope(() => this.family.finalNorm(tape, this, x));
  }

  /** The LM head: hidden states `"N C"` → logits `"N V"`. */
  logits(tape: Tape, hiddenStates: Variable): Variable {
    const weight = tape.parameter(this.store.get(this.family.headParameter(this.config)));
    const x = this.family.beforeHead?.(tape, this, hiddenStates) ?? hiddenStates;
    return tape.apply(linear, { x, weight }, {});
  }

  checkpointTensors(): readonly CheckpointTensor[] {
    return this.family.checkpointTensors(this.config);
  }

  [Symbol.dispose](): void {
    this.store[Symbol.dispose]();
  }

  #attendBatch({ spans }: TokenBatch): Attend {
    return (tape, qkv, layer) =>
      tape.apply(attention, { qkv, spans: tape.constant(spans) }, attentionOf(this.config, layer));
  }
}
