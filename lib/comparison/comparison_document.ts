import { datasetLabel } from "#lib/reporting/display_names.ts";
import { type MethodDisplays, methodLabel } from "#lib/reporting/method_display.ts";
import { metricDisplay, metricLabel, printMetric } from "#lib/metrics/metric_display.ts";
import {
  type ChangedRow,
  type ColumnChange,
  type Comparison,
  type ExperimentComparison,
  type FileChange,
  isSame,
} from "./comparison.ts";
import { SIGNIFICANCE_LEVEL } from "#lib/statistics/multiple_testing.ts";
import { codeLines, dependencyLines, statementLines } from "./comparison_statements.ts";
import { groupRows, listNames } from "./row_groups.ts";

/** What a comparison says, before it is Markdown or HTML: texts are as they are in the files, nothing is escaped. */
export interface ComparisonDocument {
  /** What is compared, and in a line what came of it. */
  readonly summary: readonly string[];
  readonly sections: readonly DocumentSection[];
  readonly legend: readonly string[];
}

export interface DocumentSection {
  readonly title: string;
  readonly table?: DocumentTable;
  readonly lines: readonly string[];
}

export interface DocumentTable {
  readonly caption: string;
  readonly heads: readonly string[];
  readonly rows: readonly DocumentRow[];
}

export interface DocumentRow {
  readonly cells: readonly string[];
  /** What a person should see first. */
  readonly isEmphasized: boolean;
}

/** The columns that hold numbers, and those that a person should see first of an emphasized row. */
export const NUMBER_HEADS = ["Before", "After", "Change", "Seeds", "p", "Corrected p"];
export const EMPHASIZED_HEADS = ["Change", "Verdict"];
const HEADS = ["Method", "Data set", "Metric", ...NUMBER_HEADS, "Verdict"];

/** Experiments first, those of both versions at the top, then what they were computed with, then which files differ. */
export function documentOf(comparison: Comparison, display: MethodDisplays = {}): ComparisonDocument {
  const { experiments, settings, device, data, code, dependencies, notes } = comparison;
  const rows = experiments.flatMap(({ changed }) => changed);
  const sections: DocumentSection[] = [
    ...[true, false].flatMap((isBoth) =>
      experiments.filter(({ presence }) => (presence === "both") === isBoth)
        .map((experiment) => experimentSection(experiment, display))
    ),
    { title: "Settings", lines: statementLines(settings, comparison) },
    { title: "Device", lines: statementLines(device, comparison) },
    { title: "Data", lines: statementLines(data, comparison) },
    { title: "Code", lines: codeLines(code, comparison) },
    { title: "Dependencies", lines: dependencyLines(dependencies) },
    { title: "Files", lines: experiments.flatMap((experiment) => fileLines(experiment)) },
    { title: "Not compared", lines: notes },
  ];
  return {
    summary: summaryOf(comparison),
    sections: sections.filter(({ table, lines }) => table !== undefined || lines.length > 0),
    legend: rows.length === 0 ? [] : legendOf(rows),
  };
}

function summaryOf(comparison: Comparison): string[] {
  const { before, after, profiles, experiments } = comparison;
  const of = `${profiles.length > 1 ? "profiles" : "profile"} ${profiles.join(", ")}`;
  if (isSame(comparison)) return [`No differences: ${before.label} and ${after.label} have the same results (${of}).`];
  const changed = experiments.flatMap((experiment) => experiment.changed);
  const count = (wanted: (row: ChangedRow) => boolean) => changed.filter(wanted).length;
  const larger = count(({ verdict }) => verdict === "larger");
  const better = count(({ verdict, quality }) => verdict === "larger" && quality === "better");
  const worse = count(({ verdict, quality }) => verdict === "larger" && quality === "worse");
  const parts: [number, string][] = [
    [larger, `larger than the noise${told([[better, "better"], [worse, "worse"]], " (", ")")}`],
    [count(({ verdict }) => verdict === "within"), "within the noise"],
    [count(({ verdict }) => verdict === "untellable"), "cannot be judged"],
    [count(({ verdict }) => verdict === "equal"), "the same on other items"],
    [experiments.reduce((sum, { added }) => sum + added.length, 0), "new"],
    [experiments.reduce((sum, { missing }) => sum + missing.length, 0), "missing"],
  ];
  return [`${before.label} → ${after.label}, ${of}`, told(parts, "Rows: ", ".") || "No score differs; other files do."];
}

/** What there is any of, as in `2 new, 1 missing`. */
function told(parts: readonly (readonly [count: number, what: string])[], before: string, after: string): string {
  const texts = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return texts.length === 0 ? "" : `${before}${texts.join(", ")}${after}`;
}

function experimentSection(
  { profile, experiment, presence, changed, added, missing, columns }: ExperimentComparison,
  display: MethodDisplays,
): DocumentSection {
  const name = `${profile}/${experiment}`;
  const title = presence === "both" ? name : `${name}: ${presence} experiment`;
  const lines = [
    ...groupRows(added, display).map((text) => `New: ${text}`),
    ...groupRows(missing, display).map((text) => `Missing: ${text}`),
    ...columns.map((change) => columnText(change)),
  ];
  if (changed.length === 0) return { title, lines };
  const rank = (row: ChangedRow) => VERDICT_ORDER.indexOf(row.verdict);
  const rows = changed.toSorted((a, b) => rank(a) - rank(b)).map((row): DocumentRow => (
    { cells: cellsOf(row, display), isEmphasized: row.verdict === "larger" }
  ));
  return { title, table: { caption: `Changed rows of ${name}`, heads: HEADS, rows }, lines };
}

const VERDICT_ORDER = ["larger", "untellable", "equal", "within"];

function cellsOf(row: ChangedRow, display: MethodDisplays): string[] {
  const { method, dataset, metric, before, after } = row;
  const print = ({ mean, sd }: ChangedRow["before"]) =>
    printMetric(metric, mean) + (sd === undefined ? "" : ` ± ${printMetric(metric, sd)}`);
  return [
    ...[methodLabel(method, display), datasetLabel(dataset), metricLabel(metric), print(before), print(after)],
    ...[signedChange(row), seedsText(row), pText(row.p), pText(row.correctedP), verdictText(row)],
  ];
}

/** With its sign, and never a bare 0 for a change that is smaller than the table's decimals. */
function signedChange({ metric, change }: ChangedRow): string {
  const printed = printMetric(metric, Math.abs(change));
  const size = Math.abs(change) * (metricDisplay(metric).scale === "percent" ? 100 : 1);
  // Below the rounding of the means it is one of floats, not of scores.
  const text = Number(printed) === 0 && size > 1e-9 ? String(Number(size.toPrecision(1))) : printed;
  return change === 0 || Number(text) === 0 ? text : `${change > 0 ? "+" : "−"}${text}`;
}

function seedsText({ before, after, pairedSeeds }: ChangedRow): string {
  const [a, b] = [before.seeds.length, after.seeds.length];
  return a !== b ? `${a} → ${b}` : pairedSeeds ? `${a}` : `${a} others`;
}

function pText(p: number | undefined): string {
  return p === undefined ? "" : p < 0.001 ? "<0.001" : p.toFixed(3);
}

function verdictText({ verdict, direction, quality, before, after, itemsAlone }: ChangedRow): string {
  const items = before.items.join() === after.items.join() || before.items.length === 0 || after.items.length === 0
    ? ""
    : `; items ${before.items.join("-")} → ${after.items.join("-")}`;
  switch (verdict) {
    case "larger":
      return `larger than the noise: ${direction}${quality === undefined ? "" : `, ${quality}`}${items}`;
    case "within":
      return `within the noise${items}`;
    case "untellable":
      return `cannot be judged: ${itemsAlone === undefined ? "one seed" : "other records, or one"}${items}`;
    case "equal":
      return `same values${items}`;
  }
}

function columnText({ file, added, removed, isReordered }: ColumnChange): string {
  const parts = [
    ...added.length > 0 ? [`new ${added.join(", ")}`] : [],
    ...removed.length > 0 ? [`missing ${removed.join(", ")}`] : [],
    ...isReordered ? ["in another order"] : [],
  ];
  return `Columns of ${file}: ${parts.join("; ")}`;
}

function fileLines({ profile, experiment, files }: ExperimentComparison): string[] {
  const texts = files.map((file) => `${file.file}: ${fileText(file)}`);
  return texts.length === 0 ? [] : [`${profile}/${experiment}: ${texts.join("; ")}`];
}

function fileText({ rowsBefore, rowsAfter, onlyBefore, onlyAfter }: FileChange): string {
  if (rowsBefore === undefined) return `new, ${rowsAfter} rows`;
  if (rowsAfter === undefined) return `missing, had ${rowsBefore} rows`;
  if (onlyBefore + onlyAfter === 0) return "the same rows, written in another way";
  if (onlyBefore === onlyAfter) return `${onlyAfter} of ${rowsAfter} rows differ`;
  return `${rowsBefore} → ${rowsAfter} rows, ${onlyBefore} only before, ${onlyAfter} only after`;
}

function legendOf(rows: readonly ChangedRow[]): string[] {
  const metrics = (wanted: (row: ChangedRow) => boolean) =>
    listNames([...new Set(rows.filter(wanted).map(({ metric }) => metricLabel(metric)))]);
  const percent = metrics(({ metric }) => metricDisplay(metric).scale === "percent");
  const all = rows.filter(({ p }) => p !== undefined);
  const [tested, ofModels] = [all.filter(({ itemsAlone }) => !itemsAlone), all.filter(({ itemsAlone }) => itemsAlone)];
  const seedsOnly = metrics(({ p, overItems }) => p !== undefined && !overItems);
  return [
    `Before, after: mean ± sample standard deviation over the seeds${percent && `; in percent: ${percent}`}.`,
    ...tested.length > 0
      ? [
        "p: two-sided, by Student's t, seeds and items both as random effects (Satterthwaite's degrees of freedom), and not below what seeds alone or items alone give.",
      ]
      : [],
    ...ofModels.length > 0
      ? ["p of two models as they are: two-sided, by Student's t over the items, each compared with itself."]
      : [],
    ...all.length > 0
      ? [
        `Larger than the noise: corrected p below ${SIGNIFICANCE_LEVEL}, by Holm's correction for the changed rows of the same experiment, data set and metric.`,
      ]
      : [],
    ...seedsOnly ? [`By seeds alone, without scores of items: ${seedsOnly}.`] : [],
    ...tested.some(({ pairedSeeds }) => !pairedSeeds)
      ? ["Where the seeds are others, they are not paired (Welch's test)."]
      : [],
    ...rows.some(({ verdict, itemsAlone }) => verdict === "untellable" && itemsAlone === undefined)
      ? ["One seed on a side does not show how much seeds vary."]
      : [],
  ];
}
