import { escapeLatex } from "./escape_text.ts";
import { publishedSources } from "./published_rows.ts";
import { runsOf } from "./runs.ts";
import type { PublishedRows, ScoreTable } from "./table_model.ts";
import { type CellText, type Emphasis, textRows } from "./table_text.ts";

const EMPHASIS: Emphasis = {
  best: (text) => `\\textbf{${text}}`,
  tied: (text) => `\\textit{${text}}`,
  none: (text) => text,
};

/** Between a mean and its spread, and the same room where there is no spread. */
const PLUS_MINUS = "@{$\\,\\pm\\,$}";
const NO_SPREAD = "@{\\phantom{$\\,\\pm\\,$}}";

/** A `table` environment for LaTeX with the package booktabs: means and spreads aligned at the sign between them. */
export function formatLatex(table: ScoreTable): string {
  // A column without any spread needs no room for one.
  const widths = table.columns.map((_, i) => table.rows.some(({ cells }) => cells[i]?.sd !== undefined) ? 2 : 1);
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
    ...textRows(table).map(({ label, cells }) =>
      line([rowHead(label), ...cells.map((cell, i) => scoreCell(cell, widths[i]))])
    ),
    ...table.published.flatMap((published) => publishedLines(published, widths)).map((text) => `    ${text} \\\\`),
    "    \\bottomrule",
    "  \\end{tabular}",
    "",
    "  \\vspace{1ex}",
    "  \\begin{minipage}{\\linewidth}\\raggedright\\footnotesize",
    ...[...table.legend, ...publishedSources(table.published)].map((text) => `    ${escapeLatex(text)}\\par`),
    "  \\end{minipage}",
    "\\end{table*}",
    "",
  ].join("\n");
}

/** One line, or two where neighbours have the same begin of a label before a comma: that stands once, over a rule. */
function headLines({ columns }: ScoreTable, widths: readonly number[]): string[] {
  const heads = columns.map(({ label }, i) => {
    const [, group = "", own = label] = /^(.*), (.*)$/s.exec(label) ?? [];
    return { label, group, own, width: widths[i], first: 2 + sum(widths.slice(0, i)) };
  });
  const line = (texts: readonly string[]) =>
    ["Method", ...texts.map((text, i) => across(widths[i], widths[i] > 1 ? "c" : "r", escapeLatex(text)))].join(" & ");
  const groups = runsOf(heads, ({ group }) => group || undefined);
  if (groups.length === heads.length) return [`${line(heads.map(({ label }) => label))} \\\\`];
  const spans = groups.map((of) => ({ ...of[0], width: sum(of.map(({ width }) => width)) }));
  const rules = spans.filter(({ group }) => group !== "")
    .map(({ first, width }) => `\\cmidrule(lr){${first}-${first + width - 1}}`);
  return [
    `& ${spans.map(({ group, width }) => across(width, "c", escapeLatex(group))).join(" & ")} \\\\`,
    rules.join(" "),
    `${line(heads.map(({ own }) => own))} \\\\`,
  ];
}

/** A star would belong to the line break before it. */
function rowHead(label: string): string {
  return escapeLatex(label).replace(/^\*/, "{*}");
}

function scoreCell({ mean, sd, seeds = "", mark, emphasis, isMissing }: CellText, width: number): string {
  if (isMissing) return across(width, "c", mean);
  const strong = EMPHASIS[emphasis];
  const behind = `${mark && `\\textsuperscript{${escapeLatex(mark)}}`} ${seeds}`.trimEnd();
  if (sd !== undefined) return `${strong(mean)} & ${strong(sd)}${behind}`;
  if (width === 1) return `${strong(mean)}${behind}`;
  return `\\multicolumn{1}{r${NO_SPREAD}}{${strong(mean)}} & ${behind.trim()}`.trimEnd();
}

function publishedLines({ heading, rows }: PublishedRows, widths: readonly number[]): string[] {
  const all = 1 + sum(widths);
  return [
    `\\midrule\n    ${across(all, "@{}l@{}", `\\textit{${escapeLatex(heading)}}`)}`,
    ...rows.map(({ label, cells }) =>
      [rowHead(label), ...cells.map((text, i) => publishedCell(text, widths[i]))].join(" & ")
    ),
  ];
}

function publishedCell(text: string | undefined, width: number): string {
  if (text === undefined) return across(width, "c", "--");
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
