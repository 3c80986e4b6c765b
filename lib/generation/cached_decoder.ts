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
import { reshape, type Tensor } from "#kernels/runtime/tensor.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import type { Attend, Decoder } from "#lib/models/decoder.ts";
import { attentionOf } from "#lib/models/decoder_config.ts";
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
  /** One column `"B 2"` a step: the slots that a layer with a window sees; undefined where the window is as wide as the texts. */
  readonly #windowSpans: Tensor | undefined;
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
    const starts = prompts.map(({ length }) => this.#promptTokens - length);
    this.#spans = gpu.upload(Uint32Array.from(starts.flatMap((start) => [start, capacity])), [batch, 2]);
    this.#positions = this.#columns((step) => prompts.map(({ length }) => length + step));
    const window = config.window?.tokens ?? Infinity;
    this.#windowSpans = window < capacity
      ? this.#columns((step) => {
        const first = this.#promptTokens + step + 1 - window;
        return starts.flatMap((start) => [Math.max(start, first), capacity]);
      })
      : undefined;
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
      const { config } = this.#model;
      writeCache(this.#gpu, qkv.value, this.#caches[layer], 0, config);
      return tape.apply(attention, { qkv, spans: tape.constant(this.#spans) }, attentionOf(config, layer));
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
      const { window, ...layout } = attentionOf(this.#model.config, layer);
      writeCache(this.#gpu, qkv.value, cache, slot, layout);
      const spans = window === undefined ? this.#spans : this.#spansOf(step);
      const inputs = { qkv: qkv.value, spans, done: this.#texts.done, cache };
      return tape.constant(tape.adopt(attendCache(this.#gpu, inputs, slot, layout)));
    };
    return this.#model.logits(tape, this.#model.hiddenStates(tape, batch, attend));
  }

  reorder(parents: Tensor): void {
    this.#caches = this.#caches.map((cache) => reorderCache(this.#gpu, cache, parents, this.#slotsUsed));
  }

  [Symbol.dispose](): void {
    const caches = this.#caches.flatMap(({ keys, values }) => [keys, values]);
    const windows = this.#windowSpans ? [this.#windowSpans] : [];
    for (const tensor of [this.#spans, this.#positions, ...windows, ...caches]) this.#gpu.release(tensor);
  }

  /** What a layer with a window sees at a step. */
  #spansOf(step: number): Tensor {
    if (!this.#windowSpans) return this.#spans;
    const { length } = this.#texts.prompts;
    return reshape(column(this.#windowSpans, step, 2 * length), [length, 2]);
  }

  /** A column for each step. */
  #columns(columnOf: (step: number) => readonly number[]): Tensor {
    const columns = Array.from({ length: this.#texts.maxNewTokens }, (_, step) => columnOf(step));
    const stride = columnStride(this.#gpu, columns[0].length);
    const values = new Uint32Array(columns.length * stride);
    columns.forEach((numbers, step) => values.set(numbers, step * stride));
    return this.#gpu.upload(values, [columns.length, stride]);
  }
}
