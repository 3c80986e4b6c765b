import { InputError } from "#lib/errors.ts";
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
  const lines = (await readTextIfThere(path) ?? "").split("\n").filter((line) => line !== "");
  return lines.map((line, i) => {
    try {
      return JSON.parse(line) as JudgedRow;
    } catch {
      throw new InputError(`${path}:${i + 1}: not JSON; remove the file and run ./run judge again`);
    }
  });
}

/** Writes rows in place of earlier ones of the same cells, sorted by method, seed and set. */
export async function writeJudged(folder: string, rows: readonly JudgedRow[]): Promise<void> {
  const cellOf = ({ method, seed }: JudgedRow) => `${method}/${seed}`;
  const anew = new Set(rows.map(cellOf));
  const kept = (await readJudged(folder)).filter((row) => !anew.has(cellOf(row)));
  const order = ({ method, seed, dataset }: JudgedRow) => `${method}\t${String(seed).padStart(10)}\t${dataset}`;
  const sorted = [...kept, ...rows].sort((a, b) => order(a) < order(b) ? -1 : 1);
  await writeIfChanged(`${folder}/${FILE}`, sorted.map((row) => `${JSON.stringify(row)}\n`).join(""));
}
