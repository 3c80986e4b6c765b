/** The tables and figures that the instruction-following experiments share. */
import type { RecordedResults, Report } from "#lib/bench/experiment.ts";
import { HELD_OUT } from "#experiments/tasks/instruction_task.ts";
import { methodLabel } from "#lib/reporting/method_display.ts";
import { type CurvePanel, curves } from "#lib/reporting/figures/curves.ts";
import { dots } from "#lib/reporting/figures/dots.ts";
import type { Figure } from "#lib/reporting/figures/figure.ts";
import type { Setting } from "#lib/reporting/figures/response.ts";
import { scatter } from "#lib/reporting/figures/scatter.ts";
import type { PublishedNumbers } from "#lib/reporting/published_rows.ts";
import { buildTable } from "#lib/reporting/table.ts";
import { AVERAGE } from "#lib/reporting/table_columns.ts";
import type { ScoreTable } from "#lib/reporting/table_model.ts";
import { type HeldOutTable, heldOutTable as heldOutTableOf } from "./held_out_table.ts";
import { withRecipeLegend } from "./recipe_legend.ts";
import { BASELINE, gainDots, rowsOf, scoreResponse, type TableRows, valuesIn } from "./score_figures.ts";

/** ROUGE-L on the average over the evaluation sets. */
export const AVERAGE_ROUGE = { dataset: AVERAGE, metric: "rouge_l" };

/** ROUGE-L on the evaluation sets and their average, tested against SFT continued; and the judge's grades where there are any. */
export function scoreTables(
  results: RecordedResults,
  { caption, published, baseline = BASELINE, ...rows }: TableRows,
): Record<string, ScoreTable> {
  const tableOf = (metric: string, name: string, published?: readonly PublishedNumbers[]) =>
    withRecipeLegend(
      buildTable(results.scores.filter((row) => row.metric === metric), {
        ...rows,
        display: results.display,
        published,
        caption: `${caption}: ${name}`,
        items: results.items.filter((row) => row.metric === metric),
        baseline,
      }),
      results,
    );
  const isJudged = results.scores.some(({ metric }) => metric === "judge");
  return {
    table: tableOf("rouge_l", "ROUGE-L", published),
    ...(isJudged ? { judge: tableOf("judge", "the judge's grades by those of the references") } : {}),
  };
}

/** Tables and figures of a comparison of methods: of all, or of those that the results are of. */
export function reportOfMethods(results: RecordedResults, rows: TableRows): Report {
  const { methods = rows.methods } = results;
  return {
    tables: scoreTables(results, { ...rows, methods }),
    figures: {
      average: averageFigure(results, methods),
      gain: gainFigure(results, methods),
      distances: distanceFigure(results, methods),
    },
  };
}

/** How far students are from their teacher on held-out prompts. */
export function heldOutTable(
  results: RecordedResults,
  { caption, methods, before }: Pick<HeldOutTable, "caption" | "methods" | "before">,
): ScoreTable {
  return heldOutTableOf(results, { caption, methods, before, dataset: HELD_OUT });
}

/** The average over the evaluation sets of every row. */
export function averageFigure(
  { scores, profile, display }: RecordedResults,
  methods: readonly string[],
): Figure {
  return dots({
    title: `ROUGE-L, average over the sets (profile ${profile})`,
    rows: rowsOf(methods.filter((method) => method !== BASELINE), display),
    panels: [{ values: valuesIn(scores, AVERAGE_ROUGE) }],
    x: { title: "ROUGE-L (%)", scale: 100 },
    reference: { label: methodLabel(BASELINE, display), method: BASELINE },
  });
}

/** What every row gains on the average over SFT continued from the same seed. */
export function gainFigure(results: RecordedResults, methods: readonly string[]): Figure {
  return gainDots(results, {
    title: " in ROUGE-L, average over the sets",
    shared: "a teacher, a first student and prompts",
    methods,
    panels: [AVERAGE_ROUGE],
    unit: "points of ROUGE-L",
  });
}

/** The average over the evaluation sets against a setting. */
export function responseFigure(results: RecordedResults, settings: readonly Setting[], axis: string): Figure {
  return scoreResponse(results, {
    title: "ROUGE-L, average over the sets",
    settings,
    axis,
    y: "ROUGE-L (%)",
    panels: [AVERAGE_ROUGE],
  });
}

/** Moment distance against distribution distance, and either against ROUGE-L, of every trained student. */
export function distanceFigure(
  { scores, profile, display }: RecordedResults,
  methods: readonly string[],
): Figure {
  const heldOut = (metric: string) => valuesIn(scores, { dataset: HELD_OUT, metric });
  const average = valuesIn(scores, AVERAGE_ROUGE);
  const rouge = { title: "ROUGE-L, average (%)", scale: 100 };
  return scatter({
    title: `How far every student is from its teacher on held-out prompts (profile ${profile})`,
    methods: methods.filter((method) => method !== "teacher").map((method) => ({ method })),
    display,
    panels: [
      {
        x: { title: "total variation, the teacher's texts" },
        y: { title: "moment distance d_off" },
        xs: heldOut("total_variation_off"),
        ys: heldOut("d_off"),
      },
      {
        x: { title: "total variation, own texts" },
        y: { title: "moment distance d_on" },
        xs: heldOut("total_variation_on"),
        ys: heldOut("d_on"),
      },
      { x: { title: "moment distance d_on" }, y: rouge, xs: heldOut("d_on"), ys: average },
      { x: { title: "reverse KL, own texts (nats)" }, y: rouge, xs: heldOut("reverse_kl_on"), ys: average },
    ],
  });
}

/** Titles and units of what training curves show. */
const CURVE_AXES: Readonly<Record<string, Omit<CurvePanel, "measure">>> = {
  loss: { heading: "Student's loss, what it can change", title: "loss" },
  validation_d_off: { heading: "d_off, held-out prompts", title: "moment" },
  validation_d_on: { heading: "d_on, held-out prompts", title: "moment" },
  validation_rouge_l: { heading: "ROUGE-L, held-out prompts", title: "%", scale: 100 },
  validation_response_tokens: { heading: "Length of own texts", title: "tokens" },
  validation_two_tv_off: { heading: "2·TV on the teacher's texts", title: "2·TV" },
  validation_two_tv_on: { heading: "2·TV on own texts", title: "2·TV" },
  validation_entropy_on: { heading: "Entropy on own texts", title: "nats" },
  pairs: { heading: "Pairs, marked where a round begins", title: "pairs" },
  held_out_accuracy: { heading: "Held-out pairs right, of each fit", title: "%", scale: 100 },
  reward_accuracy: { heading: "Held-out pairs right", title: "%", scale: 100 },
  violation: { heading: "Violation of the confidence set", title: "nats" },
  multiplier: { heading: "Multiplier of the confidence set", title: "multiplier" },
};

/** Measures of training against the step. */
export function curvesOf(
  { curves: rows, profile, display }: RecordedResults,
  title: string,
  methods: readonly string[],
  measures: readonly string[],
): Figure {
  return curves(rows, {
    title: `${title} (profile ${profile})`,
    methods: methods.map((method) => ({ method })),
    display,
    panels: measures.map((measure) => ({ measure, ...CURVE_AXES[measure] })),
  });
}
