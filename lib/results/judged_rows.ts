import { InputError } from "#lib/errors.ts";
import { compareKeys } from "./csv_rows.ts";
import { readTextIfThere, writeIfChanged } from "./storage.ts";

/** A judge's scores of a cell's responses to one set. */
export interface JudgedRow {
  readonly method: string;
  readonly seed: number;
  readonly dataset: string;
  /** The grades of the responses over the mean grade of the references, item by item. */
  readonly items: readonly number[];
  /** The model that graded. */
  readonly judge: string;
}

const FILE = "judge.jsonl";

/** The rows of `judge.jsonl` beside the scores of an experiment; none where it was never judged. */
export async function readJudged(folder: string): Promise<JudgedRow[]> {
  const path = `${folder}/${FILE}`;
  return parseLines(await readTextIfThere(path) ?? "", path, "remove the file and run ./run judge again");
}

/** Reads JSON Lines. @throws {InputError} with file, line and remedy, if a line is not JSON */
export function parseLines<Row>(text: string, path: string, remedy: string): Row[] {
  return text.split("\n").flatMap((line, i) => {
    try {
      return line === "" ? [] : [JSON.parse(line) as Row];
    } catch {
      throw new InputError(`${path}:${i + 1}: not JSON; ${remedy}`);
    }
  });
}

/** Writes rows in place of earlier ones of the same cells, sorted by method, seed and set. */
export async function writeJudged(folder: string, rows: readonly JudgedRow[]): Promise<void> {
  const cellOf = ({ method, seed }: JudgedRow) => `${method}/${seed}`;
  const anew = new Set(rows.map(cellOf));
  const kept = (await readJudged(folder)).filter((row) => !anew.has(cellOf(row)));
  const keyOf = ({ method, seed, dataset }: JudgedRow) => [method, seed, dataset];
  const sorted = [...kept, ...rows].sort((a, b) => compareKeys(keyOf(a), keyOf(b)));
  await writeIfChanged(`${folder}/${FILE}`, sorted.map((row) => `${JSON.stringify(row)}\n`).join(""));
}
