import { csvLine } from "#lib/results/csv_rows.ts";
import { escapeMarkdown } from "./escape_text.ts";
import { markdownTable } from "./markdown_table.ts";
import { publishedSources } from "./published_rows.ts";
import { cellLine, emphasize, sideMark, UNPUBLISHED } from "./table_cells.ts";
import { formatHtml } from "./table_html.ts";
import { formatLatex } from "./table_latex.ts";
import type { PublishedCell, ScoreTable, TableCell } from "./table_model.ts";
import { visibleText } from "#lib/visible_text.ts";

export const TABLE_FORMATS = ["md", "csv", "html", "latex"] as const;
export type TableFormat = typeof TABLE_FORMATS[number];

/** Behind a number, in the further columns that it may belong to. */
const SAME = "←";

/** A table as text that ends in a newline. Names and captions are text in every format: nothing in them acts. */
export function formatTable(table: ScoreTable, format: TableFormat): string {
  switch (format) {
    case "md":
      return formatMarkdown(table);
    case "csv":
      return formatCsv(table);
    case "html":
      return formatHtml(table);
    case "latex":
      return formatLatex(table);
  }
}

/** Markdown that reads well as plain text too. */
export function formatMarkdown(table: ScoreTable): string {
  const write = (cell: TableCell | undefined, column: number) => {
    const text = escapeMarkdown(cellLine(cell, column, table));
    return emphasize(cell, text, { best: `**${text}**`, tied: `_${text}_` }) + escapeMarkdown(sideMark(cell));
  };
  const { published } = table;
  const heads = ["Method", ...table.columns.map(({ label }) => escapeMarkdown(label))];
  const grid = [
    heads,
    ...table.rows.map(({ label, cells }) => [escapeMarkdown(label), ...cells.map(write)]),
    // GitHub's tables have one body: an empty row stands for the rule.
    ...(published
      ? [heads.map(() => ""), [`_${escapeMarkdown(published.heading)}_`, ...heads.slice(1).map(() => "")]]
      : []),
    ...(published?.rows ?? []).map(({ label, cells }) => [
      escapeMarkdown(label),
      ...cells.flatMap((cell) => spread(cell, UNPUBLISHED, SAME)).map(escapeMarkdown),
    ]),
  ];
  const shared = published?.rows.some(({ cells }) => cells.some(({ columns }) => columns > 1));
  const legend = [
    ...table.legend,
    ...(published ? publishedSources(published) : []),
    ...(shared ? [`${SAME}: the number to the left is of one of these columns; it is not said which.`] : []),
  ].map((text) => `- ${escapeMarkdown(text)}`);
  return [`**${escapeMarkdown(table.caption)}**`, "", ...markdownTable(grid, (column) => column > 0), "", ...legend, ""]
    .join("\n");
}

/**
 * CSV for programs: the names of `scores.csv`, the cells as in the other formats, with `*` or `†` and `best` or `tied` behind
 * the value, the number of seeds in column `seeds`, the items of each set in the last row. Rows of others' numbers are named
 * `published: …`; a number of theirs that may belong to several columns stands in the first of these.
 */
export function formatCsv(table: ScoreTable): string {
  const { columns, rows, published } = table;
  const write = (cell: TableCell | undefined, column: number) =>
    cellLine(cell, column, table) + sideMark(cell) + emphasize(cell, "", { best: " best", tied: " tied" });
  const items = columns.map(({ items }) => items === undefined ? "" : [...new Set(items)].join("-"));
  return [
    ["method", "seeds", ...columns.map(({ name }) => visibleText(name))],
    ...rows.map(({ method, cells }) => [
      visibleText(method),
      new Set(cells.flatMap((cell) => cell?.seeds ?? [])).size,
      ...cells.map(write),
    ]),
    ...(published?.rows ?? []).map(({ label, source, cells }) => [
      visibleText(`published: ${label} (${source})`),
      "",
      ...cells.flatMap((cell) => spread(cell, "", "")).map((text) => visibleText(text)),
    ]),
    ["items", "", ...items],
  ].map(csvLine).join("");
}

/** A text for each column of the cell. */
function spread({ text, columns }: PublishedCell, none: string, further: string): string[] {
  return Array.from({ length: columns }, (_, i) => text === undefined ? none : i === 0 ? text : further);
}
