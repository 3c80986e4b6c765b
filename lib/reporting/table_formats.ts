import { csvLine } from "./csv_rows.ts";
import { percent, type ScoreTable, type TableCell } from "./table_model.ts";

export const TABLE_FORMATS = ["md", "csv", "html", "latex"] as const;
export type TableFormat = typeof TABLE_FORMATS[number];

const MISSING = "missing";

/** A table as text that ends in a newline. */
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

/** Markdown with padded columns, so that it reads well as plain text too. */
export function formatMarkdown(table: ScoreTable): string {
  const mark = (cell: TableCell | undefined) => {
    const text = markdown(cellText(cell, table));
    return cell === undefined ? text : (cell.best ? `**${text}**` : text) + (cell.significant ? "\\*" : "");
  };
  const grid = [
    ["Method", ...table.columns.map(({ label }) => markdown(label))],
    ...table.rows.map(({ label, cells }) => [markdown(label), ...cells.map(mark)]),
  ];
  const widths = grid[0].map((_, column) => Math.max(3, ...grid.map((row) => row[column].length)));
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const [header, ...body] = grid.map((row) =>
    line(row.map((text, i) => i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i])))
  );
  const rule = line(widths.map((width, i) => i === 0 ? "-".repeat(width) : "-".repeat(width - 1) + ":"));
  const legend = table.legend.map((text) => `- ${markdown(text)}`);
  return [`**${markdown(table.caption)}**`, "", header, rule, ...body, "", ...legend, ""].join("\n");
}

/**
 * CSV for programs: the names of `scores.csv`, the cells as in the other formats with `*` and `best` behind the value, the
 * number of seeds in column `seeds`, the items of each set in the last row.
 */
export function formatCsv({ columns, rows, seeds }: ScoreTable): string {
  const mark = (cell: TableCell | undefined) =>
    cell === undefined
      ? MISSING
      : `${cellText(cell, { seeds })}${cell.significant ? "*" : ""}${cell.best ? " best" : ""}`;
  const items = columns.map(({ items }) => items === undefined ? "" : [...new Set(items)].join("-"));
  return [
    ["method", "seeds", ...columns.map(({ name }) => name)],
    ...rows.map(({ method, cells }) => [
      method,
      new Set(cells.flatMap((cell) => cell?.seeds ?? [])).size,
      ...cells.map(mark),
    ]),
    ["items", "", ...items],
  ].map(csvLine).join("");
}

/** A page of its own: the table with the caption above and the legend below. */
export function formatHtml(table: ScoreTable): string {
  const mark = (cell: TableCell | undefined) => {
    const text = html(cellText(cell, table));
    return cell === undefined
      ? `<td class="missing">${text}</td>`
      : `<td>${cell.best ? `<strong>${text}</strong>` : text}${cell.significant ? "<sup>*</sup>" : ""}</td>`;
  };
  const heads = ["Method", ...table.columns.map(({ label }) => label)];
  return [
    "<!doctype html>",
    '<html lang="en">',
    '<meta charset="utf-8">',
    `<title>${html(table.caption)}</title>`,
    "<style>",
    "  table { border-collapse: collapse; font: 15px/1.5 sans-serif; border-top: 2px solid; border-bottom: 2px solid }",
    "  caption { font-weight: bold; text-align: left; padding: 0.5em }",
    "  th, td { padding: 0.2em 0.8em; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }",
    "  th:first-child, tfoot td { text-align: left; font-weight: normal; white-space: normal }",
    "  thead th { border-bottom: 1px solid }",
    "  tfoot td { border-top: 1px solid; font-size: smaller }",
    "  .missing { color: #767676 }",
    "</style>",
    "<table>",
    `  <caption>${html(table.caption)}</caption>`,
    `  <thead><tr>${heads.map((head) => `<th scope="col">${html(head)}</th>`).join("")}</tr></thead>`,
    "  <tbody>",
    ...table.rows.map(({ label, cells }) =>
      `    <tr><th scope="row">${html(label)}</th>${cells.map(mark).join("")}</tr>`
    ),
    "  </tbody>",
    `  <tfoot><tr><td colspan="${heads.length}">${table.legend.map(html).join("<br>")}</td></tr></tfoot>`,
    "</table>",
    "",
  ].join("\n");
}

/** A `table` environment for LaTeX with the package booktabs. */
export function formatLatex(table: ScoreTable): string {
  const mark = (cell: TableCell | undefined) => {
    const text = latex(cellText(cell, table));
    return (cell?.best ? `\\textbf{${text}}` : text) + (cell?.significant ? "\\textsuperscript{*}" : "");
  };
  const line = (cells: readonly string[]) => `    ${cells.join(" & ")} \\\\`;
  return [
    "% Needs \\usepackage{booktabs}.",
    "\\begin{table}",
    "  \\centering",
    `  \\caption{${latex(table.caption)}}`,
    `  \\begin{tabular}{l${"r".repeat(table.columns.length)}}`,
    "    \\toprule",
    line(["Method", ...table.columns.map(({ label }) => latex(label))]),
    "    \\midrule",
    ...table.rows.map(({ label, cells }) => line([latex(label), ...cells.map(mark)])),
    "    \\bottomrule",
    "  \\end{tabular}",
    "",
    "  \\raggedright\\footnotesize",
    ...table.legend.map((text) => `  ${latex(text)}\\par`),
    "\\end{table}",
    "",
  ].join("\n");
}

/** `30.1 ± 0.4`, with the number of seeds if they are fewer than the table's. */
function cellText(cell: TableCell | undefined, { seeds }: Pick<ScoreTable, "seeds">): string {
  if (cell === undefined) return MISSING;
  const spread = cell.sd === undefined ? "" : ` ± ${percent(cell.sd)}`;
  return `${percent(cell.mean)}${spread}${cell.seeds.length < seeds.length ? ` (n=${cell.seeds.length})` : ""}`;
}

function markdown(text: string): string {
  return oneLine(text).replace(/[\\`*_[\]<>|~&$#]/g, "\\$&");
}

function html(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return oneLine(text).replace(/[&<>"']/g, (character) => entities[character]);
}

function latex(text: string): string {
  const commands: Record<string, string> = {
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "|": "\\textbar{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "±": "$\\pm$",
  };
  return oneLine(text).replace(/[\\~^|<>±&%$#_{}]/g, (character) => commands[character] ?? `\\${character}`);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
