import { banRepeatedNgrams, penalizeRepetition } from "#kernels/repetition/repetition.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Shape, Tensor } from "#kernels/runtime/tensor.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { column } from "./step_columns.ts";

/** What keeps a text from repeating itself. What has occurred is the prompt and what is written; of an encoder-decoder the latter alone. */
export interface RepetitionLimits {
  /** Divides the positive logits of tokens that have occurred, and multiplies the others. 1 changes nothing. */
  readonly repetitionPenalty: number;
  /** No run of so many tokens occurs twice. 0 forbids none. */
  readonly noRepeatNgram: number;
}

/** Applies repetition limits to the texts of a batch while they are written. */
export class RepetitionGuard implements Disposable {
  readonly #gpu: Gpu;
  readonly #limits: RepetitionLimits;
  /** What each row begins with. */
  readonly #beginnings: readonly (readonly number[])[];
  readonly #prompts: Tensor;
  readonly #lengths: Tensor;
  /** `"B 1"`: the last token of each prompt. */
  readonly #ends: Tensor;
  /** `"B V"`, once there are logits, where a penalty is asked for. */
  #seen: Tensor | undefined;

  constructor(
    gpu: Gpu,
    { layout }: Pick<LanguageModel, "layout">,
    promptIds: readonly (readonly number[])[],
    limits: RepetitionLimits,
  ) {
    const prompts = layout.kind === "oneText" ? promptIds : promptIds.map(() => [layout.startId]);
    const batch = prompts.length;
    const width = Math.max(...prompts.map(({ length }) => length));
    const padded = new Uint32Array(batch * width);
    prompts.forEach((prompt, row) => padded.set(prompt, row * width));
    [this.#gpu, this.#limits, this.#beginnings] = [gpu, limits, prompts];
    this.#prompts = gpu.upload(padded, [batch, width]);
    this.#lengths = gpu.upload(Uint32Array.from(prompts, ({ length }) => length));
    this.#ends = gpu.upload(Uint32Array.from(prompts, (prompt) => prompt.at(-1)!), [batch, 1]);
  }

  /**
   * Changes the logits, `"B V"`, that the tokens of a step are drawn from.
   *
   * @param tokens the columns of the tokens written
   */
  apply(logits: Tensor, tokens: Tensor, step: number): void {
    const { repetitionPenalty, noRepeatNgram } = this.#limits;
    if (repetitionPenalty !== 1) {
      const last = step === 0 ? this.#ends : column(tokens, step - 1, this.#beginnings.length);
      this.#seen ??= this.#seenIn(logits.shape);
      penalizeRepetition(this.#gpu, { logits, seen: this.#seen, last }, repetitionPenalty);
    }
    if (noRepeatNgram > 0) {
      const rows = { logits, prompts: this.#prompts, lengths: this.#lengths, tokens };
      banRepeatedNgrams(this.#gpu, rows, noRepeatNgram, step);
    }
  }

  /** Which tokens the rows begin with, of those that logits of this shape have. */
  #seenIn([batch, vocabSize]: Shape): Tensor {
    const seen = new Uint32Array(batch * vocabSize);
    for (const [row, tokens] of this.#beginnings.entries()) {
      for (const token of tokens) if (token < vocabSize) seen[row * vocabSize + token] = 1;
    }
    return this.#gpu.upload(seen, [batch, vocabSize]);
  }

  [Symbol.dispose](): void {
    for (const tensor of [this.#prompts, this.#lengths, this.#ends, this.#seen]) {
      if (tensor) this.#gpu.release(tensor);
    }
  }
}
