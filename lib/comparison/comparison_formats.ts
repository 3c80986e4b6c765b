import { csvLine } from "#lib/results/csv_rows.ts";
import { escapeHtml, escapeMarkdown } from "#lib/reporting/escape_text.ts";
import { markdownTable } from "#lib/reporting/markdown_table.ts";
import type { MethodDisplays } from "#lib/reporting/method_display.ts";
import { visibleJson, visibleText } from "#lib/visible_text.ts";
import { type ChangedRow, type Comparison, isSame } from "./comparison.ts";
import {
  type ComparisonDocument,
  documentOf,
  type DocumentTable,
  EMPHASIZED_HEADS,
  NUMBER_HEADS,
} from "./comparison_document.ts";

export const COMPARISON_FORMATS = ["md", "json", "csv"] as const;
export type ComparisonFormat = typeof COMPARISON_FORMATS[number];

/** A comparison as text that ends in a newline. @param display the labels of methods */
export function formatComparison(
  comparison: Comparison,
  format: ComparisonFormat,
  display: MethodDisplays = {},
): string {
  switch (format) {
    case "md":
      return formatMarkdown(documentOf(comparison, display));
    case "json":
      return formatJson(comparison);
    case "csv":
      return formatCsv(comparison);
  }
}

/** The comparison as it is, with null for what is undefined; but a statement has no `before` or `after` where there was none. */
function formatJson(comparison: Comparison): string {
  const isAbsent = (key: string) => key === "before" || key === "after";
  const text = JSON.stringify(
    { same: isSame(comparison), ...comparison },
    (key, value) => value === undefined && !isAbsent(key) ? null : value,
  );
  return `${visibleJson(JSON.parse(text), 2)}\n`;
}

/**
 * An HTML fragment for a page of its own style: sections of `class="comparison"` with tables, lists and a legend. Rows that are larger
 * than the noise are of `class="larger"`. @param display the labels of methods
 */
export function formatComparisonHtml(comparison: Comparison, display: MethodDisplays = {}): string {
  const { summary, sections, legend } = documentOf(comparison, display);
  const list = (texts: readonly string[]) =>
    texts.length === 0 ? [] : ["<ul>", ...texts.map((text) => `  <li>${escapeHtml(text)}</li>`), "</ul>"];
  return [
    '<section class="comparison">',
    ...summary.map((text) => `<p>${escapeHtml(text)}</p>`),
    ...sections.flatMap(({ title, table, lines }) => [
      `<h3>${escapeHtml(title)}</h3>`,
      ...table === undefined ? [] : htmlTable(table),
      ...list(lines),
    ]),
    ...list(legend),
    "</section>",
    "",
  ].join("\n");
}

function htmlTable({ caption, heads, rows }: DocumentTable): string[] {
  return [
    "<table>",
    `  <caption>${escapeHtml(caption)}</caption>`,
    `  <thead><tr>${heads.map((head) => `<th scope="col">${escapeHtml(head)}</th>`).join("")}</tr></thead>`,
    "  <tbody>",
    ...rows.map(({ cells: [name, ...cells], isEmphasized }) => {
      const isStrong = (i: number) => isEmphasized && EMPHASIZED_HEADS.includes(heads[i + 1]);
      const written = cells.map((text) => escapeHtml(text)).map((text, i) =>
        `<td>${isStrong(i) ? `<strong>${text}</strong>` : text}</td>`
      );
      return `    <tr${isEmphasized ? ' class="larger"' : ""}><th scope="row">${escapeHtml(name)}</th>${
        written.join("")
      }</tr>`;
    }),
    "  </tbody>",
    "</table>",
  ];
}

/** Markdown that reads well as plain text too. */
function formatMarkdown({ summary: [first, ...rest], sections, legend }: ComparisonDocument): string {
  const list = (texts: readonly string[]) => texts.map((text) => `- ${markdown(text)}`);
  const isAlone = rest.length + sections.length === 0;
  const blocks = [
    [isAlone ? markdown(first) : `**${markdown(first)}**`],
    ...rest.map((text) => [markdown(text)]),
    ...sections.flatMap(({ title, table, lines }) => [
      [`### ${markdown(title)}`],
      table === undefined ? [] : tableLines(table),
      list(lines),
    ]),
    list(legend),
  ];
  return `${blocks.filter((lines) => lines.length > 0).map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function tableLines({ heads, rows }: DocumentTable): string[] {
  const grid = rows.map(({ cells, isEmphasized }) =>
    cells.map((text, i) =>
      isEmphasized && EMPHASIZED_HEADS.includes(heads[i]) ? `**${markdown(text)}**` : markdown(text)
    )
  );
  return markdownTable([heads.map(markdown), ...grid], (column) => NUMBER_HEADS.includes(heads[column]));
}

const CSV_COLUMNS = [
  ...["status", "profile", "experiment", "method", "dataset", "metric", "before", "after", "change", "before_sd"],
  ...["after_sd", "before_seeds", "after_seeds", "p", "corrected_p", "verdict", "direction", "quality"],
];

/** A row per changed, new or missing row, with the names and fractions of `scores.csv`. */
function formatCsv({ experiments }: Comparison): string {
  const lines = experiments.flatMap(({ profile, experiment, changed, added, missing }) => {
    const keys = ({ method, dataset, metric }: Pick<ChangedRow, "method" | "dataset" | "metric">) =>
      [profile, experiment, method, dataset, metric].map((name) => visibleText(name));
    const blank = Array<string>(CSV_COLUMNS.length - 6).fill("");
    return [
      ...changed.map((
        row,
      ) => ["changed", ...keys(row), ...csvNumbers(row), row.verdict, row.direction, row.quality ?? ""]),
      ...added.map((row) => ["new", ...keys(row), ...blank]),
      ...missing.map((row) => ["missing", ...keys(row), ...blank]),
    ];
  });
  return [CSV_COLUMNS, ...lines].map(csvLine).join("");
}

const SIGNIFICANT_DIGITS = 6;

function csvNumbers({ before, after, change, p, correctedP }: ChangedRow): (string | number)[] {
  const compact = (value: number | undefined) =>
    value === undefined ? "" : Number(value.toPrecision(SIGNIFICANT_DIGITS));
  return [
    ...[before.mean, after.mean, change, before.sd, after.sd].map(compact),
    ...[before.seeds.length, after.seeds.length],
    ...[p, correctedP].map(compact),
  ];
}

/** What begins nothing in Markdown stays readable: `_` within a word, as names are full of, and `<` before a number. */
function markdown(text: string): string {
  return escapeMarkdown(text).replace(
    /(?<=[\p{L}\p{N}])\\_(?=[\p{L}\p{N}])|\\<(?=\d)/gu,
    (escaped) => escaped.slice(1),
  );
}
