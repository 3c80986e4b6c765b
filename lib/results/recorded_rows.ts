import { InputError } from "#lib/errors.ts";
import { type CsvTable, readNumber, readNumbers, readTable, readText, readWhole } from "./csv_table.ts";

/** What names a row of a table: a method's mean of a metric on a data set. */
export interface RowName {
  readonly method: string;
  readonly dataset: string;
  readonly metric: string;
}

/** What one training run scored, and on how many items, where that is recorded. */
export interface RecordedScore {
  readonly value: number;
  readonly count: number | undefined;
}

/** The scores of a row, by seed. */
export interface RecordedRow extends RowName {
  readonly seeds: Map<number, RecordedScore>;
}

/** By `rowKey`. */
export type RecordedRows = ReadonlyMap<string, RecordedRow>;
/** By `rowKey` and seed. */
export type RecordedItems = ReadonlyMap<string, ReadonlyMap<number, Float64Array>>;

const NEEDED = ["method", "dataset", "metric", "seed"] as const;

/**
 * Reads `scores.csv` of any commit: method, data set, metric, seed and value by their names, the count where there is one.
 *
 * @throws {InputError} with file and line, if the text is no such file or has two scores for a seed
 */
export function readScores(text: string, path: string): { readonly table: CsvTable; readonly rows: RecordedRows } {
  const table = readTable(text, path, [...NEEDED, "value"]);
  const [value, count] = ["value", "count"].map((column) => table.columns.indexOf(column));
  const rows = new Map<string, RecordedRow>();
  forEachSeed(table, (name, key, seed, record) => {
    let row = rows.get(key);
    if (row === undefined) rows.set(key, row = { ...name, seeds: new Map() });
    if (row.seeds.has(seed)) throw repeated(table, record.line, "score", name, seed);
    row.seeds.set(seed, {
      value: readNumber(table, record, "value", record.fields[value]),
      count: count < 0 ? undefined : readWhole(table, record, "count", record.fields[count]),
    });
  });
  return { table, rows };
}

/**
 * Reads `items.csv` of any commit.
 *
 * @throws {InputError} with file and line, if the text is no such file or has two rows for a seed
 */
export function readItems(text: string, path: string): { readonly table: CsvTable; readonly items: RecordedItems } {
  const table = readTable(text, path, [...NEEDED, "values"]);
  const values = table.columns.indexOf("values");
  const items = new Map<string, Map<number, Float64Array>>();
  forEachSeed(table, (name, key, seed, record) => {
    let bySeed = items.get(key);
    if (bySeed === undefined) items.set(key, bySeed = new Map());
    if (bySeed.has(seed)) throw repeated(table, record.line, "row of items", name, seed);
    bySeed.set(seed, readNumbers(table, record, "values", record.fields[values]));
  });
  return { table, items };
}

type SeedVisitor = (name: RowName, key: string, seed: number, record: CsvTable["records"][number]) => void;

function forEachSeed(table: CsvTable, visit: SeedVisitor): void {
  const [method, dataset, metric, seed] = NEEDED.map((column) => table.columns.indexOf(column));
  for (const record of table.records) {
    const { fields } = record;
    const name = {
      method: readText(table, record, "method", fields[method]),
      dataset: readText(table, record, "dataset", fields[dataset]),
      metric: readText(table, record, "metric", fields[metric]),
    };
    visit(name, rowKey(name), readWhole(table, record, "seed", fields[seed]), record);
  }
}

/** What `RecordedRows` and `RecordedItems` are found by. */
export function rowKey({ method, dataset, metric }: RowName): string {
  return JSON.stringify([method, dataset, metric]);
}

function repeated({ path }: CsvTable, line: number, what: string, { method, dataset, metric }: RowName, seed: number) {
  return new InputError(`${path}, line ${line}: a second ${what} for ${method} ${dataset} ${metric} ${seed}`);
}
