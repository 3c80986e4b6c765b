import { csvLine } from "#lib/results/csv_rows.ts";
import { visibleText } from "#lib/visible_text.ts";
import { escapeMarkdown } from "./escape_text.ts";
import { markdownTable } from "./markdown_table.ts";
import { publishedSources } from "./published_rows.ts";
import { formatHtml } from "./table_html.ts";
import { formatLatex } from "./table_latex.ts";
import type { ScoreTable } from "./table_model.ts";
import { type Emphasis, textRows, UNPUBLISHED } from "./table_text.ts";

export const TABLE_FORMATS = ["md", "csv", "html", "latex"] as const;
export type TableFormat = typeof TABLE_FORMATS[number];

const WRITERS = { md: formatMarkdown, csv: formatCsv, html: formatHtml, latex: formatLatex };

/** A table as text that ends in a newline. Names and captions are text in every format: nothing in them acts. */
export function formatTable(table: ScoreTable, format: TableFormat): string {
  return WRITERS[format](table);
}

const MARKDOWN: Emphasis = { best: (text) => `**${text}**`, tied: (text) => `_${text}_`, none: (text) => text };
const CSV: Emphasis = { best: (text) => `${text} best`, tied: (text) => `${text} tied`, none: (text) => text };

/** Markdown that reads well as plain text too. */
function formatMarkdown(table: ScoreTable): string {
  const { caption, columns, published } = table;
  const blanks = columns.map(() => "");
  const grid = [
    ["Method", ...columns.map(({ label }) => escapeMarkdown(label))],
    ...textRows(table).map(({ label, cells }) => [
      escapeMarkdown(label),
      ...cells.map(({ line, mark, emphasis }) => MARKDOWN[emphasis](escapeMarkdown(line)) + escapeMarkdown(mark)),
    ]),
    // GitHub's tables have one body: an empty row stands for the rule.
    ...published.flatMap(({ heading, rows }) => [
      ["", ...blanks],
      [`_${escapeMarkdown(heading)}_`, ...blanks],
      ...rows.map(({ label, cells }) => [label, ...cells.map((text = UNPUBLISHED) => text)].map(escapeMarkdown)),
    ]),
  ];
  const notes = [...table.legend, ...publishedSources(published)].map((text) => `- ${escapeMarkdown(text)}`);
  return [`**${escapeMarkdown(caption)}**`, "", ...markdownTable(grid, (column) => column > 0), "", ...notes, ""]
    .join("\n");
}

/**
 * CSV for programs: the names of `scores.csv`, the cells as in the other formats, with `*`, `†` or `↓` and `best` or `tied` behind
 * the value, the number of seeds in column `seeds`, the items of each set in the last row. Rows of others' numbers are named
 * `published: …`, with their source.
 */
function formatCsv(table: ScoreTable): string {
  const { columns, rows, published } = table;
  const seedsOf = (row: number) => new Set(rows[row].cells.flatMap((cell) => cell?.seeds ?? [])).size;
  return [
    ["method", "seeds", ...columns.map(({ name }) => visibleText(name))],
    ...textRows(table).map(({ method, cells }, i) => [
      visibleText(method),
      seedsOf(i),
      ...cells.map(({ line, mark, emphasis }) => CSV[emphasis](line + mark)),
    ]),
    ...published.flatMap(({ heading, source, rows }) =>
      rows.map(({ label, cells }) =>
        [`published: ${label} (${heading}; ${source})`, "", ...cells].map((text = "") => visibleText(text))
      )
    ),
    ["items", "", ...columns.map(({ items }) => items === undefined ? "" : [...new Set(items)].join("-"))],
  ].map(csvLine).join("");
}
