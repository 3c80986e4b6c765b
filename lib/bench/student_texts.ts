import type { TokenMixture } from "#lib/generation/generate.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { positionOf } from "#lib/training/resumable.ts";
import type { NextTexts, TextDraws, TextSource } from "#lib/training/text_draws.ts";
import type { StudentRun } from "./method.ts";
import type { Profile } from "./profile.ts";
import { distillationOf } from "./recipe.ts";
import type { SettingIssue } from "./section.ts";

/*
 * Whatever here changes as it is drawn from is kept in the run's checkpoint under the purpose of its draws, so that a run takes each of
 * these once.
 */

/**
 * The texts of a step shared out over the sources that a method reads, as evenly as can be: the first ones have one more. A source that
 * it does not read has none.
 *
 * @throws {RangeError} if the step has fewer texts than there are sources
 */
export function shareTexts<Source extends string>(
  { distillation: { textsPerStep } }: Pick<StudentRun, "distillation">,
  isRead: Readonly<Record<Source, boolean>>,
): Readonly<Record<Source, number>> {
  const sources = (Object.keys(isRead) as Source[]).filter((source) => isRead[source]);
  if (textsPerStep < sources.length) {
    throw new RangeError(
      `Cannot share ${textsPerStep} texts a step over ${sources.length} sources: ${sources.join(", ")}`,
    );
  }
  const shareOf = (source: Source) => {
    const place = sources.indexOf(source);
    return place < 0 ? 0 : Math.ceil((textsPerStep - place) / sources.length);
  };
  return Object.fromEntries(Object.keys(isRead).map((source) => [source, shareOf(source as Source)])) as Record<
    Source,
    number
  >;
}

/** What is wrong where a method reads more sources than a step has texts. @param key the setting that makes it read them */
export function issuesOfSharing(profile: Profile, sources: number, key: string): SettingIssue[] {
  const { textsPerStep } = distillationOf(profile);
  const message =
    `texts of ${sources} sources are read at each step, which has ${textsPerStep} (distillation.textsPerStep)`;
  return textsPerStep < sources ? [{ path: [key], message }] : [];
}

const DATA = "distillation data";

/** Batches of the training data that students see, in an order of the seed and the purpose; default as many texts as a step has. */
export function dataOf(run: StudentRun, purpose = DATA, size?: number): () => readonly Trajectory[] {
  return batchesOf(run, run.bench.studentRecords, purpose, size);
}

/**
 * Batches of the texts at whose states the teacher's likeliest tokens are known, in the order of `dataOf`: the data, or the teacher's own
 * texts where nothing else is known of it.
 */
export function taughtTextsOf(run: StudentRun): () => readonly Trajectory[] {
  const { task: { teacherTexts }, studentRecords } = run.bench;
  return batchesOf(run, teacherTexts ?? studentRecords, DATA);
}

/** Batches of the teacher's texts, drawn once for all seeds, in the order of the seed; default as many as a step has. */
export async function teacherTextsOf(run: StudentRun, size?: number): Promise<() => readonly Trajectory[]> {
  return batchesOf(run, await run.bench.teacherTexts(), "off-policy texts", size);
}

/**
 * Batches of fresh training prompts continued by the student as it is now, or by it and another model mixed token by token; so many
 * batches at a time, since the time to write them hardly grows with their number. A batch has as many prompts as a step has texts, or
 * `size`, each continued once or `textsPerPrompt` times one after another.
 */
export function promptDraws(
  run: StudentRun,
  { size, textsPerPrompt = 1, mixture }: {
    readonly size?: number;
    readonly textsPerPrompt?: number;
    readonly mixture?: TokenMixture;
  } = {},
): (batches: number) => Promise<readonly (readonly Trajectory[])[]> {
  const { bench, student, seed, checkpoint } = run;
  // Their answers are not read, so prompts are those of all records.
  const nextBatch = batchesOf(run, bench.texts.train, "on-policy prompts", size);
  let draw = 0;
  checkpoint?.keep("on-policy draws", { state: () => ({ values: draw }), restore: ({ values }) => draw = values });
  return async (batches) => {
    const drawn = Array.from({ length: batches }, nextBatch);
    const prompts = drawn.flat().flatMap(({ prompt }) => Array<typeof prompt>(textsPerPrompt).fill(prompt));
    const texts = await bench.respond(student, prompts, seed, `on-policy draw ${draw++}`, mixture);
    let start = 0;
    return drawn.map(({ length }) => texts.slice(start, start += length * textsPerPrompt));
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
  { bench, seed, checkpoint, distillation: { textsPerStep } }: StudentRun,
  texts: readonly Trajectory[],
  purpose: string,
  size = textsPerStep,
): () => readonly Trajectory[] {
  if (size === 0) return () => [];
  const batches = bench.batchesOf(texts, size, { seed, purpose });
  checkpoint?.keep(purpose, batches);
  return () => batches.next();
}
