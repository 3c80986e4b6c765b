import { parse } from "@std/csv";
import { InputError } from "#lib/errors.ts";
import { linesOf, readTextStrictly, withLineFeeds } from "#lib/text_file.ts";
import { excerpt } from "#lib/visible_text.ts";
import { describeJson, isJsonObject, type JsonObject, parseJson } from "./json_text.ts";
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
    ? readCsv(await readTextStrictly(path), path)
    : parseJsonRecords(await readTextStrictly(path), path).map((value, index) =>
      PARSERS[task](value, `${path}, record ${index + 1}`)
    );
  if (records.length === 0) throw new InputError(`${path}: it has no records`);
  return records;
}

/** The files that are read for a path: of two parallel texts both. */
export function filesOfPath(path: string): string[] {
  return path.endsWith(".en") ? [path, germanPathOf(path)] : [path];
}

/** The forms of each data set. */
export const TASK_EXTENSIONS: Readonly<Record<TaskName, readonly string[]>> = {
  samsum: [".csv", ".json", ".jsonl"],
  iwslt: [".json", ".jsonl", ".en"],
  strategyqa: [".json", ".jsonl"],
};

const PARSERS: Readonly<Record<TaskName, (value: JsonObject, where: string) => TaskRecord>> = {
  samsum: (value, where) => recordOf(value.dialogue, value.summary, where, ["dialogue", "summary"]),
  iwslt(value, where) {
    const { translation } = value;
    if (!isJsonObject(translation)) {
      throw new InputError(`${where}: "translation" is missing; expected {"de": …, "en": …}`);
    }
    return recordOf(translation.en, translation.de, where, ["en", "de"]);
  },
  strategyqa: (value, where) => recordOf(value.question, answerOf(value.answer, where), where, ["question", "answer"]),
};

function answerOf(answer: unknown, where: string): string {
  if (typeof answer === "boolean") return answer ? "yes" : "no";
  const word = typeof answer === "string" ? answer.trim().toLowerCase() : "";
  if (word === "yes" || word === "no") return word;
  throw new InputError(
    `${where}: answer is ${excerpt(JSON.stringify(answer) ?? "missing")} but must be true, false, "yes" or "no"`,
  );
}

function recordOf(source: unknown, target: unknown, where: string, names: readonly [string, string]): TaskRecord {
  const [from, to] = [source, target].map((value, i) => {
    const mayBeEmpty = names[i] === "dialogue";
    if (typeof value === "string" && (mayBeEmpty || value.trim() !== "")) return value.replaceAll(/\s+/g, " ").trim();
    throw new InputError(`${where}: ${names[i]} is ${describeJson(value)} but must be a text`);
  });
  return { source: from, target: to, references: [to] };
}

const CSV_COLUMNS = ["dialogue", "summary"] as const;

/** SAMSum's CSV: columns in any order, line breaks within quotes. */
function readCsv(text: string, path: string): TaskRecord[] {
  let rows: string[][];
  try {
    rows = parse(withLineFeeds(text));
  } catch (error) {
    throw new InputError(`${path}: broken CSV: ${excerpt((error as Error).message.split("\n")[0], 200)}`);
  }
  const [header = [], ...records] = rows;
  const places = CSV_COLUMNS.map((column) => header.indexOf(column));
  const missing = CSV_COLUMNS.filter((_, i) => places[i] < 0);
  if (missing.length > 0) {
    const separator = [";", "\t", "|"].find((mark) => header.length === 1 && header[0].includes(mark));
    const found = header.length === 0
      ? "the file is empty"
      : separator !== undefined
      ? `the fields seem to be separated by "${excerpt(separator)}", where CSV has commas`
      : `the header is "${excerpt(header.join(","))}"`;
    throw new InputError(`${path}: column ${missing.join(" and ")} is missing; ${found}`);
  }
  const repeated = CSV_COLUMNS.find((column, i) => header.indexOf(column, places[i] + 1) >= 0);
  if (repeated !== undefined) throw new InputError(`${path}: column ${repeated} occurs twice`);
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
  const other = germanPathOf(path);
  const [english, german] = (await Promise.all([readTextStrictly(path), readTextStrictly(other)])).map((text) => {
    const lines = linesOf(text);
    return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
  });
  if (english.length !== german.length) {
    throw new InputError(
      `${path} has ${english.length} lines but ${other} has ${german.length}; line i must translate line i`,
    );
  }
  return english.map((line, i) =>
    recordOf(line, german[i], `${path}, line ${i + 1}`, ["the English line", "the German line"])
  );
}

function germanPathOf(englishPath: string): string {
  return englishPath.replace(/\.en$/, ".de");
}

/** A JSON list of objects, or one object a line. */
function parseJsonRecords(text: string, path: string): JsonObject[] {
  const at = (where: string) => (problem: string) => new InputError(`${where}: ${problem}`);
  const values = text.trimStart().startsWith("[")
    ? parseJson(text, at(path))
    : linesOf(text).flatMap((line, index) =>
      line.trim() === "" ? [] : [parseJson(line, at(`${path}, line ${index + 1}`))]
    );
  if (!Array.isArray(values)) throw new InputError(`${path}: it must be a JSON list of objects`);
  return values.map((value, index) => {
    if (isJsonObject(value)) return value;
    throw new InputError(`${path}, record ${index + 1}: it is ${describeJson(value)} but must be a JSON object`);
  });
}
