import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { askForTopTokens, inFileOrder, KnownTopTokens, type TopTokenAsking } from "./known_top_tokens.ts";
import { type TopTokenLayout, TopTokenWriter } from "./top_token_file.ts";
import type { Trajectory } from "./trajectory_batch.ts";

/** Texts of many lengths over 29 tokens. */
export function variedTexts(count: number): Trajectory[] {
  const random = new RandomStream(1, "texts of a teacher");
  const tokens = (length: number) => Array.from({ length }, () => random.integer(29));
  return Array.from(
    { length: count },
    () => ({ prompt: tokens(1 + random.integer(9)), response: tokens(1 + random.integer(12)) }),
  );
}

export function layoutOf(texts: readonly Trajectory[], count: number, vocabSize: number): TopTokenLayout {
  return { key: "0123456789abcdef", count, vocabSize, lengths: texts.map(({ response }) => response.length) };
}

/** What a file has of texts, which is made where it is not there. */
export async function knownIn(
  path: string,
  gpu: Gpu,
  teacher: LanguageModel,
  texts: readonly Trajectory[],
  { count, temperature = 1, batchSize = 4, ...asking }: Partial<TopTokenAsking> & Pick<TopTokenAsking, "count">,
): Promise<KnownTopTokens> {
  const ordered = inFileOrder(texts);
  const layout = layoutOf(ordered, count, teacher.actionCount);
  {
    using writer = await TopTokenWriter.open(path, layout, new AbortController().signal);
    if (writer) await askForTopTokens(gpu, teacher, ordered, writer, { count, temperature, batchSize, ...asking });
  }
  return await KnownTopTokens.open(gpu, path, layout, ordered);
}
