import type { RecordedResults } from "#lib/bench/experiment.ts";
import { buildTable } from "#lib/reporting/table.ts";
import type { ColumnChoice } from "#lib/reporting/table_columns.ts";
import type { ScoreTable } from "#lib/reporting/table_model.ts";
import { withRecipeLegend } from "./recipe_legend.ts";
import type { TableRows } from "./score_figures.ts";

/** What is measured on held-out prompts when a student is trained: its texts, and its distances to the teacher. */
const MEASURES = [
  ["response_tokens", "Tokens"],
  ["entropy_on", "Entropy"],
  ["d_off", "d_off"],
  ["d_on", "d_on"],
  ["total_variation_off", "TV off"],
  ["total_variation_on", "TV on"],
  ["forward_kl_off", "Forward KL off"],
  ["forward_kl_on", "Forward KL on"],
  ["reverse_kl_off", "Reverse KL off"],
  ["reverse_kl_on", "Reverse KL on"],
];

export interface HeldOutTable extends Pick<TableRows, "caption" | "methods"> {
  /** As the held-out prompts are named in scores. */
  readonly dataset: string;
  /** Columns before those of the held-out prompts. */
  readonly before?: readonly ColumnChoice[];
}

/** How far students are from their teacher at the end of training; the teacher, who has no such distances, is not among the rows. */
export function heldOutTable(
  results: RecordedResults,
  { caption, methods, dataset, before = [] }: HeldOutTable,
): ScoreTable {
  const { scores, display } = results;
  const columns = [...before, ...MEASURES.map(([metric, label]) => ({ dataset, metric, label }))];
  const ofStudents = scores.filter(({ method }) => method !== "teacher");
  const table = withRecipeLegend(
    buildTable(ofStudents, {
      ...{ caption, columns, display },
      methods: methods.filter((method) => method !== "teacher"),
    }),
    results,
  );
  return {
    ...table,
    legend: [
      "off: on texts of the teacher; on: on the student's own. d_off, d_on: what fresh critics find, fitted on half of the prompts and taken on the other.",
      ...table.legend,
    ],
  };
}
