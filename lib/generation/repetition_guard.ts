import { banRepeatedNgrams, penalizeRepetition } from "#kernels/repetition/repetition.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
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
  readonly #batch: number;
  readonly #prompts: Tensor;
  readonly #lengths: Tensor;
  /** `"B 1"`: the last token of each prompt. */
  readonly #ends: Tensor;
  /** `"B V"`, where a penalty is asked for. */
  readonly #seen: Tensor | undefined;

  constructor(
    gpu: Gpu,
    { layout, config: { vocabSize } }: Pick<LanguageModel, "layout" | "config">,
    promptIds: readonly (readonly number[])[],
    limits: RepetitionLimits,
  ) {
    const prompts = layout.kind === "oneText" ? promptIds : promptIds.map(() => [layout.startId]);
    const batch = prompts.length;
    const width = Math.max(...prompts.map(({ length }) => length));
    const padded = new Uint32Array(batch * width);
    prompts.forEach((prompt, row) => padded.set(prompt, row * width));
    [this.#gpu, this.#limits, this.#batch] = [gpu, limits, batch];
    this.#prompts = gpu.upload(padded, [batch, width]);
    this.#lengths = gpu.upload(Uint32Array.from(prompts, ({ length }) => length));
    this.#ends = gpu.upload(Uint32Array.from(prompts, (prompt) => prompt.at(-1)!), [batch, 1]);
    if (limits.repetitionPenalty === 1) return;
    const seen = new Uint32Array(batch * vocabSize);
    prompts.forEach((prompt, row) => prompt.forEach((token) => seen[row * vocabSize + token] = 1));
    this.#seen = gpu.upload(seen, [batch, vocabSize]);
  }

  /**
   * Changes the logits, `"B V"`, that the tokens of a step are drawn from.
   *
   * @param tokens the columns of the tokens written
   */
  apply(logits: Tensor, tokens: Tensor, step: number): void {
    const { repetitionPenalty, noRepeatNgram } = this.#limits;
    if (this.#seen) {
      const last = step === 0 ? this.#ends : column(tokens, step - 1, this.#batch);
      penalizeRepetition(this.#gpu, { logits, seen: this.#seen, last }, repetitionPenalty);
    }
    if (noRepeatNgram > 0) {
      const rows = { logits, prompts: this.#prompts, lengths: this.#lengths, tokens };
      banRepeatedNgrams(this.#gpu, rows, noRepeatNgram, step);
    }
  }

  [Symbol.dispose](): void {
    for (const tensor of [this.#prompts, this.#lengths, this.#ends, this.#seen]) {
      if (tensor) this.#gpu.release(tensor);
    }
  }
}
