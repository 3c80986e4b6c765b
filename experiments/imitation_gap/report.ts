/** What `imitation_gap` shows: its students, its table and its figure. */
import type { RecordedResults, Report } from "#lib/bench/experiment.ts";
import { lines } from "#lib/reporting/figures/lines.ts";
import { seriesOf, seriesStyle } from "#lib/reporting/figures/series_style.ts";
import { buildTable } from "#lib/reporting/table.ts";
import { DATASET, STUDENTS } from "./students.ts";

/** The table's columns, from left to right. */
const COLUMNS = [
  { metric: "gap", label: "Gap" },
  { metric: "gap_by_off_policy_q", label: "U_off at Q of student" },
  { metric: "gap_by_on_policy_q", label: "U_on at Q of teacher" },
  { metric: "bound_off_trained", label: "Off: bound by critic" },
  { metric: "bound_off_tv", label: "Off: bound by 2·TV" },
  { metric: "worst_gap_off", label: "Off: gap of worst reward" },
  { metric: "bound_on_trained", label: "On: bound by critic" },
  { metric: "bound_on_tv", label: "On: bound by 2·TV" },
  { metric: "worst_gap_on", label: "On: gap of worst reward" },
  { metric: "bound_off_ratio_half", label: "Off: bound by ratio, c = 1/2" },
  { metric: "bound_off_ratio_8", label: "Off: bound by ratio, c = 8" },
  { metric: "bound_on_ratio_half", label: "On: bound by ratio, c = 1/2" },
  { metric: "bound_on_ratio_8", label: "On: bound by ratio, c = 8" },
];

const NOTES = [
  "Distance: of the student's logits on the way from the teacher's (0) to those of an unrelated policy (1), and beyond.",
  "Gap: J(π*) − J(π_θ) in units of reward, which is E U_off at the Q of the student, and E U_on at the Q of the teacher.",
  "Bound: sup |Q| times the supremum of the moment over |f| ≤ 1, by 2·TV as it is, by a critic as training on samples finds it.",
  "Ratio: the same by the critic tanh(c (log π* − log π_θ)), which learns nothing; it comes within sup |Q| E Σ γ^(t−1) / (e c) of 2·TV.",
  "Worst reward: that of the same sup |Q| with the largest gap; it attains the bound.",
];

export function report({ profile, display, scores }: RecordedResults): Report {
  const title = `Imitation gap and its bounds (AMMD, Propositions 1 and 2, Corollary 1), profile ${profile}`;
  const points = STUDENTS.flatMap(({ name, distance }) =>
    scores.filter(({ method }) => method === name)
      .map(({ metric, seed, value }) => ({ method: metric, x: distance, seed, value }))
  );
  const table = buildTable(scores, {
    caption: title,
    methods: STUDENTS.map(({ name }) => name),
    display,
    columns: COLUMNS.map((column) => ({ ...column, dataset: DATASET })),
  });
  return {
    tables: { table: { ...table, legend: [...NOTES, ...table.legend] } },
    figures: {
      bounds: lines({
        title,
        notes: [
          "Bounds: sup |Q| times the supremum of the moment over |f| ≤ 1, as it is and as a trained critic finds it.",
        ],
        series: [
          { method: "gap", label: "imitation gap", style: seriesStyle("black", "solid", "circle"), thick: true },
          ...seriesOf([
            { method: "bound_off_tv", label: "off-policy: sup |Q| · E Σ 2·TV" },
            { method: "bound_off_trained", label: "off-policy: critic" },
            { method: "bound_on_tv", label: "on-policy: sup |Q| · E Σ 2·TV" },
            { method: "bound_on_trained", label: "on-policy: critic" },
          ]),
        ],
        panels: [{ title: "reward", values: points }],
        x: { title: "distance of the student's logits from the teacher's (1: an unrelated policy)" },
        spread: "band",
        fromZero: true,
      }),
    },
  };
}
