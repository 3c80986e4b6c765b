import {
  allocateCache,
  attendCache,
  attendSource,
  type KeyValueCache,
  reorderCache,
  writeCache,
} from "#kernels/attention/key_value_cache.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { reshape, type Tensor } from "#kernels/runtime/tensor.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { DecoderAttention, EncoderDecoder } from "#lib/models/encoder_decoder.ts";
import { backwardBuckets } from "#lib/models/relative_buckets.ts";
import { relativeBias, sourceKeyValues } from "#lib/models/t5.ts";
import type { CachedModel, WrittenTexts } from "./cached_model.ts";

/** An encoder-decoder that writes texts: it encodes the prompts once, and its decoder begins with the start token in slot 0. */
export class CachedEncoderDecoder implements CachedModel {
  readonly #gpu: Gpu;
  readonly #model: EncoderDecoder;
  readonly #texts: WrittenTexts;
  /** Of each decoder layer: what the response so far is attended to by. */
  #caches: readonly KeyValueCache[];
  #slotsUsed = 0;
  /** Of each decoder layer, `"B S K"`: the source. */
  #sourceKeyValues: readonly Tensor[] = [];
  /** `"B 2"`: a response begins in slot 0. */
  readonly #spans: Tensor;
  readonly #sourceSpans: Tensor;
  /** By how many tokens a key is before its query. */
  readonly #buckets: Tensor;

  constructor(gpu: Gpu, model: EncoderDecoder, texts: WrittenTexts) {
    const { prompts, maxNewTokens } = texts;
    const { numDecoderLayers } = model.config;
    this.#gpu = gpu;
    this.#model = model;
    this.#texts = texts;
    const spans = (ends: readonly number[]) =>
      gpu.upload(Uint32Array.from(ends.flatMap((end) => [0, end])), [prompts.length, 2]);
    this.#spans = spans(prompts.map(() => maxNewTokens));
    this.#sourceSpans = spans(prompts.map(({ length }) => length));
    this.#buckets = gpu.upload(backwardBuckets(maxNewTokens, model.config));
    this.#caches = Array.from(
      { length: numDecoderLayers },
      () => allocateCache(gpu, prompts.length, maxNewTokens, this.#layout),
    );
  }

  readPrompts(tape: Tape): Variable {
    const { prompts } = this.#texts;
    const tokens = Math.max(...prompts.map(({ length }) => length));
    const { numHeads, headSize, numDecoderLayers, startId } = this.#model.config;
    const ids = new Uint32Array(prompts.length * tokens);
    prompts.forEach((prompt, row) => ids.set(prompt, row * tokens));
    const tokenIds = tape.adopt(this.#gpu.upload(ids, [prompts.length, tokens]));
    const encoded = this.#model.encode(tape, { tokenIds, spans: this.#sourceSpans });
    this.#sourceKeyValues = Array.from({ length: numDecoderLayers }, (_, layer) => {
      const keyValues = tape.keep(sourceKeyValues(tape, this.#model, layer, encoded));
      return reshape(keyValues, [prompts.length, tokens, 2 * numHeads * headSize]);
    });
    const starts = this.#gpu.upload(new Uint32Array(prompts.length).fill(startId), [prompts.length, 1]);
    return this.#read(tape, tape.adopt(starts), 0);
  }

  readToken(tape: Tape, tokenIds: Tensor, step: number): Variable {
    return this.#read(tape, tokenIds, step + 1);
  }

  /** The sources of rows that change places are the same. */
  reorder(parents: Tensor): void {
    this.#caches = this.#caches.map((cache) => reorderCache(this.#gpu, cache, parents, this.#slotsUsed));
  }

  [Symbol.dispose](): void {
    const caches = this.#caches.flatMap(({ keys, values }) => [keys, values]);
    for (const tensor of [...caches, ...this.#sourceKeyValues, this.#spans, this.#sourceSpans, this.#buckets]) {
      this.#gpu.release(tensor);
    }
  }

  get #layout() {
    const { numHeads, headSize } = this.#model.config;
    return { numHeads, numKvHeads: numHeads, headSize, scale: 1 };
  }

  #read(tape: Tape, tokenIds: Tensor, slot: number): Variable {
    this.#slotsUsed = slot + 1;
    return this.#model.logits(tape, this.#model.decode(tape, tokenIds, this.#attention(slot)));
  }

  #attention(slot: number): DecoderAttention {
    const { done, prompts } = this.#texts;
    const oneToken = (tape: Tape, packed: Variable) => tape.reshape(packed, [prompts.length, 1, packed.value.shape[1]]);
    const rows = (tape: Tape, attended: Tensor) => {
      const out = tape.constant(tape.adopt(attended));
      return tape.reshape(out, [prompts.length, attended.shape[2]]);
    };
    return {
      response: (tape, packed, layer) => {
        const relative = { bias: relativeBias(tape, this.#model, "decoder").value, buckets: this.#buckets };
        const qkv = oneToken(tape, packed).value;
        const cache = this.#caches[layer];
        writeCache(this.#gpu, qkv, cache, slot, this.#layout);
        return rows(
          tape,
          attendCache(this.#gpu, { qkv, spans: this.#spans, done, cache, relative }, slot, this.#layout),
        );
      },
      source: (tape, queries, layer) => {
        const keyValues = this.#sourceKeyValues[layer];
        const inputs = { queries: oneToken(tape, queries).value, spans: this.#sourceSpans, done, keyValues };
        return rows(tape, attendSource(this.#gpu, inputs, this.#layout));
      },
    };
  }
}
