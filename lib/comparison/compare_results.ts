import { InputError } from "#lib/errors.ts";
import { CsvTable } from "#lib/results/csv_rows.ts";
import { readCurves } from "#lib/results/curves_csv.ts";
import { readItems } from "#lib/results/items_csv.ts";
import { readProvenance } from "#lib/results/recorded_provenance.ts";
import { RECORDED_FILES } from "#lib/results/results_folder.ts";
import {
  COMPARED_FILES,
  type ComparedFile,
  EVALUATION,
  readDifferent,
  type ResultsVersion,
} from "#lib/results/results_version.ts";
import { readScores } from "#lib/results/scores_csv.ts";
import { compareDependencies } from "./compare_dependencies.ts";
import { compareProvenance, type ProvenancePair } from "./compare_provenance.ts";
import { compareRows } from "./compare_rows.ts";
import type { ColumnChange, Comparison, ExperimentComparison, FileChange } from "./comparison.ts";

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
  const folders = new Set([...different.keys()].map((path) => path.slice(0, path.lastIndexOf("/"))));
  const pairs = [...folders].map((folder): ExperimentPair => ({
    folder,
    isIn: ({ files }) => COMPARED_FILES.some((file) => files.has(`${folder}/${file}`)),
    read(file, read) {
      const { before, after } = different.get(`${folder}/${file}`) ?? {};
      return [before, after].map((text, i) =>
        text === undefined ? undefined : read(text, versions[i].files.get(`${folder}/${file}`)!.name)
      );
    },
  }));
  const provenances = pairs.map(provenanceOf);
  const name = ({ label, commit }: ResultsVersion) => ({ label, commit });
  return {
    before: name(before),
    after: name(after),
    profiles: profilesOf(chosen),
    experiments: pairs.flatMap((pair) => compareExperiment(pair, versions, methods) ?? []),
    ...compareProvenance(provenances.filter((provenance) => typeof provenance === "object")),
    dependencies: await dependenciesOf(before, after),
    notes: provenances.filter((note) => typeof note === "string"),
  };
}

async function dependenciesOf(before: ResultsVersion, after: ResultsVersion) {
  if (before.projectFiles === undefined || after.projectFiles === undefined) return [];
  const names = [...before.projectFiles.keys(), ...after.projectFiles.keys()];
  return compareDependencies(await readDifferent([before, after], names, ({ projectFiles }) => projectFiles!));
}

/** An experiment of which some file differs. */
interface ExperimentPair {
  /** `<profile>/<experiment>`. */
  readonly folder: string;
  isIn(version: ResultsVersion): boolean;
  /** Of both versions what is made of a file: undefined where it is the same in both or not there. */
  read<Content>(file: ComparedFile, read: (text: string, path: string) => Content): (Content | undefined)[];
}

/** Undefined if nothing that was recorded differs. */
function compareExperiment(
  { folder, isIn, read }: ExperimentPair,
  versions: readonly [ResultsVersion, ResultsVersion],
  methods?: readonly string[],
): ExperimentComparison | undefined {
  const [scores, items] = [read("scores.csv", readScores), read("items.csv", readItems)];
  const tables = {
    "scores.csv": scores.map((side) => side?.table),
    "items.csv": items.map((side) => side?.table),
    "curves.csv": read("curves.csv", readCurves),
    "samples.jsonl": read("samples.jsonl", readLines),
    "pairs.jsonl": read("pairs.jsonl", readLines),
  };
  const files = RECORDED_FILES
    .map((file) => ({ file, before: tables[file][0], after: tables[file][1] }))
    .filter(({ before, after }) => before ?? after);
  const scored = (i: number) => ({ scores: scores[i]?.rows ?? [], items: items[i]?.rows ?? [] });
  const rows = compareRows(
    [scored(0), scored(1)],
    methods,
    folder === EVALUATION ? { onSameItems: isOfSameData(read) } : undefined,
  );
  if (files.length === 0) return undefined;
  const [profile, experiment] = folder.split("/");
  const [isBefore, isAfter] = versions.map(isIn);
  const presence = isBefore && isAfter ? "both" : isAfter ? "new" : "missing";
  return {
    ...{ profile, experiment, presence },
    columns: files.flatMap(({ file, before, after }) => before && after ? compareColumns(file, before, after) : []),
    ...rows,
    files: presence === "both"
      ? files.map(({ file, before, after }) => ({ file, ...compareRecords(before, after) }))
      : [],
  };
}

/** Whether two evaluations have scored the same records: nothing says otherwise. */
function isOfSameData(read: ExperimentPair["read"]): boolean {
  const [before, after] = read("provenance.json", (text) => readProvenance(text)?.data);
  const sets = new Set([...before?.keys() ?? [], ...after?.keys() ?? []].filter((path) => path.endsWith(".digest")));
  return [...sets].every((path) => before?.get(path) === after?.get(path));
}

/** What cells were computed with, a note if that cannot be read, or undefined if it is the same or not there. */
function provenanceOf({ folder, read }: ExperimentPair): ProvenancePair | string | undefined {
  const [before, after] = read(
    "provenance.json",
    (text, path) => readProvenance(text) ?? `${path} is not JSON: settings, device and code are not compared`,
  );
  if (before === undefined || after === undefined) return undefined;
  if (typeof before === "string") return before;
  if (typeof after === "string") return after;
  const [profile, experiment] = folder.split("/");
  return { profile, experiment, before, after };
}

/** JSON Lines as a table of one column. */
function readLines(text: string, path: string): CsvTable {
  const lines = text.split("\n").map((text, i) => ({ line: i + 1, fields: [text] }));
  return new CsvTable(path, ["line"], lines.filter(({ fields: [text] }) => text !== ""));
}

function compareColumns(
  file: ComparedFile,
  { columns: before }: CsvTable,
  { columns: after }: CsvTable,
): ColumnChange[] {
  const added = after.filter((column) => !before.includes(column));
  const removed = before.filter((column) => !after.includes(column));
  const shared = [before.filter((column) => after.includes(column)), after.filter((column) => before.includes(column))];
  const isReordered = shared[0].join() !== shared[1].join();
  return added.length + removed.length > 0 || isReordered ? [{ file, added, removed, isReordered }] : [];
}

/** Counts the rows that only one of two files has, in columns that both have. */
function compareRecords(before: CsvTable | undefined, after: CsvTable | undefined): Omit<FileChange, "file"> {
  const shared = before?.columns.filter((column) => after?.columns.includes(column)) ?? [];
  const textsOf = (table: CsvTable | undefined) => {
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
