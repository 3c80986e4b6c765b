import { datasetLabel } from "./display_names.ts";
import { metricDisplay, metricLabel, printMetric } from "#lib/metrics/metric_display.ts";
import { SIGNIFICANCE_LEVEL } from "#lib/statistics/multiple_testing.ts";
import { detectableDifference, isClearOverItems } from "#lib/statistics/significance.ts";
import { mean } from "#lib/statistics/statistics.ts";
import type { ColumnScores, ScoredSet } from "./table_columns.ts";
import { FIRST_STUDENT, type ScoreTable, type TableCell, TEACHER } from "./table_model.ts";
import { BELOW_FIRST } from "./table_text.ts";
import { differenceIn, type TableItems } from "./table_significance.ts";

interface LegendFacts {
  readonly columns: readonly ColumnScores[];
  /** The method that others are compared with. */
  readonly baseline: string | undefined;
  /** The scores of single items; undefined where the table is not one to test on. */
  readonly items: TableItems | undefined;
  readonly labelOf: (method: string) => string;
}

type Table = Omit<ScoreTable, "legend">;

/** What the reader needs to know to read a table: one line each on values, spread, seeds, items and marks. */
export function legendOf(table: Table, facts: LegendFacts): string[] {
  const cells = table.rows.flatMap((row) => row.cells);
  return [
    ...valueLines(table),
    ...setLines(facts.columns),
    ...separationLines(facts),
    ...bestLines(table),
    ...(cells.some((cell) => cell?.belowFirst)
      ? [`${BELOW_FIRST}: mean below that of ${facts.labelOf(FIRST_STUDENT)}, not tested.`]
      : []),
    ...testLines(table, facts),
    ...(cells.includes(undefined) ? ["missing: there is no score."] : []),
  ];
}

function valueLines(table: Table): string[] {
  const metrics = [...new Set(table.columns.map(({ metric }) => metric))];
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
  const isShown = (dataset: string) => shown.some(({ sets }) => sets[0].dataset === dataset);
  const averaged = columns.filter(({ averaged }) => averaged).flatMap(({ sets }) => sets)
    .map(({ dataset, items }) => ({ dataset, label: datasetLabel(dataset), items }));
  const hidden = new Map(averaged.filter(({ dataset }) => !isShown(dataset)).map((set) => [set.dataset, set]));
  const over = hidden.size === 0 ? "the data sets" : [...new Set(averaged.map(({ label }) => label))].join(", ");
  return [
    ...itemLines([...shown, ...hidden.values()]),
    ...(averaged.length > 0 ? [`Average: over ${over} for each seed first, then over the seeds.`] : []),
  ];
}

/** A number for each column, or one for all; that a value is not a mean over items needs no line. */
function itemLines(columns: readonly Pick<ColumnScores, "label" | "items">[]): string[] {
  const counts = columns.flatMap(({ label, items }) =>
    items === undefined ? [] : [{ label, count: [...new Set(items)].join(" to ") }]
  );
  const different = new Set(counts.map(({ count }) => count));
  if (different.size === 0 || (different.size === 1 && different.has("1"))) return [];
  const isOne = different.size === 1 && counts.length > 1;
  const told = isOne ? `${counts[0].count} in each column` : counts.map(({ label, count }) => `${label} ${count}`);
  return [`Items per seed: ${[told].flat().join(", ")}.`];
}

/**
 * Names the sets of an average that cannot rank students, as they do not show the teacher to be better than the student that training starts
 * from. Items alone decide: the question is what a set can tell of these trained models.
 */
function separationLines({ columns, items, labelOf }: LegendFacts): string[] {
  if (items === undefined) return [];
  const sets = columns.filter(({ averaged }) => averaged).flatMap(({ sets }) => sets);
  return sets.flatMap((set) => {
    const tested = differenceIn({ sets: [set], ofMethod: set.ofMethod }, TEACHER, FIRST_STUDENT, items);
    const sign = metricDisplay(set.metric).better === "lower" ? -1 : 1;
    if (tested === undefined || (sign * tested.difference > 0 && isClearOverItems(tested))) return [];
    const [teacher, student] = [TEACHER, FIRST_STUDENT].map((method) => printed(set, method));
    return [
      `${datasetLabel(set.dataset)} does not separate the teacher from ${labelOf(FIRST_STUDENT)} here ` +
      `(${teacher} against ${student}): its part of the average ranks no method.`,
    ];
  });
}

function printed({ metric, ofMethod }: ScoredSet, method: string): string {
  return printMetric(metric, mean([...ofMethod.get(method)!.values()]));
}

function bestLines({ columns, rows }: Table): string[] {
  const directions = new Set(
    columns.filter((_, i) => rows.some(({ cells }) => cells[i]?.best)).map(({ metric }) =>
      metricDisplay(metric).better
    ),
  );
  if (directions.size === 0) return [];
  const best = directions.size > 1 ? "best" : directions.has("lower") ? "lowest" : "highest";
  return [`Bold: ${best} mean of the column, the teacher aside.`];
}

function testLines(table: Table, { baseline, items, labelOf }: LegendFacts): string[] {
  if (items === undefined) return [];
  const cells = table.rows.flatMap((row) => row.cells).filter((cell) => cell !== undefined);
  const tested = cells.filter((cell) => cell.againstBaseline ?? cell.againstBest);
  if (tested.length === 0) {
    const reason = items.isEmpty
      ? "as there are no scores of single items"
      : "as it takes two methods with scores of the same items on the same seeds";
    return [`Significance: not tested, ${reason}.`];
  }
  return [
    ...(baseline !== undefined && cells.some(({ againstBaseline }) => againstBaseline)
      ? [`* and †: significantly above (*) and below (†) ${labelOf(baseline)}.`]
      : []),
    ...(cells.some(({ againstBest }) => againstBest)
      ? ["Italic: not significantly different from the best of the column (in bold)."]
      : []),
    ...meaningLines(tested),
    ...(baseline === undefined ? [] : powerLines(table, labelOf(baseline))),
    ...untestedLine(table, baseline),
  ];
}

/** What a mark says, by which test. */
function meaningLines(tested: readonly TableCell[]): string[] {
  const holm = "Holm's correction for the methods of the column, against the best for all pairs of them";
  const level = `two-sided p below ${SIGNIFICANCE_LEVEL}`;
  const several =
    "Significant: a larger difference than training with other seeds and testing on other items would make by chance " +
    `(${level}; Student's t with seeds and items as random effects; ${holm}).`;
  const ofOne =
    `: a larger difference than other items would make by chance (${level}; ${holm}); a mark is about these ` +
    "trained models, not the methods, as one seed does not show how much training varies.";
  const single = tested.filter(({ seeds }) => seeds.length === 1);
  if (single.length === tested.length) return [`Significant, with one seed${ofOne}`];
  return single.length === 0 ? [several] : [several, `With one seed${ofOne}`];
}

/** Share of cases in which a difference is said to be found. */
const POWER = 0.8;

/** How large a difference must be to be found with so few seeds: what is not marked need not be equal. */
function powerLines(table: Table, baseline: string): string[] {
  const columns = table.columns.flatMap(({ label, metric }, i) => {
    const cells = table.rows.flatMap(({ cells: { [i]: cell } }) => cell?.againstBaseline?.components.seeds ? cell : []);
    const tests = cells.map(({ againstBaseline }) => againstBaseline!.components);
    const seeds = Math.min(...cells.map((cell) => cell.seeds.length));
    return tests.length === 0 || metricDisplay(metric).scale !== "percent" ? [] : [{ label, metric, tests, seeds }];
  });
  if (columns.length === 0) return [];
  /** @param levelOf so many tests */
  const range = (levelOf: (tests: number) => number) => {
    const points = columns.map(({ label, metric, tests }) => {
      const value = detectableDifference(tests, levelOf(tests.length), POWER);
      return { label, value, text: printMetric(metric, value) };
    }).sort((a, b) => a.value - b.value);
    const [least, most] = [points[0], points[points.length - 1]];
    if (points.length === 1) return `${least.text} points`;
    return `${least.text} (${least.label}) to ${most.text} points (${most.label})`;
  };
  const isSingle = columns.every(({ tests }) => tests.length === 1);
  const corrected = isSingle
    ? ""
    : ` in a single test, of ${range((tests) => SIGNIFICANCE_LEVEL / tests)} after the correction`;
  return [
    `With ${Math.min(...columns.map(({ seeds }) => seeds))} seeds a true difference from ${baseline} of ` +
    `${range(() => SIGNIFICANCE_LEVEL)} would be found with ${100 * POWER} % power${corrected}: ` +
    "methods without a mark need not be equal.",
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
