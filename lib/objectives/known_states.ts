import { embedding } from "#kernels/embedding/embedding.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { BYTES_PER_ELEMENT, type Tensor } from "#kernels/runtime/tensor.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { readableGroups } from "#lib/memory/reading.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { packTrajectories, releaseBatch, type StateLookup, type Trajectory } from "./trajectory_batch.ts";

/** A table may take as much memory as every adapter can bind at once. */
const MAX_BYTES = 128 * 2 ** 20;

/**
 * The last hidden states of a model that no longer learns, at the response states of texts that come up again and again: a
 * teacher and its own texts. They are computed once, and equal to the bit to those of any batch.
 */
export class KnownStates implements Disposable {
  readonly #gpu: Gpu;
  readonly #model: LanguageModel;
  readonly #table: Tensor;
  readonly #firstRows: ReadonlyMap<Trajectory, number>;

  private constructor(gpu: Gpu, model: LanguageModel, table: Tensor, firstRows: ReadonlyMap<Trajectory, number>) {
    this.#gpu = gpu;
    this.#model = model;
    this.#table = table;
    this.#firstRows = firstRows;
  }

  /** Runs the model over the texts, unless their states would take more memory than 128 MiB, or than the device binds. */
  static async of(gpu: Gpu, model: LanguageModel, texts: readonly Trajectory[]): Promise<KnownStates | undefined> {
    const { hiddenSize } = model.config;
    const count = texts.reduce((sum, { response }) => sum + response.length, 0);
    const most = Math.min(MAX_BYTES, gpu.bindingLimit);
    if (count === 0 || count * hiddenSize * BYTES_PER_ELEMENT > most) return undefined;
    const table = gpu.allocate([count, hiddenSize]);
    const firstRows = new Map<Trajectory, number>();
    // Texts of like length together, for there is less padding then.
    const tokensOf = ({ prompt, response }: Trajectory) => prompt.length + response.length;
    const ordered = texts.toSorted((a, b) => tokensOf(a) - tokensOf(b));
    let row = 0;
    const { bindingLimit } = gpu;
    for (const part of readableGroups({ config: model.config, bindingLimit }, ordered, tokensOf)) {
      writeStates(gpu, model, part, table, row);
      for (const text of part) {
        firstRows.set(text, row);
        row += text.response.length;
      }
      await gpu.throttle();
    }
    return new KnownStates(gpu, model, table, firstRows);
  }

  /**
   * Where the states of some of the texts lie, in the order of `packTrajectories`. The caller releases `rows`.
   *
   * @throws {RangeError} if a text is not among those known
   */
  lookUp(texts: readonly Trajectory[]): StateLookup {
    const rows = texts.flatMap((text) => {
      const first = this.#firstRows.get(text);
      if (first === undefined) {
        throw new RangeError("Cannot look up the states of a text that is not among those known");
      }
      return text.response.map((_, t) => first + t);
    });
    return { model: this.#model, table: this.#table, rows: this.#gpu.upload(Uint32Array.from(rows)) };
  }

  [Symbol.dispose](): void {
    this.#gpu.release(this.#table);
  }
}

/** Writes the states of texts to a table, from a row on. */
function writeStates(gpu: Gpu, model: LanguageModel, texts: readonly Trajectory[], table: Tensor, row: number): void {
  const batch = packTrajectories(gpu, texts, model.layout);
  using tape = new Tape(gpu);
  const all = model.hiddenStates(tape, batch.tokens);
  const { value } = tape.apply(embedding, { table: all, ids: tape.constant(batch.states) }, {});
  const offset = table.offset + row * value.shape[1] * BYTES_PER_ELEMENT;
  gpu.copy(value, { ...table, shape: value.shape, offset });
  releaseBatch(gpu, batch);
}
