import { isJsonObject } from "#lib/data/json_text.ts";
import { InputError } from "#lib/errors.ts";
import { readJsonFile } from "#lib/json_file.ts";
import { expectNothingIn } from "#lib/results/empty_folder.ts";
import { isFile, writeAtomically } from "#lib/results/storage.ts";

/** The folder beside a distilled model's files that has its results, and within it that of the scores. */
export const RESULTS_NAME = "results";
/** What the teacher behind an endpoint has written, for people to read and for `--teacher-texts`. */
export const TEXTS_FILE = `${RESULTS_NAME}/teacher_texts.jsonl`;
const RUN_FILE = `${RESULTS_NAME}/run.json`;

/** Of what makes two runs one, that which is several. */
const SEVERAL: readonly string[] = ["data", "rows", "seeds", "settings"];

/** What makes two runs one: the same command goes on where it was stopped. */
export type RunIdentity = Readonly<Record<string, string | readonly (string | number)[]>>;

/**
 * Refuses a folder that holds anything but this run.
 *
 * @throws {InputError} in one line: what it holds, or how its run differs
 */
export async function expectOwnFolder(folder: string, run: RunIdentity): Promise<void> {
  const path = `${folder}/${RUN_FILE}`;
  if (!isFile(path)) return expectNothingIn(folder);
  const recorded = await readJsonFile(path);
  const before = isJsonObject(recorded) ? recorded : {};
  const differing = Object.keys(run).find((key) => JSON.stringify(before[key]) !== JSON.stringify(run[key]));
  if (differing === undefined) return;
  throw new InputError(
    `${folder}: holds a run with ${SEVERAL.includes(differing) ? "other" : "another"} ${differing} (${
      show(before[differing])
    }, now ${show(run[differing])}); ` +
      "name another --out, or delete it",
  );
}

/** Says whose folder it is, before anything else is written to it. */
export async function claimFolder(folder: string, run: RunIdentity): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  await writeAtomically(`${folder}/${RUN_FILE}`, `${JSON.stringify(run, null, 2)}\n`);
}

function show(value: unknown): string {
  return value === undefined ? "none" : typeof value === "string" ? value : JSON.stringify(value);
}
