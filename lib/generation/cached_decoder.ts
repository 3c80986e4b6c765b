import { attention } from "#kernels/attention/attention.ts";
import {
  allocateCache,
  attendCache,
  type KeyValueCache,
  reorderCache,
  writeCache,
} from "#kernels/attention/key_value_cache.ts";
import { embedding } from "#kernels/embedding/embedding.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { Attend, Decoder } from "#lib/models/decoder.ts";
import type { CachedModel, WrittenTexts } from "./cached_model.ts";
import { column, columnStride } from "./step_columns.ts";

/** A decoder that writes texts: prompts are padded on the left, so that every row writes the same cache slot. */
export class CachedDecoder implements CachedModel {
  readonly #gpu: Gpu;
  readonly #model: Decoder;
  readonly #texts: WrittenTexts;
  readonly #promptTokens: number;
  /** `"B 2"`: each row's first slot, and the capacity. */
  readonly #spans: Tensor;
  /** One column `"B 1"` a step: where its tokens stand in their texts. */
  readonly #positions: Tensor;
  #caches: readonly KeyValueCache[];
  #slotsUsed: number;

  constructor(gpu: Gpu, model: Decoder, texts: WrittenTexts) {
    const { prompts, maxNewTokens } = texts;
    const { config } = model;
    const batch = prompts.length;
    this.#gpu = gpu;
    this.#model = model;
    this.#texts = texts;
    this.#promptTokens = Math.max(...prompts.map(({ length }) => length));
    this.#slotsUsed = this.#promptTokens;
    const capacity = this.#promptTokens + maxNewTokens;
    const spans = prompts.flatMap(({ length }) => [this.#promptTokens - length, capacity]);
    this.#spans = gpu.upload(Uint32Array.from(spans), [batch, 2]);
    const stride = columnStride(gpu, batch);
    const positions = new Uint32Array(maxNewTokens * stride);
    for (let step = 0; step < maxNewTokens; step++) {
      prompts.forEach(({ length }, row) => positions[step * stride + row] = length + step);
    }
    this.#positions = gpu.upload(positions, [maxNewTokens, stride]);
    this.#caches = Array.from({ length: config.numLayers }, () => allocateCache(gpu, batch, capacity, config));
  }

  readPrompts(tape: Tape): Variable {
    const { prompts, padId } = this.#texts;
    const tokens = this.#promptTokens;
    const upload = (rowOf: (prompt: readonly number[], padding: number) => number[]) => {
      const values = prompts.flatMap((prompt) => rowOf(prompt, tokens - prompt.length));
      return tape.adopt(this.#gpu.upload(Uint32Array.from(values), [prompts.length, tokens]));
    };
    const batch = {
      tokenIds: upload((prompt, padding) => [...Array(padding).fill(padId), ...prompt]),
      positions: upload((_, padding) => Array.from({ length: tokens }, (_, slot) => Math.max(0, slot - padding))),
      spans: this.#spans,
    };
    const attend: Attend = (tape, qkv, layer) => {
      const { numHeads, numKvHeads, headSize } = this.#model.config;
      writeCache(this.#gpu, qkv.value, this.#caches[layer], 0, this.#model.config);
      return tape.apply(attention, { qkv, spans: tape.constant(this.#spans) }, { numHeads, numKvHeads, headSize });
    };
    const hidden = this.#model.hiddenStates(tape, batch, attend);
    const last = Uint32Array.from(prompts, (_, row) => row * tokens + tokens - 1);
    const ends = tape.apply(embedding, { table: hidden, ids: tape.constant(tape.adopt(this.#gpu.upload(last))) }, {});
    return this.#model.logits(tape, ends);
  }

  readToken(tape: Tape, tokenIds: Tensor, step: number): Variable {
    const slot = this.#promptTokens + step;
    this.#slotsUsed = slot + 1;
    const batch = {
      tokenIds,
      positions: column(this.#positions, step, this.#texts.prompts.length),
      spans: this.#spans,
    };
    const attend: Attend = (tape, qkv, layer) => {
      const cache = this.#caches[layer];
      writeCache(this.#gpu, qkv.value, cache, slot, this.#model.config);
      const inputs = { qkv: qkv.value, spans: this.#spans, done: this.#texts.done, cache };
      return tape.constant(tape.adopt(attendCache(this.#gpu, inputs, slot, this.#model.config)));
    };
    return this.#model.logits(tape, this.#model.hiddenStates(tape, batch, attend));
  }

  reorder(parents: Tensor): void {
    this.#caches = this.#caches.map((cache) => reorderCache(this.#gpu, cache, parents, this.#slotsUsed));
  }

  [Symbol.dispose](): void {
    for (
      const tensor of [this.#spans, this.#positions, ...this.#caches.flatMap(({ keys, values }) => [keys, values])]
    ) {
      this.#gpu.release(tensor);
    }
  }
}
