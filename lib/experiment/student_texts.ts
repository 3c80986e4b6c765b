import type { TokenMixture } from "#lib/generation/generate.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import type { TextDraws } from "#lib/training/text_draws.ts";
import type { StudentRun } from "./method.ts";

/** Batches of the training data, in the order of the seed. */
export function dataOf({ bench, seed }: StudentRun): () => readonly Trajectory[] {
  return bench.batchesOf(bench.texts.train, seed, "distillation data");
}

/** Batches of the teacher's texts, drawn once for all seeds, in the order of the seed. */
export async function teacherTextsOf({ bench, seed }: StudentRun): Promise<() => readonly Trajectory[]> {
  return bench.batchesOf(await bench.teacherTexts(), seed, "off-policy texts");
}

/**
 * Batches of fresh training prompts continued by the student as it is now, or by it and another model mixed token by token; so many
 * batches at a time, since the time to write them hardly grows with their number.
 */
export function promptDraws(
  { bench, student, seed }: StudentRun,
  mixture?: TokenMixture,
): (batches: number) => Promise<readonly (readonly Trajectory[])[]> {
  const nextBatch = bench.batchesOf(bench.texts.train, seed, "on-policy prompts");
  let draw = 0;
  return async (batches) => {
    const drawn = Array.from({ length: batches }, nextBatch);
    const prompts = drawn.flatMap((batch) => batch.map(({ prompt }) => prompt));
    const texts = await bench.respond(student, prompts, seed, `on-policy draw ${draw++}`, mixture);
    let start = 0;
    return drawn.map(({ length }) => texts.slice(start, start += length));
  };
}

/** The data, and the student's own continuations of fresh prompts. */
export function drawsOf(run: StudentRun): TextDraws {
  const draw = promptDraws(run);
  return { data: dataOf(run), student: async () => (await draw(1))[0] };
}

/** What a method's choices of texts are drawn from. */
export function choicesOf({ seed }: StudentRun): RandomStream {
  return new RandomStream(seed, "choice of texts");
}
