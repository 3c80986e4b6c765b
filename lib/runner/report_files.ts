import { renderSvg } from "#lib/reporting/figures/figure.ts";
import { formatDifferences } from "#lib/reporting/differences_csv.ts";
import { groupSamples, type SampleText } from "#lib/reporting/sample_groups.ts";
import { formatSamples } from "#lib/reporting/samples_markdown.ts";
import { formatTable } from "#lib/reporting/table_formats.ts";
import type { ScoreTable } from "#lib/reporting/table_model.ts";
import type { Report } from "#lib/bench/experiment.ts";

/**
 * What an experiment shows, as files: each table as Markdown, CSV and LaTeX, the differences that were tested, each figure as SVG, and
 * the sample responses side by side, where there are any, under the labels of the main table.
 */
export async function reportFiles(
  { tables, figures }: Report,
  samples: readonly SampleText[] = [],
): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const [name, table] of Object.entries(tables)) {
    files[`${name}.md`] = formatTable(table, "md");
    files[`${name}.csv`] = formatTable(table, "csv");
    files[`${name}.tex`] = formatTable(table, "latex");
    if (isTested(table)) {
      files[name === "table" ? "differences.csv" : `${name}_differences.csv`] = formatDifferences(table);
    }
  }
  for (const [name, figure] of Object.entries(figures)) files[`${name}.svg`] = await renderSvg(figure);
  if (samples.length > 0) files["samples.md"] = formatSamples(groupSamples(samples, tables.table?.rows));
  return files;
}

function isTested({ rows }: ScoreTable): boolean {
  return rows.some(({ cells }) => cells.some((cell) => cell?.againstBaseline ?? cell?.againstBest));
}
