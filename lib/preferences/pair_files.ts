import type { DataNotes } from "#lib/data/data_notes.ts";
import { InputError } from "#lib/errors.ts";
import { readTable, writeCsv } from "#lib/results/csv_rows.ts";
import { linesOf, readTextStrictly } from "#lib/text_file.ts";
import { visibleJson } from "#lib/visible_text.ts";
import { fieldsOfLine, PAIR_COLUMNS, type PairRecord, pairRecord } from "./pair_record.ts";
import { asTrl, CHOSEN, TRL_COLUMNS, trlRecord } from "./trl_record.ts";

/** Ends of the names of files of JSON Lines. */
const JSON_LINES = [".jsonl", ".ndjson", ".json"];

/**
 * Reads preference pairs from a file of JSON Lines or of CSV with a header, whose line or record is
 *
 * | form | fields |
 * |---|---|
 * | ours | `prompt`, `first`, `second`, `label` (probability that the first text is preferred), `oracle` (may be missing: `given`), `round` (may be missing: 0) |
 * | TRL's | `prompt`, `chosen`, `rejected`: texts, or in JSON lists of messages (`trlRecord`) |
 *
 * Other fields are ignored. What is left out and what looks odd is noted.
 *
 * @throws {InputError} with file and line, if the file cannot be read or is not UTF-8, a line is no such pair, there is none, or all of
 * them are ties
 */
export async function readPairFile(path: string, notes: DataNotes): Promise<PairRecord[]> {
  const text = await readTextStrictly(path);
  const ending = /\.\w+$/.exec(path)?.[0].toLowerCase() ?? "";
  if (ending !== ".csv" && !JSON_LINES.includes(ending)) {
    throw new InputError(`${path}: pairs are read from files that end with ${[...JSON_LINES, ".csv"].join(", ")}`);
  }
  const pairs = ending === ".csv" ? csvPairs(text, path) : jsonPairs(text, path);
  if (pairs.length === 0) {
    throw new InputError(`${path}: it has no pairs; expected ${PAIR_COLUMNS.join(", ")}, or ${TRL_COLUMNS.join(", ")}`);
  }
  const records = pairs.filter((pair) => pair !== undefined);
  if (records.length === 0) {
    throw new InputError(`${path}: none of its ${pairs.length} pairs is of a talk of one turn, as a prompt is`);
  }
  const talks = "pairs are of talks of several turns, where a prompt has one, and left out";
  notes.count("preferences", pairs.length - records.length, pairs.length, talks);
  lookAtLabels(records, path, notes);
  return records;
}

/** Pairs as JSON Lines: `pairs.jsonl`. Read and formatted again they are the same to the byte. */
export function formatPairs(records: readonly PairRecord[]): string {
  return records.map((record) => `${visibleJson(Object.fromEntries(PAIR_COLUMNS.map((key) => [key, record[key]])))}\n`)
    .join("");
}

/** Pairs as CSV. Read and formatted again they are the same to the byte. */
export function formatPairsAsCsv(records: readonly PairRecord[]): string {
  return writeCsv(PAIR_COLUMNS, records);
}

/** Pairs as JSON Lines of TRL's form, the preferred text chosen; ties, which that form cannot say, are left out. */
export function formatPairsAsTrl(records: readonly PairRecord[]): string {
  return records.map(asTrl).filter((record) => record !== undefined).map((record) => `${visibleJson(record)}\n`).join(
    "",
  );
}

function jsonPairs(text: string, path: string): (PairRecord | undefined)[] {
  if (text.trimStart().startsWith("[")) {
    throw new InputError(`${path}: it is a JSON list; write its objects one a line, as jq -c '.[]' does`);
  }
  return linesOf(text).flatMap((line, index) => {
    if (line.trim() === "") return [];
    const wrong = (problem: string) => new InputError(`${path}, line ${index + 1}: ${problem}`);
    const fields = fieldsOfLine(line, wrong);
    const [isTrl, isOurs] = [["chosen", "rejected"], ["first", "second"]].map((names) =>
      names.some((name) => Object.hasOwn(fields, name))
    );
    if (isTrl && isOurs) throw wrong('it has "first" or "second" beside "chosen" or "rejected"; write one form');
    return [isTrl ? trlRecord(fields, wrong) : pairRecord(fields, wrong)];
  });
}

function csvPairs(text: string, path: string): (PairRecord | undefined)[] {
  const isTrl = /\b(chosen|rejected)\b/.test(linesOf(text)[0]);
  const table = readTable(text, path, isTrl ? TRL_COLUMNS : ["prompt", "first", "second", "label"]);
  return table.records.map((record) => {
    const wrong = (problem: string) => table.error(record, problem);
    const fields = Object.fromEntries(table.columns.map((column, i): [string, unknown] => [column, record.fields[i]]));
    if (isTrl) return trlRecord(fields, wrong);
    const round = table.columns.includes("round") ? table.whole(record, "round") : undefined;
    return pairRecord({ ...fields, label: table.number(record, "label"), round }, wrong);
  });
}

/** @throws {InputError} if all pairs are ties; notes labels that are all the same, but for TRL's pairs, whose first text is the chosen one */
function lookAtLabels(records: readonly PairRecord[], path: string, notes: DataNotes): void {
  const [{ label }] = records;
  if (records.some((record) => record.label !== label)) return;
  if (label === 0.5) {
    throw new InputError(`${path}: every pair is a tie (label 0.5), from which nothing can be learned`);
  }
  if (records.some(({ oracle }) => oracle !== CHOSEN)) {
    notes.count("preferences", records.length, records.length, `pairs have the label ${label}: no other is there`);
  }
}
