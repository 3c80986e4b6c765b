import { lump } from "#kernels/lump/lump.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { topTokenPages } from "#kernels/top_tokens/top_tokens.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import type { TaughtBatch } from "./distillation.ts";
import { eachPartOfLogits, type LogitsPart } from "./logits_in_parts.ts";
import { TopTokenFile, type TopTokenLayout, type TopTokenRows, type TopTokenWriter } from "./top_token_file.ts";
import { inGroups, responseTokensOf, type Trajectory } from "./trajectory_batch.ts";

/** How a teacher is asked for its likeliest tokens. */
export interface TopTokenAsking {
  /** K. */
  readonly count: number;
  /** Divides its logits. */
  readonly temperature: number;
  /** Texts that it reads at once. */
  readonly batchSize: number;
  readonly stop?: AbortSignal;
  /** Told how many of the texts are done. */
  readonly progress?: (done: number) => void;
}

/** Texts in the order in which a file has them: of like length together, for there is less padding then. */
export function inFileOrder(texts: readonly Trajectory[]): Trajectory[] {
  const lengthOf = ({ prompt, response }: Trajectory) => prompt.length + response.length;
  return texts.toSorted((a, b) => lengthOf(a) - lengthOf(b));
}

/**
 * What a teacher makes of the response states of texts that come up again and again, as a file has it: log-probabilities of its likeliest
 * tokens, and of all others together. The teacher need not be in memory; of the file, what a step needs is read.
 */
export class KnownTopTokens {
  readonly #gpu: Gpu;
  readonly #file: TopTokenFile;
  readonly #layout: TopTokenLayout;
  readonly #places: ReadonlyMap<Trajectory, number>;

  private constructor(gpu: Gpu, file: TopTokenFile, layout: TopTokenLayout, texts: readonly Trajectory[]) {
    [this.#gpu, this.#file, this.#layout] = [gpu, file, layout];
    this.#places = new Map(texts.map((text, place) => [text, place]));
  }

  /**
   * @param texts in the order of the file
   * @throws {StorageError} if the file is not as it was written
   */
  static async open(
    gpu: Gpu,
    path: string,
    layout: TopTokenLayout,
    texts: readonly Trajectory[],
  ): Promise<KnownTopTokens> {
    return new KnownTopTokens(gpu, await TopTokenFile.open(path, layout), layout, texts);
  }

  /**
   * What is known of the states of some of the texts, in the order of `packTrajectories`. The caller releases the tensors.
   *
   * @throws {RangeError} if a text is not among those known
   * @throws {StorageError} if the file is not as it was written
   */
  async lookUp(texts: readonly Trajectory[]): Promise<Pick<TaughtBatch, "topTokens" | "topLogProbs">> {
    const places = texts.map((text) => {
      const place = this.#places.get(text);
      if (place === undefined) {
        throw new RangeError("Cannot look up the tokens of a text that is not among those known");
      }
      return place;
    });
    const rows = await this.#file.read(places);
    const [states, { count }] = [responseTokensOf(texts), this.#layout];
    const [ids, logProbs] = [
      joined(Uint32Array, rows.map(({ ids }) => ids)),
      joined(Float32Array, rows.map((row) => row.logProbs)),
    ];
    return {
      topTokens: this.#gpu.upload(ids, [states, count]),
      topLogProbs: this.#gpu.upload(logProbs, [states, logProbs.length / states]),
    };
  }
}

/**
 * Asks a teacher for what a file lacks, batch by batch, each written when it is done. Batches are the same wherever it goes on, so that
 * the file comes to the same bytes.
 *
 * @param texts in the order of the file
 */
export async function askForTopTokens(
  gpu: Gpu,
  teacher: LanguageModel,
  texts: readonly Trajectory[],
  writer: TopTokenWriter,
  { count, temperature, batchSize, stop, progress }: TopTokenAsking,
): Promise<void> {
  await writer.keepFirst(Math.floor(writer.done / batchSize) * batchSize);
  progress?.(writer.done);
  for (const part of inGroups(texts.slice(writer.done), batchSize)) {
    stop?.throwIfAborted();
    await writer.append(await topTokensOf(gpu, teacher, part, { count, temperature }));
    progress?.(writer.done);
  }
  await writer.finish();
}

async function topTokensOf(
  gpu: Gpu,
  teacher: LanguageModel,
  texts: readonly Trajectory[],
  asking: Pick<TopTokenAsking, "count" | "temperature">,
): Promise<TopTokenRows[]> {
  const parts: TopTokenRows[] = [];
  await eachPartOfLogits(gpu, teacher, texts, gpu.tuning.logitsBytes, async (part) => {
    parts.push(await topTokensAt(gpu, part, asking));
  });
  const all = {
    ids: joined(Uint32Array, parts.map(({ ids }) => ids)),
    logProbs: joined(Float32Array, parts.map(({ logProbs }) => logProbs)),
  };
  const events = all.logProbs.length / responseTokensOf(texts);
  let end = 0;
  return texts.map(({ response: { length } }) => {
    const start = end;
    end += length;
    return {
      ids: all.ids.slice(start * asking.count, end * asking.count),
      logProbs: all.logProbs.slice(start * events, end * events),
    };
  });
}

async function topTokensAt(
  gpu: Gpu,
  { tape, logits }: LogitsPart,
  { count, temperature }: Pick<TopTokenAsking, "count" | "temperature">,
): Promise<TopTokenRows> {
  const [states] = logits.value.shape;
  const pages = topTokenPages(gpu, logits.value, count);
  const read = await gpu.readAll(pages.map(({ tokens }) => tokens));
  for (const page of pages) for (const tensor of Object.values(page)) gpu.release(tensor);
  const ids = new Uint32Array(states * count);
  for (let n = 0; n < states; n++) {
    let at = n * count;
    pages.forEach(({ tokens: { shape: [, width] } }, page) => {
      ids.set(read[page].subarray(n * width, (n + 1) * width), at);
      at += width;
    });
    ids.subarray(n * count, at).sort();
  }
  const idsOnGpu = tape.adopt(gpu.upload(ids, [states, count]));
  const events = tape.apply(lump, { logits, ids: tape.constant(idsOnGpu) }, { temperature });
  return { ids, logProbs: normalized(await gpu.read(events.value), states) };
}

/** Log-probabilities of rows of logits, each summed in float64. */
function normalized(logits: ArrayLike<number>, rows: number): Float32Array<ArrayBuffer> {
  const size = logits.length / rows;
  const logProbs = new Float32Array(logits.length);
  for (let n = 0; n < rows; n++) {
    let largest = -Infinity;
    for (let i = n * size; i < (n + 1) * size; i++) largest = Math.max(largest, logits[i]);
    let sum = 0;
    for (let i = n * size; i < (n + 1) * size; i++) sum += Math.exp(logits[i] - largest);
    const logSum = largest + Math.log(sum);
    for (let i = n * size; i < (n + 1) * size; i++) logProbs[i] = logits[i] - logSum;
  }
  return logProbs;
}

function joined<Numbers extends Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>>(
  kind: new (length: number) => Numbers,
  parts: readonly Numbers[],
): Numbers {
  const all = new kind(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
