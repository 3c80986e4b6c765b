import { datasetLabel } from "./display_names.ts";
import { metricDisplay, metricLabel } from "#lib/metrics/metric_display.ts";
import { RESAMPLES, STATISTIC_RESAMPLES } from "#lib/statistics/paired_bootstrap.ts";
import type { ColumnScores } from "./table_columns.ts";
import { type ScoreTable, type TableCell, TEACHER } from "./table_model.ts";
import { SIGNIFICANCE_LEVEL } from "#lib/statistics/multiple_testing.ts";

interface LegendFacts {
  readonly columns: readonly ColumnScores[];
  /** The method that others are compared with. */
  readonly baseline: { readonly method: string; readonly label: string } | undefined;
  /** Whether there are scores of single items; undefined where the table is not one to test on. */
  readonly hasItems: boolean | undefined;
  /** Metrics that are resampled as a whole, being no means over items. */
  readonly statistics: readonly string[];
}

type Table = Omit<ScoreTable, "legend">;

/** What the reader needs to know to read a table: one line each on values, spread, seeds, items and marks. */
export function legendOf(table: Table, facts: LegendFacts): string[] {
  const cells = table.rows.flatMap((row) => row.cells);
  return [
    ...valueLines(table),
    ...setLines(facts.columns),
    ...bestLines(table),
    ...testLines(table, facts),
    ...(cells.includes(undefined) ? ["missing: there is no score."] : []),
  ];
}

function valueLines(table: Table): string[] {
  const metrics = [...new Set(table.columns.flatMap(({ metric }) => metric ?? []))];
  // Bare numbers of several metrics need no word: the columns name them.
  const told = metrics.length === 1 ? metrics : metrics.filter((metric) => metricDisplay(metric).unit !== undefined);
  const values = [...Map.groupBy(told, (metric) => metricDisplay(metric).unit)].map(([unit, metrics]) =>
    measuresOf(metrics) + (unit === undefined ? "" : ` in ${unit}`)
  );
  const lower = metrics.filter((metric) => metricDisplay(metric).better === "lower");
  return [
    `Values: ${[...values, spread(table)].join("; ")}.`,
    ...(lower.length > 0 ? [`Lower is better: ${measuresOf(lower)}.`] : []),
  ];
}

/** Names metrics, those once that are taken on texts of several. */
function measuresOf(metrics: readonly string[]): string {
  return [...new Set(metrics.map((metric) => metricLabel(metric).replace(/ \((teacher|student) texts\)$/, "")))].join(
    ", ",
  );
}

function spread({ rows, seeds }: Table): string {
  if (seeds.length === 0) return "no seed has a score";
  if (seeds.length === 1) return `one seed (${seeds[0]}), so no spread`;
  const fewer = rows.some((row) => row.cells.some((cell) => cell && cell.seeds.length < seeds.length));
  const exception = fewer ? ", or over the n seeds that a cell names" : "";
  return `mean ± sample standard deviation over ${seeds.length} seeds (${seeds.join(", ")})${exception}`;
}

/** How many items the data sets have, and what the average is over. */
function setLines(columns: readonly ColumnScores[]): string[] {
  const shown = columns.filter(({ averaged }) => !averaged);
  const isShown = (dataset: string) => shown.some(({ sets }) => sets.some((set) => set.dataset === dataset));
  const averaged = columns.filter(({ averaged }) => averaged).flatMap(({ sets }) => sets);
  const hidden = averaged.filter(({ dataset }, i) =>
    !isShown(dataset) && averaged.findIndex((set) => set.dataset === dataset) === i
  ).map(({ dataset, items }) => ({ label: datasetLabel(dataset), items }));
  const items = [...shown, ...hidden].flatMap(({ label, items }) => {
    if (items === undefined) return [];
    const [least, most] = items;
    return [{ label, count: `${least === most ? least : `${least} to ${most}`}` }];
  });
  const over = hidden.length === 0
    ? "the data sets"
    : [...new Set(averaged.map(({ dataset }) => datasetLabel(dataset)))].join(", ");
  return [
    ...itemLines(items),
    ...(averaged.length > 0 ? [`Average: over ${over} for each seed first, then over the seeds.`] : []),
  ];
}

/** A number for each column, or one for all; that a value is not a mean over items needs no line. */
function itemLines(items: readonly { readonly label: string; readonly count: string }[]): string[] {
  const counts = new Set(items.map(({ count }) => count));
  if (counts.size === 0 || (counts.size === 1 && counts.has("1"))) return [];
  const one = counts.size === 1 && items.length > 1;
  return [
    `Items per seed: ${
      one ? `${items[0].count} in each column` : items.map(({ label, count }) => `${label} ${count}`).join(", ")
    }.`,
  ];
}

function bestLines({ columns, rows }: Table): string[] {
  const directions = new Set(
    columns.flatMap(({ metric }, i) =>
      metric !== undefined && rows.some(({ cells }) => cells[i]?.best) ? [metricDisplay(metric).better] : []
    ),
  );
  if (directions.size === 0) return [];
  const best = directions.size > 1 ? "best" : directions.has("lower") ? "lowest" : "highest";
  return [`Bold: ${best} mean of the column, the teacher aside.`];
}

function testLines(table: Table, facts: LegendFacts): string[] {
  const { baseline, hasItems } = facts;
  const cells = table.rows.flatMap((row) => row.cells).filter((cell) => cell !== undefined);
  const tested = cells.filter((cell) => cell.againstBaseline ?? cell.againstBest);
  if (hasItems === undefined) return [];
  if (tested.length === 0) {
    const reason = hasItems
      ? "as it takes two methods with scores of the same items on the same two or more seeds"
      : "as there are no scores of single items";
    return [`Significance: not tested, ${reason}.`];
  }
  const lines: string[] = [];
  if (cells.some(({ againstBaseline }) => againstBaseline)) {
    lines.push(`* and †: significantly above (*) and below (†) ${baseline?.label}.`);
  }
  if (cells.some(({ againstBest }) => againstBest)) {
    lines.push("Italic: not significantly different from the best of the column (in bold).");
  }
  const recomputed = table.columns.some(({ metric }) => metric !== undefined && facts.statistics.includes(metric));
  const fewer = recomputed ? `, ${STATISTIC_RESAMPLES} of ${measuresOf(facts.statistics)}` : "";
  lines.push(
    `Significant: two-sided p below ${SIGNIFICANCE_LEVEL} by the paired bootstrap over seeds and items (${RESAMPLES} resamples${fewer}), ` +
      "Holm's correction for the methods of the column.",
  );
  return [...lines, ...fewSeedsLine(tested), ...untestedLine(table, baseline?.method)];
}

/** Chance makes all of S seeds agree with probability 2^(1−S); from six seeds on that is below the level of the test. */
function fewSeedsLine(tested: readonly TableCell[]): string[] {
  const fewest = Math.min(...tested.map(({ seeds }) => seeds.length));
  const oneIn = 2 ** (fewest - 1);
  if (1 / oneIn < SIGNIFICANCE_LEVEL) return [];
  return [
    `${fewest} seeds are few: chance alone puts one of two equal methods ahead on all of them in 1 of ${oneIn} cases, and resampling ` +
    "cannot tell that from a difference. Where scores vary much from seed to seed, a mark speaks for these trained models, " +
    "not yet for the methods.",
  ];
}

/** Where some cells are tested and others are not, a missing mark would say too much. */
function untestedLine({ columns, rows }: Table, baseline: string | undefined): string[] {
  const students = rows.filter(({ method }) => method !== TEACHER);
  const isUntested = columns.some((_, i) => {
    const hasBest = students.some(({ cells }) => cells[i]?.best);
    return students.some(({ method, cells: { [i]: cell } }) =>
      cell !== undefined && (
        (baseline !== undefined && method !== baseline && cell.againstBaseline === undefined) ||
        (hasBest && !cell.best && cell.againstBest === undefined)
      )
    );
  });
  return isUntested ? ["Not tested: cells that lack scores of the same items on the same seeds."] : [];
}
