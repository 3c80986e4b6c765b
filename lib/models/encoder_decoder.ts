import { crossAttention } from "#kernels/attention/cross_attention.ts";
import { relativeAttention } from "#kernels/attention/relative_attention.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import { scale } from "#kernels/elementwise/scale/scale.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { ParameterStore } from "#lib/nn/parameter_store.ts";
import { outputHead } from "#lib/nn/row_blocks.ts";
import type { Weights } from "#lib/nn/weights.ts";
import { actionCountOf, headBlocks, withHeadRows } from "./action_head.ts";
import type { CheckpointTensor } from "./checkpoint_tensor.ts";
import type { LanguageModel, PaddedTexts, TextLayout, TokenBatch } from "./language_model.ts";
import { learnedOf, type ModelOptions, weightsOf } from "./model_weights.ts";
import { relativeBuckets } from "./relative_buckets.ts";
import {
  embedTokens,
  feedForward,
  finalNorm,
  relativeBias,
  selfAttention,
  sourceAttention,
  sourceKeyValues,
  type Stack,
  t5CheckpointTensors,
  t5ParameterSpecs,
} from "./t5.ts";
import type { T5Config } from "./t5_config.ts";

/** How the decoder's layers attend: to the response so far, and to the source; over whole texts or over caches. */
export interface DecoderAttention {
  /** Packed queries, keys and values `"N 3·H·D"` → `"N H·D"`. */
  response(tape: Tape, packed: Variable, layer: number): Variable;
  /** Queries `"N H·D"` → `"N H·D"`. */
  source(tape: Tape, queries: Variable, layer: number): Variable;
}

/** An encoder-decoder language model after T5: the encoder reads the prompt, the decoder writes the response. */
export class EncoderDecoder implements LanguageModel {
  readonly config: T5Config;
  readonly weights: Weights;
  readonly layout: TextLayout;
  readonly actionCount: number;
  readonly #gpu: Gpu;
  /** Of texts of each length, by stack: a model meets few lengths, again and again. */
  readonly #buckets = new Map<string, Tensor>();

  /**
   * @param normalSource draws from N(0, 1) for the initial parameters, which are 0 without it
   */
  constructor(gpu: Gpu, config: T5Config, normalSource?: () => number, options: ModelOptions = {}) {
    this.#gpu = gpu;
    this.config = config;
    this.actionCount = actionCountOf(config, options.actionCount);
    this.layout = { kind: "encoderDecoder", startId: config.startId };
    const specs = withHeadRows(t5ParameterSpecs(config), headParameter(config), this.actionCount);
    const plan = { specs, tensors: this.checkpointTensors(), isTransposed: false };
    this.weights = weightsOf(gpu, plan, options, normalSource);
  }

  get store(): ParameterStore {
    return learnedOf(this.weights);
  }

  /** @throws {RangeError} if the batch has no source */
  hiddenStates(tape: Tape, batch: TokenBatch): Variable {
    const { source, tokenIds, spans } = batch;
    if (!source) throw new RangeError("Cannot run an encoder-decoder: the batch has no source");
    const encoded = this.encode(tape, source);
    const { numHeads, headSize } = this.config;
    return this.decode(tape, tokenIds, {
      response: (part, packed) => this.#attendText(part, "decoder", packed, { tokenIds, spans }),
      source: (part, queries, layer) => {
        const keyValues = part.reshape(
          sourceKeyValues(part, this, layer, encoded),
          [...source.tokenIds.shape, 2 * numHeads * headSize],
        );
        const inputs = {
          queries: part.reshape(queries, [...tokenIds.shape, numHeads * headSize]),
          keyValues,
          spans: part.constant(source.spans),
        };
        const attended = part.apply(crossAttention, inputs, { numHeads, headSize });
        return part.reshape(attended, queries.value.shape);
      },
    });
  }

  /** What the encoder makes of sources, after its final norm: `"N C"` with N = B S. */
  encode(tape: Tape, source: PaddedTexts): Variable {
    let x = embedTokens(tape, this, source.tokenIds);
    for (let layer = 0; layer < this.config.numLayers; layer++) {
      const below = x;
      x = tape.block((part) => {
        const attend = (packed: Variable) => this.#attendText(part, "encoder", packed, source);
        return feedForward(part, this, "encoder", layer, selfAttention(part, this, "encoder", layer, below, attend));
      });
    }
    return tape.scope(() => finalNorm(tape, this, "encoder", x));
  }

  /** The decoder's hidden states of its tokens (`"B T"`), after its final norm: `"N C"` with N = B T. */
  decode(tape: Tape, tokenIds: Tensor, attention: DecoderAttention): Variable {
    let x = embedTokens(tape, this, tokenIds);
    for (let layer = 0; layer < this.config.numDecoderLayers; layer++) {
      const below = x;
      x = tape.block((part) => {
        const attend = (packed: Variable) => attention.response(part, packed, layer);
        const own = selfAttention(part, this, "decoder", layer, below, attend);
        const both = sourceAttention(part, this, layer, own, (queries) => attention.source(part, queries, layer));
        return feedForward(part, this, "decoder", layer, both);
      });
    }
    return tape.scope(() => finalNorm(tape, this, "decoder", x));
  }

  logits(tape: Tape, hiddenStates: Variable): Variable {
    const { scaledHead, hiddenSize } = this.config;
    const x = scaledHead ? tape.apply(scale, { x: hiddenStates }, { factor: 1 / Math.sqrt(hiddenSize) }) : hiddenStates;
    return outputHead(tape, headBlocks(this.weights, headParameter(this.config), this.actionCount), x);
  }

  checkpointTensors(): readonly CheckpointTensor[] {
    return t5CheckpointTensors(this.config);
  }

  [Symbol.dispose](): void {
    for (const buckets of this.#buckets.values()) this.#gpu.release(buckets);
    this.weights[Symbol.dispose]();
  }

  /** Self-attention of a stack over whole texts: the encoder looks both ways. */
  #attendText(tape: Tape, stack: Stack, packed: Variable, { tokenIds, spans }: PaddedTexts): Variable {
    const { numHeads, headSize } = this.config;
    const [batch, tokens] = tokenIds.shape;
    const attended = tape.apply(relativeAttention, {
      qkv: tape.reshape(packed, [batch, tokens, 3 * numHeads * headSize]),
      spans: tape.constant(spans),
      bias: relativeBias(tape, this, stack),
      buckets: tape.constant(this.#bucketsOf(tokens, stack)),
    }, { numHeads, headSize, causal: stack === "decoder" });
    return tape.reshape(attended, [batch * tokens, numHeads * headSize]);
  }

  #bucketsOf(tokens: number, stack: Stack): Tensor {
    const key = `${stack} ${tokens}`;
    const buckets = this.#buckets.get(key) ??
      this.#gpu.upload(relativeBuckets(tokens, this.config, stack === "decoder"));
    this.#buckets.set(key, buckets);
    return buckets;
  }
}

/** The parameter `"V C"` of the LM head. */
function headParameter({ tiedHead }: T5Config): string {
  return tiedHead ? "shared.weight" : "lm_head.weight";
}
