import { methodLabel, metricLabel } from "./display_names.ts";
import { type ScoreTable, SIGNIFICANCE_LEVEL } from "./table_model.ts";

interface LegendFacts {
  readonly metrics: readonly string[];
  readonly averaged: boolean;
  /** The method that others were tested against; undefined if no test was possible. */
  readonly baseline: string | undefined;
}

/** What the reader needs to know to read a table: one line each on values, spread, seeds, items and marks. */
export function legendOf(table: Omit<ScoreTable, "legend">, facts: LegendFacts): string[] {
  const cells = table.rows.flatMap((row) => row.cells);
  const lines = [`Values: ${facts.metrics.map(metricLabel).join(", ")} in percent; ${spreadLine(table)}.`];
  const items = table.columns.filter((column) => column.items !== undefined)
    .map(({ label, items: [least, most] = [0, 0] }) => `${label} ${least === most ? least : `${least} to ${most}`}`);
  if (items.length > 0) lines.push(`Items per seed: ${items.join(", ")}.`);
  if (facts.averaged) lines.push("Average: over the data sets for each seed first, then over the seeds.");
  if (cells.some((cell) => cell?.best)) lines.push("Bold: highest mean of the column, the teacher aside.");
  lines.push(
    facts.baseline === undefined
      ? "Significance: not tested, as it takes SFT and another method on the same two or more seeds."
      : `*: differs from ${
        methodLabel(facts.baseline)
      } (paired t-test over the seeds, two-sided p below ${SIGNIFICANCE_LEVEL}, ` +
        `not corrected for the number of tests).`,
  );
  if (cells.includes(undefined)) lines.push("missing: there is no score.");
  return lines;
}

function spreadLine({ rows, seeds }: Omit<ScoreTable, "legend">): string {
  if (seeds.length === 0) return "no seed has a score";
  if (seeds.length === 1) return `one seed (${seeds[0]}), so no spread`;
  const fewer = rows.some((row) => row.cells.some((cell) => cell && cell.seeds.length < seeds.length));
  const exception = fewer ? ", or over the n seeds that a cell names" : "";
  return `mean ± sample standard deviation over ${seeds.length} seeds (${seeds.join(", ")})${exception}`;
}
