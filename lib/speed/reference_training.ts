import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { fineTuning } from "#lib/objectives/supervised.ts";
import { packTrajectories, releaseBatch, type TrajectoryBatch } from "#lib/objectives/trajectory_batch.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { AdamW } from "#lib/training/adam_w.ts";
import { updateStep } from "#lib/training/update_step.ts";
import { REFERENCE_BATCH, REFERENCE_TOKENS } from "./reference_gpt.ts";

/** Fine-tuning of a reference model on one batch of random texts: a response of 128 tokens, in the decoder alone or to as long a prompt. */
export class ReferenceTraining<Model extends LanguageModel> implements Disposable {
  readonly model: Model;
  readonly #gpu: Gpu;
  readonly #optimizer: AdamW;
  readonly #batch: TrajectoryBatch;

  /** @param model is disposed of with the training */
  constructor(gpu: Gpu, model: Model) {
    this.#gpu = gpu;
    this.model = model;
    this.#optimizer = new AdamW(gpu, model.store, { betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 });
    const random = new RandomStream(1, "reference batch");
    const promptTokens = model.layout.kind === "oneText" ? 1 : REFERENCE_TOKENS;
    const text = () =>
      Array.from({ length: promptTokens + REFERENCE_TOKENS }, () => random.integer(model.config.vocabSize));
    const texts = Array.from({ length: REFERENCE_BATCH }, text);
    this.#batch = packTrajectories(
      gpu,
      texts.map((ids) => ({ prompt: ids.slice(0, promptTokens), response: ids.slice(promptTokens) })),
      model.layout,
    );
  }

  async step(): Promise<void> {
    const update = { optimizer: this.#optimizer, learningRate: 1e-3 };
    const measures = await updateStep(
      this.#gpu,
      [update],
      [(tape) => fineTuning(tape, { student: this.model }, this.#batch)],
    );
    for (const tensor of Object.values(measures)) this.#gpu.release(tensor);
  }

  [Symbol.dispose](): void {
    releaseBatch(this.#gpu, this.#batch);
    this.#optimizer[Symbol.dispose]();
    this.model[Symbol.dispose]();
  }
}
