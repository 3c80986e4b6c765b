import type { TokenMixture } from "#lib/generation/generate.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { positionOf } from "#lib/training/resumable.ts";
import type { NextTexts, TextDraws, TextSource } from "#lib/training/text_draws.ts";
import type { StudentRun } from "./method.ts";

/*
 * Whatever here changes as it is drawn from is kept in the run's checkpoint under the purpose of its draws, so that a run takes each of
 * these once.
 */

/** Batches of the training data that students see, in an order of the seed and the purpose. */
export function dataOf(run: StudentRun, purpose = "distillation data"): () => readonly Trajectory[] {
  return batchesOf(run, run.bench.studentRecords, purpose);
}

/** Batches of the teacher's texts, drawn once for all seeds, in the order of the seed. */
export async function teacherTextsOf(run: StudentRun): Promise<() => readonly Trajectory[]> {
  return batchesOf(run, await run.bench.teacherTexts(), "off-policy texts");
}

/**
 * Batches of fresh training prompts continued by the student as it is now, or by it and another model mixed token by token; so many
 * batches at a time, since the time to write them hardly grows with their number.
 */
export function promptDraws(
  run: StudentRun,
  mixture?: TokenMixture,
): (batches: number) => Promise<readonly (readonly Trajectory[])[]> {
  const { bench, student, seed, checkpoint } = run;
  // Their answers are not read, so prompts are those of all records.
  const nextBatch = batchesOf(run, bench.texts.train, "on-policy prompts");
  let draw = 0;
  checkpoint?.keep("on-policy draws", { state: () => ({ values: draw }), restore: ({ values }) => draw = values });
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
export function choicesOf({ seed, checkpoint }: StudentRun): RandomStream {
  const choices = new RandomStream(seed, "choice of texts");
  checkpoint?.keep("choice of texts", positionOf(choices));
  return choices;
}

/** The texts of a run's steps, whatever their source remembers kept with the run. */
export function nextTextsOf({ checkpoint }: StudentRun, texts: NextTexts | TextSource): NextTexts {
  if (typeof texts === "function") return texts;
  checkpoint?.keep("source of texts", texts);
  return (step) => texts.next(step);
}

function batchesOf(
  { bench, seed, checkpoint }: StudentRun,
  texts: readonly Trajectory[],
  purpose: string,
): () => readonly Trajectory[] {
  const batches = bench.batchesOf(texts, seed, purpose);
  checkpoint?.keep(purpose, batches);
  return () => batches.next();
}
