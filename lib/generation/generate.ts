import { allocateCache, attendCache, type KeyValueCache, writeCache } from "#kernels/attention/key_value_cache.ts";
import { attention } from "#kernels/attention/attention.ts";
import { embedding } from "#kernels/embedding/embedding.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import { sampleTokens, type SamplingSettings } from "#kernels/sampling/sample_tokens.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import type { Attend, Decoder, TokenBatch } from "#lib/models/decoder.ts";
import { fnv1a32 } from "#lib/random/random_stream.ts";

export interface GenerationSettings extends SamplingSettings {
  readonly maxNewTokens: number;
  readonly eosId: number;
  readonly padId: number;
  readonly seed: number;
  /** What the samples are for: other purposes draw independent ones. */
  readonly purpose: string;
}

/** A prompt and its key in the random stream: its samples depend on the key, not on what is batched with it. */
export interface GenerationPrompt {
  readonly promptIds: readonly number[];
  readonly key: number;
}

/** Pure sampling from the model's own distribution. */
export const ANCESTRAL: SamplingSettings = { temperature: 1, topK: 0, topP: 1 };
export const GREEDY: SamplingSettings = { temperature: 0, topK: 0, topP: 1 };

/** Every so many tokens, a look at whether all texts are finished: a wait, and the saving of what would follow. */
const STEPS_BETWEEN_LOOKS = 8;

/**
 * Continues prompts until `eosId` or `maxNewTokens`, as one batch with a key-value cache. Prompts are padded on the left, so that
 * every row writes the same cache slot. Sampling happens on the GPU; tokens are read once, at the end.
 *
 * @returns for each prompt the new tokens, `eosId` included where it was drawn
 */
export async function generate(
  gpu: Gpu,
  model: Decoder,
  prompts: readonly GenerationPrompt[],
  settings: GenerationSettings,
): Promise<number[][]> {
  const batch = prompts.length;
  if (batch === 0) return [];
  const promptTokens = Math.max(...prompts.map(({ promptIds }) => promptIds.length));
  checkLengths(model, prompts, promptTokens, settings);
  using decoding = new Decoding(gpu, model, prompts, promptTokens, settings);
  for (let step = 0; step < settings.maxNewTokens; step++) {
    decoding.step(step);
    if (step % STEPS_BETWEEN_LOOKS === STEPS_BETWEEN_LOOKS - 1 && await decoding.allDone()) break;
  }
  return await decoding.texts();
}

/** The state of one batch of texts while they are written. */
class Decoding implements Disposable {
  readonly #gpu: Gpu;
  readonly #model: Decoder;
  readonly #settings: GenerationSettings;
  readonly #prompts: readonly GenerationPrompt[];
  readonly #promptTokens: number;
  readonly #caches: KeyValueCache[];
  readonly #spans: Tensor;
  readonly #rows: Tensor;
  readonly #done: Tensor;
  /** The tokens of each step, `"B 1"`. */
  readonly #columns: Tensor[] = [];

  constructor(
    gpu: Gpu,
    model: Decoder,
    prompts: readonly GenerationPrompt[],
    promptTokens: number,
    settings: GenerationSettings,
  ) {
    const batch = prompts.length;
    const capacity = promptTokens + settings.maxNewTokens;
    this.#gpu = gpu;
    this.#model = model;
    this.#settings = settings;
    this.#prompts = prompts;
    this.#promptTokens = promptTokens;
    this.#caches = Array.from(
      { length: model.config.numLayers },
      () => allocateCache(gpu, batch, capacity, model.config),
    );
    const starts = prompts.map(({ promptIds }) => promptTokens - promptIds.length);
    this.#spans = gpu.upload(Uint32Array.from(starts.flatMap((start) => [start, capacity])), [batch, 2]);
    this.#rows = gpu.upload(Uint32Array.from(prompts.map(({ key }) => key)));
    this.#done = gpu.upload(new Uint32Array(batch));
  }

  /** Writes one token of every text. */
  step(step: number): void {
    using tape = new Tape(this.#gpu);
    const logits = tape.scope(() => step === 0 ? this.#readPrompts(tape) : this.#readToken(tape, step)).value;
    const { seed, purpose, temperature, topK, topP, eosId, padId } = this.#settings;
    const tokens = this.#gpu.allocate([this.#prompts.length, 1], "u32");
    sampleTokens(
      this.#gpu,
      { logits, tokens, done: this.#done, rows: this.#rows },
      { temperature, topK, topP, seed, purpose: fnv1a32(purpose), step, column: 0, eosId, padId },
    );
    this.#columns.push(tokens);
    if (step % STEPS_BETWEEN_LOOKS === 0) this.#gpu.flush();
  }

  async allDone(): Promise<boolean> {
    return (await this.#gpu.read(this.#done)).every((done) => done !== 0);
  }

  async texts(): Promise<number[][]> {
    const columns = await this.#gpu.readAll(this.#columns);
    return this.#prompts.map((_, row) => {
      const text = columns.map((column) => column[row]);
      const end = text.indexOf(this.#settings.eosId);
      return end < 0 ? text : text.slice(0, end + 1);
    });
  }

  [Symbol.dispose](): void {
    const caches = this.#caches.flatMap(({ keys, values }) => [keys, values]);
    for (const tensor of [...caches, ...this.#columns, this.#spans, this.#rows, this.#done]) this.#gpu.release(tensor);
  }

  /** Reads the prompts into the cache → the logits after each one's last token, `"B V"`. */
  #readPrompts(tape: Tape): Variable {
    const [batch, tokens] = [this.#prompts.length, this.#promptTokens];
    const { padId } = this.#settings;
    const ids = this.#prompts.flatMap((
      { promptIds },
    ) => [...Array(tokens - promptIds.length).fill(padId), ...promptIds]);
    const positions = this.#prompts.flatMap(({ promptIds }) => {
      const start = tokens - promptIds.length;
      return Array.from({ length: tokens }, (_, slot) => Math.max(0, slot - start));
    });
    const attend: Attend = (tape, qkv, layer) => {
      const { numHeads, numKvHeads, headSize } = this.#model.config;
      writeCache(this.#gpu, qkv.value, this.#caches[layer], 0, this.#model.config);
      return tape.apply(attention, { qkv, spans: tape.constant(this.#spans) }, { numHeads, numKvHeads, headSize });
    };
    const hidden = this.#model.hiddenStates(tape, this.#tokenBatch(tape, ids, positions, tokens), attend);
    const last = Uint32Array.from({ length: batch }, (_, row) => row * tokens + tokens - 1);
    const ends = tape.apply(embedding, { table: hidden, ids: tape.constant(tape.adopt(this.#gpu.upload(last))) }, {});
    return this.#model.logits(tape, ends);
  }

  /** Reads the tokens of the step before → the next logits, `"B V"`. */
  #readToken(tape: Tape, step: number): Variable {
    const slot = this.#promptTokens + step - 1;
    const positions = this.#prompts.map(({ promptIds }) => promptIds.length + step - 1);
    const attend: Attend = (tape, qkv, layer) => {
      const cache = this.#caches[layer];
      writeCache(this.#gpu, qkv.value, cache, slot, this.#model.config);
      const inputs = { qkv: qkv.value, spans: this.#spans, cache };
      return tape.constant(tape.adopt(attendCache(this.#gpu, inputs, slot, this.#model.config)));
    };
    const tokens: TokenBatch = {
      tokenIds: this.#columns[step - 1],
      positions: tape.adopt(this.#gpu.upload(Uint32Array.from(positions), [positions.length, 1])),
      spans: this.#spans,
    };
    return this.#model.logits(tape, this.#model.hiddenStates(tape, tokens, attend));
  }

  #tokenBatch(tape: Tape, ids: number[], positions: number[], tokens: number): TokenBatch {
    const shape = [this.#prompts.length, tokens];
    return {
      tokenIds: tape.adopt(this.#gpu.upload(Uint32Array.from(ids), shape)),
      positions: tape.adopt(this.#gpu.upload(Uint32Array.from(positions), shape)),
      spans: this.#spans,
    };
  }
}

function checkLengths(
  { config }: Decoder,
  prompts: readonly GenerationPrompt[],
  promptTokens: number,
  { maxNewTokens }: GenerationSettings,
): void {
  if (prompts.some(({ promptIds }) => promptIds.length === 0)) {
    throw new RangeError("Cannot generate: a prompt has no tokens");
  }
  if (promptTokens + maxNewTokens > config.maxPositions) {
    throw new RangeError(
      `Cannot generate ${maxNewTokens} tokens after a prompt of ${promptTokens}: the model has ${config.maxPositions} positions`,
    );
  }
}
