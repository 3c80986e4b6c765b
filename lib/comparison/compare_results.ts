import { InputError } from "#lib/errors.ts";
import { compareDependencies } from "./compare_dependencies.ts";
import { compareProvenance, type ProvenancePair } from "./compare_provenance.ts";
import { compareRows } from "./compare_rows.ts";
import type { ColumnChange, Comparison, ExperimentComparison, FileChange } from "./comparison.ts";
import { type CsvTable, readNumber, readTable } from "#lib/results/csv_table.ts";
import { readProvenance } from "#lib/results/recorded_provenance.ts";
import { readItems, readScores } from "#lib/results/recorded_rows.ts";
import {
  type DifferentFile,
  readDifferent,
  RECORDED_FILES,
  type RecordedFile,
  type ResultsVersion,
} from "#lib/results/results_version.ts";

/**
 * Compares two versions of the results. Files that are the same are not read.
 *
 * @param profile only this one
 * @param methods the order of rows; others come after, by code units
 * @throws {InputError} with file and line, if a file that differs is broken, or if neither has the profile
 */
export async function compareResults(
  before: ResultsVersion,
  after: ResultsVersion,
  profile?: string,
  methods?: readonly string[],
): Promise<Comparison> {
  const versions = [before, after] as const;
  const paths = [...new Set(versions.flatMap(({ files }) => [...files.keys()]))].sort();
  const chosen = paths.filter((path) => profile === undefined || path.startsWith(`${profile}/`));
  const profilesOf = (some: readonly string[]) => [...new Set(some.map((path) => path.split("/")[0]))];
  if (chosen.length === 0) {
    throw new InputError(
      `no results of profile ${profile} in either; there are those of ${profilesOf(paths).join(", ")}`,
    );
  }
  const different = await readDifferent(versions, chosen, ({ files }) => files);
  const pairs = [...Map.groupBy(different, ([path]) => path.split("/").slice(0, 2).join("/"))].map(([folder, files]) =>
    new ExperimentPair(versions, folder, new Map(files.map(([path, file]) => [path.split("/")[2], file])))
  );
  const provenances = pairs.map((pair) => pair.provenance());
  const name = ({ label, commit }: ResultsVersion) => ({ label, commit });
  return {
    before: name(before),
    after: name(after),
    profiles: profilesOf(chosen),
    experiments: pairs.map((pair) => pair.compare(methods)).filter((experiment) => experiment !== undefined),
    ...compareProvenance(provenances.filter((provenance) => typeof provenance === "object")),
    dependencies: await dependenciesOf(before, after),
    notes: provenances.filter((note) => typeof note === "string"),
  };
}

async function dependenciesOf(before: ResultsVersion, after: ResultsVersion) {
  const [a, b] = [before.projectFiles, after.projectFiles];
  if (a === undefined || b === undefined) return [];
  // Of a folder and those above it, the first that has them is the project.
  const paths = [...a.keys(), ...b.keys()].toSorted((one, other) => other.split("/").length - one.split("/").length);
  const nearest = ["deno.json", "deno.lock"].flatMap((name) => paths.find((path) => path.endsWith(name)) ?? []);
  return compareDependencies(await readDifferent([before, after], nearest, ({ projectFiles }) => projectFiles!));
}

/** The differing files of one experiment, by name. */
class ExperimentPair {
  readonly #versions: readonly [ResultsVersion, ResultsVersion];
  readonly #folder: string;
  readonly #files: ReadonlyMap<string, DifferentFile>;

  constructor(
    versions: readonly [ResultsVersion, ResultsVersion],
    folder: string,
    files: ReadonlyMap<string, DifferentFile>,
  ) {
    this.#versions = versions;
    this.#folder = folder;
    this.#files = files;
  }

  /** Undefined if nothing that was recorded differs. */
  compare(methods?: readonly string[]): ExperimentComparison | undefined {
    const [profile, experiment] = this.#folder.split("/");
    const presence = this.#presence();
    const [scores, items] = [this.#read("scores.csv", readScores), this.#read("items.csv", readItems)];
    const [rowsBefore, rowsAfter] = scores.map((side, i) => ({
      rows: side?.rows ?? new Map(),
      items: items[i]?.items ?? new Map(),
    }));
    const tables: Partial<Record<RecordedFile, readonly (CsvTable | undefined)[]>> = {
      "scores.csv": scores.map((side) => side?.table),
      "items.csv": items.map((side) => side?.table),
      "curves.csv": this.#read("curves.csv", readCurves),
      "samples.jsonl": this.#read("samples.jsonl", readLines),
    };
    const differing = RECORDED_FILES.flatMap((file) => {
      const [before, after] = tables[file] ?? [];
      return before ?? after ? [{ file, before, after }] : [];
    });
    const columns: ColumnChange[] = differing.flatMap(({ file, before, after }) => {
      const change = before && after && compareColumns(before.columns, after.columns);
      return change ? [{ file, ...change }] : [];
    });
    const files = differing.map(({ file, before, after }) => ({ file, ...compareRecords(before, after) }));
    const rows = compareRows(rowsBefore, rowsAfter, methods);
    if (differing.length === 0) return undefined;
    return { profile, experiment, presence, columns, ...rows, files: presence === "both" ? files : [] };
  }

  /** What cells were computed with, a note if that cannot be read, or undefined if it is the same or not there. */
  provenance(): ProvenancePair | string | undefined {
    const [profile, experiment] = this.#folder.split("/");
    const { before, after } = this.#files.get("provenance.json") ?? {};
    if (before === undefined || after === undefined) return undefined;
    const read = [before, after].map(readProvenance);
    const broken = read.indexOf(undefined);
    if (broken >= 0) {
      return `${this.#pathIn(broken, "provenance.json")} is not JSON: settings, device and code are not compared`;
    }
    return { profile, experiment, before: read[0]!, after: read[1]! };
  }

  #presence(): ExperimentComparison["presence"] {
    const [before, after] = this.#versions.map(({ files }) =>
      RECORDED_FILES.some((name) => files.has(`${this.#folder}/${name}`))
    );
    return before && after ? "both" : after ? "new" : "missing";
  }

  /** Of both versions: undefined where the file is the same in both or not there. */
  #read<Content>(name: RecordedFile, read: (text: string, path: string) => Content): (Content | undefined)[] {
    const { before, after } = this.#files.get(name) ?? {};
    return [before, after].map((text, i) => text === undefined ? undefined : read(text, this.#pathIn(i, name)));
  }

  #pathIn(version: number, name: string): string {
    const { place, profileFolder } = this.#versions[version];
    const [profile, experiment] = this.#folder.split("/");
    return `${place}${profileFolder ?? profile}/${experiment}/${name}`;
  }
}

function readCurves(text: string, path: string): CsvTable {
  const table = readTable(text, path, ["value"]);
  const value = table.columns.indexOf("value");
  for (const record of table.records) readNumber(table, record, "value", record.fields[value]);
  return table;
}

/** JSON Lines as a table of one column. */
function readLines(text: string, path: string): CsvTable {
  const lines = text.split("\n").map((text, i) => ({ line: i + 1, fields: [text], text }));
  return { path, columns: ["line"], records: lines.filter(({ text }) => text !== "") };
}

function compareColumns(before: readonly string[], after: readonly string[]): Omit<ColumnChange, "file"> | undefined {
  const added = after.filter((column) => !before.includes(column));
  const removed = before.filter((column) => !after.includes(column));
  const shared = [before, after].map((columns) =>
    columns.filter((column) => !removed.includes(column) && !added.includes(column)).join()
  );
  const isReordered = shared[0] !== shared[1];
  return added.length + removed.length > 0 || isReordered ? { added, removed, isReordered } : undefined;
}

/** Counts the rows that only one of two files has, in columns that both have. */
function compareRecords(before: CsvTable | undefined, after: CsvTable | undefined): Omit<FileChange, "file"> {
  const columns = after?.columns ?? [];
  const shared = before?.columns.filter((column) => columns.includes(column)) ?? [];
  const textsOf = (table: CsvTable | undefined) => {
    if (before?.columns.join() === after?.columns.join()) return table!.records.map(({ text }) => text);
    const places = shared.map((column) => table!.columns.indexOf(column));
    return (table?.records ?? []).map(({ fields }) => places.map((place) => fields[place]).join(FIELD_END));
  };
  const left = new Map<string, number>();
  for (const text of textsOf(before)) left.set(text, (left.get(text) ?? 0) + 1);
  let onlyAfter = 0;
  for (const text of textsOf(after)) {
    const count = left.get(text) ?? 0;
    if (count === 0) onlyAfter++;
    else left.set(text, count - 1);
  }
  const onlyBefore = [...left.values()].reduce((sum, count) => sum + count, 0);
  return { rowsBefore: before?.records.length, rowsAfter: after?.records.length, onlyBefore, onlyAfter };
}

/** Between the fields of a row: no CSV of ours has it in one. */
const FIELD_END = "\u001f";
