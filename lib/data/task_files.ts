import { parse } from "@std/csv";
import { InputError } from "#lib/errors.ts";
import type { TaskName, TaskRecord } from "./task_records.ts";

/**
 * Reads records in the upstream forms of the data sets:
 *
 * | task | file | source | target |
 * |---|---|---|---|
 * | `samsum` | CSV with a header, or a JSON list of objects | `dialogue` | `summary` |
 * | `iwslt` | JSON list (or lines) of `{"translation": {"de": …, "en": …}}`, or two texts of as many lines, `x.en` and `x.de` | English | German |
 * | `strategyqa` | JSON list of objects | `question` | `answer`, true or false, as yes or no |
 *
 * StrategyQA's facts and decompositions are not read: they would tell the answer. White space, line breaks included, becomes one space.
 * A dialogue may be empty, as one of SAMSum's is; no other text may.
 *
 * @param path of two parallel texts that of the English one
 * @throws {InputError} with file and line or record, if the file cannot be read, is of another form, or a record is wrong
 */
export async function readTaskFile(task: TaskName, path: string): Promise<TaskRecord[]> {
  const extension = /\.\w+$/.exec(path)?.[0] ?? "";
  if (!TASK_EXTENSIONS[task].includes(extension)) {
    throw new InputError(`${path}: ${task} is read from files that end with ${TASK_EXTENSIONS[task].join(", ")}`);
  }
  const records = path.endsWith(".en")
    ? await readParallel(path)
    : path.endsWith(".csv")
    ? readCsv(await readText(path), path)
    : parseJsonRecords(await readText(path), path).map((value, index) =>
      PARSERS[task](value, `${path}, record ${index + 1}`)
    );
  if (records.length === 0) throw new InputError(`${path}: it has no records`);
  return records;
}

/** The forms of each data set. */
export const TASK_EXTENSIONS: Readonly<Record<TaskName, readonly string[]>> = {
  samsum: [".csv", ".json", ".jsonl"],
  iwslt: [".json", ".jsonl", ".en"],
  strategyqa: [".json", ".jsonl"],
};

type Fields = Readonly<Record<string, unknown>>;

const PARSERS: Readonly<Record<TaskName, (value: Fields, where: string) => TaskRecord>> = {
  samsum: (value, where) => recordOf(value.dialogue, value.summary, where, ["dialogue", "summary"]),
  iwslt(value, where) {
    const { translation } = value;
    if (!isObject(translation)) throw new InputError(`${where}: "translation" is missing; expected {"de": …, "en": …}`);
    return recordOf(translation.en, translation.de, where, ["en", "de"]);
  },
  strategyqa: (value, where) => recordOf(value.question, answerOf(value.answer, where), where, ["question", "answer"]),
};

function answerOf(answer: unknown, where: string): string {
  if (typeof answer === "boolean") return answer ? "yes" : "no";
  const word = typeof answer === "string" ? answer.trim().toLowerCase() : "";
  if (word === "yes" || word === "no") return word;
  throw new InputError(
    `${where}: answer is ${JSON.stringify(answer) ?? "missing"} but must be true, false, "yes" or "no"`,
  );
}

function recordOf(source: unknown, target: unknown, where: string, names: readonly [string, string]): TaskRecord {
  const [from, to] = [source, target].map((value, i) => {
    const mayBeEmpty = names[i] === "dialogue";
    if (typeof value === "string" && (mayBeEmpty || value.trim() !== "")) return value.replaceAll(/\s+/g, " ").trim();
    const what = typeof value === "string" ? "empty" : value === undefined ? "missing" : "not a text";
    throw new InputError(`${where}: ${names[i]} is ${what}`);
  });
  return { source: from, target: to, references: [to] };
}

const CSV_COLUMNS = ["dialogue", "summary"] as const;

/** SAMSum's CSV: columns in any order, line breaks within quotes. */
function readCsv(text: string, path: string): TaskRecord[] {
  let rows: string[][];
  try {
    rows = parse(text.replace(/^\ufeff/, ""));
  } catch (error) {
    throw new InputError(`${path}: broken CSV: ${(error as Error).message.split("\n")[0]}`);
  }
  const [header = [], ...records] = rows;
  const places = CSV_COLUMNS.map((column) => header.indexOf(column));
  const missing = CSV_COLUMNS.filter((_, i) => places[i] < 0);
  if (missing.length > 0) {
    throw new InputError(`${path}: column ${missing.join(" and ")} is missing; the header is "${header.join(",")}"`);
  }
  return records.map((record, index) => {
    const where = `${path}, record ${index + 1}`;
    if (record.length !== header.length) {
      throw new InputError(`${where}: ${record.length} fields instead of the ${header.length} of the header`);
    }
    return recordOf(record[places[0]], record[places[1]], where, CSV_COLUMNS);
  });
}

/** Two texts, one sentence a line, line i of the one the translation of line i of the other. */
async function readParallel(path: string): Promise<TaskRecord[]> {
  const other = path.replace(/\.en$/, ".de");
  const [english, german] = (await Promise.all([readText(path), readText(other)])).map((text) =>
    text.replace(/\n$/, "").split("\n")
  );
  if (english.length !== german.length) {
    throw new InputError(
      `${path} has ${english.length} lines but ${other} has ${german.length}; line i must translate line i`,
    );
  }
  return english.map((line, i) =>
    recordOf(line, german[i], `${path}, line ${i + 1}`, ["the English line", "the German line"])
  );
}

/** A JSON list of objects, or one object a line. */
function parseJsonRecords(text: string, path: string): Fields[] {
  const whole = text.replace(/^\ufeff/, "").trim();
  const values = whole.startsWith("[")
    ? parseJson(whole, path)
    : whole.split("\n").flatMap((line, index) =>
      line.trim() === "" ? [] : [parseJson(line, `${path}, line ${index + 1}`)]
    );
  if (!Array.isArray(values)) throw new InputError(`${path}: it must be a JSON list of objects`);
  return values.map((value, index) => {
    if (isObject(value)) return value;
    throw new InputError(`${path}, record ${index + 1}: it must be a JSON object`);
  });
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(`${where}: not JSON: ${(error as Error).message}`);
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new InputError(`${path}: there is no such file`);
    if (error instanceof Deno.errors.IsADirectory) throw new InputError(`${path}: it is a folder, not a file`);
    throw error;
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
