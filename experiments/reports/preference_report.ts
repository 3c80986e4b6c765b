/** The tables and figures that the experiments with preference pairs share. */
import type { RecordedResults, Report } from "#lib/bench/experiment.ts";
import type { Figure } from "#lib/reporting/figures/figure.ts";
import { buildTable } from "#lib/reporting/table.ts";
import type { ScoreTable } from "#lib/reporting/table_model.ts";
import type { CurveRow } from "#lib/results/curves_csv.ts";
import type { ScoreRow } from "#lib/results/scores_csv.ts";
import { AVERAGE_ROUGE, averageFigure, curvesOf, gainFigure, heldOutTable, scoreTables } from "./instruction_report.ts";
import { withRecipeLegend } from "./recipe_legend.ts";
import type { TableRows } from "./score_figures.ts";

const ROUGE_COLUMN = { ...AVERAGE_ROUGE, label: "ROUGE-L" };

/** Scores, and beside their average what shows that a reward is hacked: length, entropy and distances of the texts. */
export function preferenceTables(
  results: RecordedResults,
  { caption, methods }: Pick<TableRows, "caption" | "methods">,
): Record<string, ScoreTable> {
  return {
    ...scoreTables(results, { caption, methods }),
    held_out: heldOutTable(results, {
      ...{ caption: `${caption}: held-out prompts at the end`, methods, before: [ROUGE_COLUMN] },
    }),
  };
}

/** The same with figures of the averages. */
export function preferenceReport(
  results: RecordedResults,
  rows: Pick<TableRows, "caption" | "methods">,
  further: { readonly tables?: Report["tables"]; readonly figures: Report["figures"] },
): Report {
  const { methods } = rows;
  return {
    tables: { ...preferenceTables(results, rows), ...further.tables },
    figures: { average: averageFigure(results, methods), gain: gainFigure(results, methods), ...further.figures },
  };
}

/** Measures of held-out prompts while training, those that show a reward that is hacked among them. */
export function textCurves(results: RecordedResults, methods: readonly string[]): Figure {
  return curvesOf(results, "Held-out prompts while training", methods, [
    ...["validation_rouge_l", "validation_response_tokens", "validation_two_tv_on", "validation_entropy_on"],
  ]);
}

/** Columns of the table of rewards, by what curves call them. */
const REWARD_COLUMNS = [
  ["first_preferred", "First preferred"],
  ["held_out_accuracy", "Accuracy, fit"],
  ["reward_accuracy", "Accuracy, end"],
  ["violation", "Violation"],
  ["multiplier", "Multiplier"],
];
const ENDS = "training";

/**
 * The average score beside what became of each row's reward: the share of pairs whose first text is preferred, how many held-out pairs the
 * fit and the reward at the end order as they are labelled, and how the confidence set held it.
 *
 * @param methods rows that learn from pairs
 */
export function rewardTable(
  results: RecordedResults,
  { caption, methods, legend = [] }: Pick<TableRows, "caption" | "methods"> & { readonly legend?: readonly string[] },
): ScoreTable {
  const scores = [...results.scores, ...endsOf(results.curves)].filter(({ method }) => methods.includes(method))
    // How many items there are is said below the table of scores; an end of a curve has none.
    .map((row) => ({ ...row, count: 1 }));
  const columns = [
    ROUGE_COLUMN,
    ...REWARD_COLUMNS.map(([metric, label]) => ({ dataset: ENDS, metric, label })),
  ].filter(({ metric }) => scores.some((row) => row.metric === metric));
  const table = buildTable(scores, { caption, methods, columns, display: results.display });
  return withRecipeLegend({
    ...table,
    legend: [
      "Of rounds the last is shown. First preferred: share of the pairs whose first text is preferred, which is the " +
      "teacher's unless both are the student's. Accuracy: share of the held-out pairs that the reward orders as they are " +
      "labelled, as it was fitted and as it was held at the end; violation and multiplier are means over the last logged steps.",
      ...legend,
      ...table.legend,
    ],
  }, results);
}

/** The last value of each measure of each run, as scores. */
function endsOf(curves: readonly CurveRow[]): ScoreRow[] {
  const measures = REWARD_COLUMNS.map(([measure]) => measure);
  const last = new Map<string, CurveRow>();
  for (const row of curves.filter(({ measure }) => measures.includes(measure))) {
    const key = JSON.stringify([row.method, row.seed, row.measure]);
    const other = last.get(key);
    if (other === undefined || row.step > other.step) last.set(key, row);
  }
  return [...last.values()].map(({ experiment, method, seed, measure, value }) => ({
    ...{ experiment, method, dataset: ENDS, metric: measure, seed, value, count: 1 },
  }));
}
