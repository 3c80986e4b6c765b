import { escapeHtml } from "./escape_text.ts";
import type { PublishedRows, ScoreTable } from "./table_model.ts";
import { type CellText, type Emphasis, textRows, UNPUBLISHED } from "./table_text.ts";

const EMPHASIS: Emphasis = {
  best: (text) => `<strong>${text}</strong>`,
  tied: (text) => `<em>${text}</em>`,
  none: (text) => text,
};

const STYLE = `
  body { font: 15px/1.5 sans-serif; color-scheme: light dark; margin: 1em }
  .scroll { overflow-x: auto }
  table { border-collapse: collapse; border-top: 2px solid; border-bottom: 2px solid }
  caption { font-weight: bold; text-align: left; padding: 0.5em }
  th, td { padding: 0.2em 0.8em; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
  th:first-child { text-align: left; font-weight: normal }
  thead th { border-bottom: 1px solid }
  .published tr:first-child th { border-top: 1px solid; font-style: italic }
  .missing { opacity: 0.7 }
  ul { font-size: smaller; padding-left: 1.5em }
`;

/** A page of its own: the table with the caption above and the legend below. */
export function formatHtml(table: ScoreTable): string {
  return [
    "<!doctype html>",
    '<html lang="en">',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeHtml(table.caption)}</title>`,
    `<style>${STYLE}</style>`,
    '<div class="scroll">',
    htmlTable(table),
    "</div>",
    htmlLegend(table),
    "",
  ].join("\n");
}

/** The table alone, for a page of several. */
export function htmlTable(table: ScoreTable): string {
  const heads = ["Method", ...table.columns.map(({ label }) => label)];
  return [
    "<table>",
    `  <caption>${escapeHtml(table.caption)}</caption>`,
    `  <thead><tr>${heads.map((head) => `<th scope="col">${escapeHtml(head)}</th>`).join("")}</tr></thead>`,
    "  <tbody>",
    ...textRows(table).map(({ label, cells }) =>
      `    <tr><th scope="row">${escapeHtml(label)}</th>${cells.map(scoreCell).join("")}</tr>`
    ),
    "  </tbody>",
    ...table.published.flatMap((published) => publishedBody(published, heads.length)),
    "</table>",
  ].join("\n");
}

/** What the reader of the table needs to know. */
export function htmlLegend({ legend }: ScoreTable): string {
  return `<ul class="legend">\n${legend.map((line) => `  <li>${escapeHtml(line)}</li>\n`).join("")}</ul>`;
}

function scoreCell({ line, mark, emphasis, isMissing }: CellText): string {
  const text = EMPHASIS[emphasis](escapeHtml(line));
  return `<td${isMissing ? ' class="missing"' : ""}>${text}${mark && `<sup>${mark}</sup>`}</td>`;
}

function publishedBody({ heading, source, rows }: PublishedRows, columns: number): string[] {
  const head = `${escapeHtml(heading)} <small>(${escapeHtml(source)})</small>`;
  return [
    '  <tbody class="published">',
    `    <tr><th scope="rowgroup" colspan="${columns}">${head}</th></tr>`,
    ...rows.map(({ label, cells }) =>
      `    <tr><th scope="row">${escapeHtml(label)}</th>${cells.map(publishedCell).join("")}</tr>`
    ),
    "  </tbody>",
  ];
}

function publishedCell(text: string | undefined): string {
  return text === undefined ? `<td class="missing">${UNPUBLISHED}</td>` : `<td>${escapeHtml(text)}</td>`;
}
