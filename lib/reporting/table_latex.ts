import { escapeLatex } from "./escape_text.ts";
import { publishedSources } from "./published_rows.ts";
import { cellText, emphasize, MISSING, sideMark } from "./table_cells.ts";
import type { PublishedCell, PublishedRows, ScoreTable, TableCell } from "./table_model.ts";

/** Between a mean and its spread, and the same room where there is no spread. */
const PLUS_MINUS = "@{$\\,\\pm\\,$}";
const NO_SPREAD = "@{\\phantom{$\\,\\pm\\,$}}";

/** A `table` environment for LaTeX with the package booktabs: means and spreads aligned at the sign between them. */
export function formatLatex(table: ScoreTable): string {
  // A column without any spread needs no room for one.
  const widths = table.columns.map((_, i) => table.rows.some(({ cells }) => cells[i]?.sd !== undefined) ? 2 : 1);
  const write = (cell: TableCell | undefined, column: number) =>
    cell === undefined
      ? across(widths[column], "c", MISSING)
      : scoreCell(cell, cellText(cell, column, table), sideMark(cell), widths[column]);
  const line = (cells: readonly string[]) => `    ${cells.join(" & ")} \\\\`;
  return [
    "% Needs \\usepackage{booktabs}. Letters beyond Latin need XeLaTeX or LuaLaTeX.",
    "\\begin{table*}",
    `  \\centering\\${widths.length > 4 ? "footnotesize\\setlength{\\tabcolsep}{3pt}" : "small"}`,
    `  \\caption{${escapeLatex(table.caption)}}`,
    `  \\label{${labelOf(table)}}`,
    `  \\begin{tabular}{@{}l${widths.map((width) => width > 1 ? `r${PLUS_MINUS}l` : "r").join("")}@{}}`,
    "    \\toprule",
    ...headLines(table, widths).map((text) => `    ${text}`),
    "    \\midrule",
    ...table.rows.map(({ label, cells }) => line([rowHead(label), ...cells.map(write)])),
    ...(table.published ? publishedLines(table.published, widths).map((text) => `    ${text} \\\\`) : []),
    "    \\bottomrule",
    "  \\end{tabular}",
    "",
    "  \\vspace{1ex}",
    "  \\begin{minipage}{\\linewidth}\\raggedright\\footnotesize",
    ...[...table.legend, ...(table.published ? publishedSources(table.published) : [])]
      .map((text) => `    ${escapeLatex(text)}\\par`),
    "  \\end{minipage}",
    "\\end{table*}",
    "",
  ].join("\n");
}

/** One line, or two where neighbours have the same begin of a label before a comma: that stands once, over a rule. */
function headLines({ columns }: ScoreTable, widths: readonly number[]): string[] {
  const labels = columns.map(({ label }) => [label.slice(0, label.lastIndexOf(", ")), label] as const)
    .map(([group, label]) => label.includes(", ") ? [group, label.slice(group.length + 2)] : ["", label]);
  const groups: { group: string; first: number; columns: number }[] = [];
  for (const [i, [group]] of labels.entries()) {
    const last = groups.at(-1);
    if (last && group !== "" && last.group === group) last.columns++;
    else groups.push({ group, first: i, columns: 1 });
  }
  const head = (texts: readonly string[]) =>
    texts.map((text, i) => across(widths[i], widths[i] > 1 ? "c" : "r", escapeLatex(text))).join(" & ");
  if (groups.length === labels.length) return [`Method & ${head(columns.map(({ label }) => label))} \\\\`];
  const spans = groups.map(({ group, first, columns }) => {
    const before = 2 + sum(widths.slice(0, first));
    return { group, before, width: sum(widths.slice(first, first + columns)) };
  });
  return [
    `& ${spans.map(({ group, width }) => across(width, "c", escapeLatex(group))).join(" & ")} \\\\`,
    spans.flatMap(({ group, before, width }) => group === "" ? [] : [`\\cmidrule(lr){${before}-${before + width - 1}}`])
      .join(" "),
    `Method & ${head(labels.map(([, label]) => label))} \\\\`,
  ];
}

/** A star would belong to the line break before it. */
function rowHead(label: string): string {
  return escapeLatex(label).replace(/^\*/, "{*}");
}

function scoreCell(cell: TableCell, text: ReturnType<typeof cellText>, mark: string, width: number): string {
  const strong = (part: string) => emphasize(cell, part, { best: `\\textbf{${part}}`, tied: `\\textit{${part}}` });
  const seeds = text.seeds === undefined ? "" : ` ${text.seeds}`;
  const behind = `${mark && `\\textsuperscript{${escapeLatex(mark)}}`}${seeds}`;
  if (text.sd !== undefined) return `${strong(text.mean)} & ${strong(text.sd)}${behind}`;
  if (width === 1) return `${strong(text.mean)}${behind}`;
  return `\\multicolumn{1}{r${NO_SPREAD}}{${strong(text.mean)}} & ${behind.trim()}`.trimEnd();
}

function publishedLines({ heading, rows }: PublishedRows, widths: readonly number[]): string[] {
  const all = 1 + sum(widths);
  return [
    `\\midrule\n    ${across(all, "@{}l@{}", `\\textit{${escapeLatex(heading)}}`)}`,
    ...rows.map(({ label, cells }) => {
      let column = 0;
      const written = cells.map((cell) => {
        const own = widths.slice(column, column += cell.columns);
        return publishedCell(cell, own);
      });
      return [rowHead(label), ...written].join(" & ");
    }),
  ];
}

function publishedCell({ text, columns }: PublishedCell, widths: readonly number[]): string {
  const width = sum(widths);
  if (text === undefined) return across(width, "c", "--");
  if (columns > 1) return across(width, "c", escapeLatex(text));
  return width > 1 ? `\\multicolumn{1}{r${NO_SPREAD}}{${escapeLatex(text)}} &` : escapeLatex(text);
}

function across(columns: number, align: string, text: string): string {
  return columns === 1 && align.length === 1 ? text : `\\multicolumn{${columns}}{${align}}{${text}}`;
}

function sum(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0);
}

/** As in `tab:combination-factor-profile-tiny-rouge-l`. */
function labelOf({ caption }: ScoreTable): string {
  const words = caption.toLowerCase().replaceAll(/\([^()]*\)/g, " ").match(/[a-z0-9]+/g) ?? [];
  return `tab:${words.join("-") || "scores"}`;
}
