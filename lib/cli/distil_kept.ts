import { adapterName, requestAdapter } from "#kernels/runtime/adapter.ts";
import { effectiveSettings, type RegisteredMethod } from "#lib/bench/method_registry.ts";
import type { Profile } from "#lib/bench/profile.ts";
import { needsTeacherBeside } from "#lib/bench/teacher_beside.ts";
import { CACHE_FOLDER } from "#lib/bench/pair_oracle.ts";
import { topTokenPlace } from "#lib/bench/teacher_top_tokens.ts";
import { formatBytes } from "#lib/byte_count.ts";
import { type DistilSubject, distilTask } from "#lib/distillation/distil_task.ts";
import { isModel } from "#lib/distillation/teacher.ts";
import { InputError } from "#lib/errors.ts";
import type { Saving } from "#lib/memory/saving.ts";
import { partOf, topTokenBytes } from "#lib/objectives/top_token_file.ts";
import { isFile } from "#lib/results/storage.ts";
import type { DiskNeed } from "./distil_disk.ts";
import type { Methods } from "./distil_flags.ts";

/** The setting of a method that can learn from what is kept of the teacher: K, or null for its whole vocabulary. */
const TOP_TOKENS = "topTokens";

/** What of the teacher lies on the disk before a student trains. */
export interface KeptTokens {
  readonly path: string;
  readonly count: number;
  readonly vocabSize: number;
  readonly states: number;
  readonly bytes: number;
  /** Of them there already, by an earlier run; all of them where the file is whole. */
  readonly thereBytes: number;
}

/** The methods that learn from so many of the teacher's tokens, as settings: `kd.topTokens`. */
export function topTokenSettings(methods: Methods, count: number | undefined): Record<string, number> {
  if (count === undefined) return {};
  const learning = Object.values(methods).filter(learnsFromTokens);
  return Object.fromEntries(learning.map(({ registered }) => [`${registered}.${TOP_TOKENS}`, count]));
}

/**
 * @param names of the rows
 * @throws {InputError} if `--teacher-top-k` is given, and a row learns from more of the teacher than that, or none from it
 */
export function expectTopTokensSuffice(count: number | undefined, names: readonly string[], methods: Methods): void {
  if (count === undefined) return;
  if (count === 0) throw new InputError("--teacher-top-k 0: must be at least 1");
  const flag = `--teacher-top-k ${count}`;
  const those = (isOne: (method: RegisteredMethod) => boolean) =>
    Object.keys(methods).filter((name) => isOne(methods[name])).join(", ");
  const learning = those(learnsFromTokens);
  const greedy = names.find((name) => methods[name].teacher === "probabilities" && !learnsFromTokens(methods[name]));
  if (greedy !== undefined) {
    const beside = those(({ teacher, reads }) => teacher !== "probabilities" && reads.includes("distillation"));
    throw new InputError(
      `${flag}: ${greedy} needs the teacher while the student trains; ${learning} learns from its likeliest tokens, and ` +
        `${beside} from its texts or the data alone`,
    );
  }
  if (!names.some((name) => learnsFromTokens(methods[name]))) {
    throw new InputError(
      `${flag}: ${names.join(" and ")} learns from no probabilities; take ${learning}, or leave it out`,
    );
  }
}

/** K of the rows that learn from likeliest tokens, the most of them; undefined where none does. */
export function topTokensOf(rows: Methods, profile: Profile): number | undefined {
  const counts = Object.values(rows).flatMap((row) => countOf(row, profile) ?? []);
  return counts.length > 0 ? Math.max(...counts) : undefined;
}

/** Whether a row needs more of the teacher than texts, and likeliest tokens where it learns from these. */
export function needsMoreThanTokens(row: RegisteredMethod, profile: Profile): boolean {
  return row.teacher === "probabilities" && countOf(row, profile) === undefined;
}

/** @throws {InputError} if `--teacher-top-k` is given, and a setting keeps the teacher beside the student for something else */
export function expectTeacherMayLeave(count: number | undefined, rows: Methods, profile: Profile): void {
  const keeping = Object.entries(rows).find(([, row]) => needsTeacherBeside(row, profile))?.[0];
  if (count === undefined || keeping === undefined) return;
  const { heldOut } = profile.evaluation;
  const setting = heldOut === "loss" ? "preferences.oracle=teacherLogProb" : `evaluation.heldOut=${heldOut}`;
  throw new InputError(
    `--teacher-top-k ${count}: ${setting} needs the teacher while the student of ${keeping} trains; leave one of them out`,
  );
}

/** What the rows of a run have in memory of the teacher while a student trains. */
export function apartOf(rows: Methods, profile: Profile): Pick<Saving, "teacherApart" | "topTokens"> {
  return {
    teacherApart: Object.values(rows).every((row) => !needsTeacherBeside(row, profile)),
    topTokens: topTokensOf(rows, profile),
  };
}

/** Nothing of a teacher known by its texts. @throws {InputError} if there are fewer tokens than are to be kept */
export async function keptTokensOf(subject: DistilSubject, profile: Profile, rows: Methods): Promise<KeptTokens[]> {
  const learning = Object.values(rows).filter((row) => countOf(row, profile) !== undefined);
  if (learning.length === 0 || !isModel(subject.teacher)) return [];
  const adapter = adapterName((await requestAdapter()).info);
  const { texts: { train: texts, vocabSize } } = subject;
  return learning.map((row) => {
    const [count, { temperature }] = [
      countOf(row, profile)!,
      effectiveSettings(row, profile) as { temperature: number },
    ];
    const task = distilTask(profile, subject);
    const { path, layout } = topTokenPlace({ task, texts, vocabSize, adapter, choice: { count, temperature } });
    const states = layout.lengths.reduce((sum, length) => sum + length, 0);
    const bytes = topTokenBytes(layout);
    return { path, count, vocabSize, states, bytes, thereBytes: isFile(path) ? bytes : sizeOf(partOf(path)) };
  });
}

/** What they take of the disk that the project's cache is on. */
export function keptNeeds(kept: readonly KeptTokens[]): DiskNeed[] {
  return kept.map(({ bytes, thereBytes }) => ({
    folder: CACHE_FOLDER,
    bytes: Math.max(0, bytes - thereBytes),
    what: "the teacher's likeliest tokens",
    remedy: "lower --teacher-top-k",
  }));
}

/** A line for the person who asks what would be done. */
export function describeKept({ path, count, vocabSize, states, bytes, thereBytes }: KeptTokens): string {
  const there = thereBytes >= bytes
    ? ", there already"
    : thereBytes > 0
    ? `, ${formatBytes(thereBytes)} of it there`
    : "";
  return `${count} of ${vocabSize} tokens at ${states} states: ${formatBytes(bytes)} in ${path}${there}`;
}

export function learnsFromTokens({ settings }: RegisteredMethod): boolean {
  return TOP_TOKENS in settings.shape;
}

function countOf(row: RegisteredMethod, profile: Profile): number | undefined {
  if (!learnsFromTokens(row)) return undefined;
  return (effectiveSettings(row, profile) as { readonly [TOP_TOKENS]: number | null })[TOP_TOKENS] ?? undefined;
}

function sizeOf(path: string): number {
  return isFile(path) ? Deno.statSync(path).size : 0;
}
