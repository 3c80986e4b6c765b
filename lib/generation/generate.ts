import { logMixture } from "#kernels/log_mixture/log_mixture.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import { sampleTokens, type SamplingSettings } from "#kernels/sampling/sample_tokens.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import { InputError } from "#lib/errors.ts";
import { type LanguageModel, sameLayout } from "#lib/models/language_model.ts";
import { fnv1a32 } from "#lib/random/random_stream.ts";
import { type CachedModel, openCachedModel } from "./cached_model.ts";
import { RepetitionGuard, type RepetitionLimits } from "./repetition_guard.ts";
import { column, columnStride } from "./step_columns.ts";

export interface GenerationSettings extends SamplingSettings, Partial<RepetitionLimits> {
  readonly maxNewTokens: number;
  readonly eosId: number;
  /** Further tokens that end a text, as checkpoints for chats have them. */
  readonly otherEosIds?: readonly number[];
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

/** A second model, whose policy takes a share of each token's probability: MiniLLM's teacher-mixed sampling (Gu et al. 2023). */
export interface TokenMixture {
  readonly model: LanguageModel;
  /** From 0 to 1. */
  readonly weight: number;
}

/** Follows texts while they are written. */
export interface Watching {
  /** Called when a token was read, with the index of its text: of each text in order. */
  readonly onToken?: (text: number, token: number) => unknown;
  /** Once it is aborted, what was read until then are the texts. */
  readonly stop?: AbortSignal;
  /** How many tokens of each text to write until the next reading: 1 shows every token at once; with more the GPU waits less. */
  readonly stepsAReading?: () => number;
}

/** Pure sampling from the model's own distribution. */
export const ANCESTRAL: SamplingSettings = { temperature: 1, topK: 0, topP: 1 };
export const GREEDY: SamplingSettings = { temperature: 0, topK: 0, topP: 1 };

/** Tokens of each text that are written between readings: with small models on a CPU driver, about what a reading takes. */
const STEPS_A_READING = 8;

/**
 * Answers prompts until `eosId` or `maxNewTokens`, as one batch with a key-value cache: a decoder continues them, an encoder-decoder
 * writes from its start token. Sampling happens on the GPU. What it wrote is read every few tokens, to stop when all texts
 * have ended; since a reading takes a while, the next tokens are written meanwhile.
 *
 * With a mixture, tokens are drawn from (1 − weight) softmax(logits of `model`) + weight softmax(logits of `mixture.model`), to which
 * temperature, top-k and top-p then apply. Repetition limits change the logits before anything else does.
 *
 * @returns for each prompt the new tokens, the end token included where one was drawn
 * @throws {InputError} if the two models have different vocabularies, or only one of them is an encoder-decoder
 */
export async function generate(
  gpu: Gpu,
  model: LanguageModel,
  prompts: readonly GenerationPrompt[],
  settings: GenerationSettings,
  mixture: TokenMixture = { model, weight: 0 },
  { onToken, stop, stepsAReading = () => STEPS_A_READING }: Watching = {},
): Promise<number[][]> {
  checkMixture(model, mixture);
  // A model of weight 0 is not run, so that its presence changes nothing.
  const models = [...(mixture.weight < 1 ? [model] : []), ...(mixture.weight > 0 ? [mixture.model] : [])];
  for (const each of models) checkLengths(each, prompts, settings);
  if (prompts.length === 0 || settings.maxNewTokens === 0) return prompts.map(() => []);
  using decoding = new Decoding(gpu, models, mixture.weight, prompts, settings);
  decoding.write(stepsAReading());
  while (!decoding.hasEnded && !stop?.aborted) {
    const reading = decoding.readWritten(onToken);
    decoding.write(stepsAReading());
    await reading;
  }
  return decoding.texts;
}

/** The state of one batch of texts while they are written. */
class Decoding implements Disposable {
  /** The new tokens of each text that were read. */
  readonly texts: number[][];
  readonly #gpu: Gpu;
  /** One, or the two that are mixed. */
  readonly #models: readonly CachedModel[];
  readonly #mixtureWeight: number;
  readonly #settings: GenerationSettings;
  readonly #prompts: readonly GenerationPrompt[];
  readonly #rows: Tensor;
  readonly #done: Tensor;
  /** One column `"B 1"` a step: the tokens written. */
  readonly #tokens: Tensor;
  readonly #guard: RepetitionGuard | undefined;
  readonly #endIds: ReadonlySet<number>;
  #stepsWritten = 0;
  #stepsRead = 0;

  constructor(
    gpu: Gpu,
    models: readonly LanguageModel[],
    mixtureWeight: number,
    prompts: readonly GenerationPrompt[],
    settings: GenerationSettings,
  ) {
    const { maxNewTokens, eosId, otherEosIds = [], repetitionPenalty = 1, noRepeatNgram = 0 } = settings;
    const batch = prompts.length;
    this.#endIds = new Set([eosId, ...otherEosIds]);
    this.texts = prompts.map(() => []);
    this.#gpu = gpu;
    this.#mixtureWeight = mixtureWeight;
    this.#settings = settings;
    this.#prompts = prompts;
    this.#rows = gpu.upload(Uint32Array.from(prompts.map(({ key }) => key)));
    this.#done = gpu.upload(new Uint32Array(batch));
    this.#tokens = gpu.allocate([maxNewTokens, columnStride(gpu, batch)], "u32");
    const texts = {
      prompts: prompts.map(({ promptIds }) => promptIds),
      maxNewTokens,
      padId: settings.padId,
      done: this.#done,
    };
    this.#models = models.map((model) => openCachedModel(gpu, model, texts));
    if (repetitionPenalty === 1 && noRepeatNgram === 0) return;
    this.#guard = new RepetitionGuard(gpu, models[0], texts.prompts, { repetitionPenalty, noRepeatNgram });
  }

  /** Whether every text was read to its end. */
  get hasEnded(): boolean {
    return this.#stepsRead === this.#settings.maxNewTokens || this.texts.every((text) => this.#endsWithEos(text));
  }

  /** Writes so many tokens more of every text, and submits them. */
  write(steps: number): void {
    const end = Math.min(this.#stepsWritten + steps, this.#settings.maxNewTokens);
    while (this.#stepsWritten < end) this.#writeStep(this.#stepsWritten++);
    this.#gpu.flush();
  }

  /** Reads what is written by now; more may be written meanwhile. */
  async readWritten(onToken?: Watching["onToken"]): Promise<void> {
    const steps = this.#stepsWritten - this.#stepsRead;
    const [batch, stride] = [this.#prompts.length, this.#tokens.shape[1]];
    const tokens = await this.#gpu.read({ ...column(this.#tokens, this.#stepsRead, stride), shape: [steps, stride] });
    this.#stepsRead += steps;
    for (let step = 0; step < steps; step++) {
      for (let row = 0; row < batch; row++) {
        if (this.#endsWithEos(this.texts[row])) continue;
        this.texts[row].push(tokens[step * stride + row]);
        onToken?.(row, tokens[step * stride + row]);
      }
    }
  }

  [Symbol.dispose](): void {
    for (const part of [...this.#models, this.#guard]) part?.[Symbol.dispose]();
    for (const tensor of [this.#rows, this.#done, this.#tokens]) this.#gpu.release(tensor);
  }

  #endsWithEos(text: readonly number[]): boolean {
    return text.length > 0 && this.#endIds.has(text.at(-1)!);
  }

  #writeStep(step: number): void {
    using tape = new Tape(this.#gpu);
    const logits = this.#logits(
      tape,
      (model) =>
        step === 0
          ? model.readPrompts(tape)
          : model.readToken(tape, column(this.#tokens, step - 1, this.#prompts.length), step - 1),
    );
    this.#guard?.apply(logits, this.#tokens, step);
    const { seed, purpose, temperature, topK, topP, eosId, padId } = this.#settings;
    const tokens = column(this.#tokens, step, this.#prompts.length);
    sampleTokens(
      this.#gpu,
      { logits, tokens, done: this.#done, rows: this.#rows },
      { temperature, topK, topP, seed, purpose: fnv1a32(purpose), step, column: 0, eosId, padId },
    );
  }

  /** → the next logits of every text, `"B V"`; of two models those of their mixture. */
  #logits(tape: Tape, read: (model: CachedModel) => Variable): Tensor {
    const [first, second] = this.#models.map((model) => tape.scope(() => read(model)).value);
    return second ? tape.adopt(logMixture(this.#gpu, { first, second }, this.#mixtureWeight)) : first;
  }
}

function checkMixture({ actionCount, layout }: LanguageModel, mixture: TokenMixture): void {
  const { weight } = mixture;
  if (!(weight >= 0 && weight <= 1)) {
    throw new RangeError(`Cannot sample from a mixture: its weight is ${weight} but must be from 0 to 1`);
  }
  const other = mixture.model.actionCount;
  if (actionCount !== other) {
    throw new InputError(
      `The model's vocabulary has ${actionCount} tokens but that of the model mixed in ${other}; they must be the same`,
    );
  }
  if (!sameLayout(layout, mixture.model.layout)) {
    throw new InputError(
      "Of the two models mixed one is an encoder-decoder and the other is not; both must read a prompt alike",
    );
  }
}

function checkLengths(
  { config }: LanguageModel,
  prompts: readonly GenerationPrompt[],
  { maxNewTokens }: GenerationSettings,
): void {
  if (prompts.some(({ promptIds }) => promptIds.length === 0)) {
    throw new RangeError("Cannot generate: a prompt has no tokens");
  }
  if (!("maxPositions" in config)) return;
  const promptTokens = Math.max(...prompts.map(({ promptIds }) => promptIds.length));
  if (promptTokens + maxNewTokens > config.maxPositions) {
    throw new RangeError(
      `Cannot generate ${maxNewTokens} tokens after a prompt of ${promptTokens}: the model has ${config.maxPositions} positions`,
    );
  }
}
