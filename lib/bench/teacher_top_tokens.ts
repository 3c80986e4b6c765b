import { adapterName } from "#kernels/runtime/adapter.ts";
import { formatBytes } from "#lib/byte_count.ts";
import { InputError, StorageError } from "#lib/errors.ts";
import { freeBytes } from "#lib/hub/free_space.ts";
import { askForTopTokens, inFileOrder, KnownTopTokens } from "#lib/objectives/known_top_tokens.ts";
import { type TopTokenLayout, TopTokenWriter } from "#lib/objectives/top_token_file.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { digestOfJson } from "#lib/results/digest.ts";
import { CACHE_FOLDER } from "./pair_oracle.ts";
import { NUMERICS } from "./numerics.ts";
import { teacherMade } from "./shared_made.ts";
import type { Task } from "./task.ts";
import type { Workbench } from "./workbench.ts";

/** Where files of teachers lie, from the project's folder: any may be deleted at any time. */
const TEACHER_FOLDER = `${CACHE_FOLDER}/teacher`;
/** Raise it where the same teacher would be asked otherwise. */
const VERSION = 1;

/** What of a teacher's policy is kept. */
export interface TopTokenChoice {
  /** K of its tokens at each state. */
  readonly count: number;
  /** Divides its logits. */
  readonly temperature: number;
}

/** Who is asked for what, on which adapter. */
export interface TopTokenQuestion {
  readonly task: Task;
  /** The texts at whose states it is asked. */
  readonly texts: readonly Trajectory[];
  readonly choice: TopTokenChoice;
  /** V. */
  readonly vocabSize: number;
  readonly adapter: string;
}

/** A file of a teacher's likeliest tokens, whether or not it is there. */
export interface TopTokenPlace {
  readonly path: string;
  readonly layout: TopTokenLayout;
  /** In the order of the file. */
  readonly texts: readonly Trajectory[];
}

/**
 * The file is named by the digest of all that decides its numbers: the teacher (which is its files or commit where it is taken as it is, and
 * else all that it was trained by), the texts, K, the temperature, how many texts are read at once, the adapter, and the declared versions.
 * A student counts for nothing, so that one file serves several.
 *
 * @throws {InputError} for K over V
 */
export function topTokenPlace({ task, texts, choice, vocabSize, adapter }: TopTokenQuestion): TopTokenPlace {
  const { count, temperature } = choice;
  if (count > vocabSize) {
    throw new InputError(
      `the teacher's ${count} likeliest tokens: its vocabulary has ${vocabSize}, which are the most`,
    );
  }
  const { profile: { teacher: { training }, evaluation: { batchSize } }, teacherValues } = task;
  const teacher = training.steps === 0 && teacherValues !== undefined ? teacherValues : teacherMade(task);
  const ordered = inFileOrder(texts);
  const key = digestOfJson(
    [VERSION, NUMERICS, teacher, adapter, vocabSize, count, temperature, batchSize, ordered],
  );
  const layout = { key, count, vocabSize, lengths: ordered.map(({ response }) => response.length) };
  return { path: `${TEACHER_FOLDER}/${key}.bin`, layout, texts: ordered };
}

/**
 * Opens the file; the teacher is asked for what it lacks, and has left the memory again where the task keeps it apart. Of a teacher known by
 * its texts it is what they say.
 *
 * @throws {RangeError} if they say nothing
 */
export async function knownTopTokens(
  bench: Workbench,
  choice: TopTokenChoice,
  vocabSize: number,
): Promise<KnownTopTokens> {
  const { gpu, task, studentRecords, stop, profile: { evaluation: { batchSize } } } = bench;
  if (task.teacherTexts) {
    const { teacherTopTokens: known } = task;
    if (!known) {
      throw new RangeError(`Cannot learn from likeliest tokens of the teacher of ${task.name}: none are known`);
    }
    return KnownTopTokens.of(gpu, known.rows, known.count, task.teacherTexts);
  }
  const adapter = adapterName(gpu.adapterInfo);
  const { path, layout, texts } = topTokenPlace({ task, texts: studentRecords, choice, vocabSize, adapter });
  {
    using writer = await TopTokenWriter.open(path, layout, stop);
    if (writer) {
      await expectRoomFor(path, writer.missingBytes);
      const { model } = await bench.teacher();
      const what = `the teacher's ${choice.count} likeliest tokens`;
      bench.say(`${what} at the states of ${texts.length - writer.done} texts, to ${path}`);
      const tell = bench.progressOf(what);
      const progress = (done: number) => tell(done, texts.length);
      await askForTopTokens(gpu, model, texts, writer, { ...choice, batchSize, stop, progress });
    }
  }
  await bench.partFromTeacher();
  return await KnownTopTokens.open(gpu, path, layout, texts);
}

/** @throws {StorageError} where the disk has not so much room */
export async function expectRoomFor(path: string, needed: number, freeOf = freeBytes): Promise<void> {
  const folder = path.slice(0, path.lastIndexOf("/"));
  const free = await freeOf(folder);
  if (free === undefined || needed <= free) return;
  throw new StorageError(
    `${folder}: the teacher's likeliest tokens take ${formatBytes(needed)} and ${formatBytes(free)} are free; ` +
      "free some space, or keep fewer of them",
  );
}
