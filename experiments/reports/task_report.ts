/** The tables and figures that the task-specific experiments share. */
import type { RecordedResults } from "#lib/bench/experiment.ts";
import { SEQUENCE_TASK_NAMES, SEQUENCE_TASKS } from "#experiments/tasks/registry.ts";
import { STUDENT_SIZES, taskName } from "#experiments/tasks/t5_task.ts";
import { datasetLabel } from "#lib/reporting/display_names.ts";
import { metricLabel } from "#lib/metrics/metric_display.ts";
import { curves } from "#lib/reporting/figures/curves.ts";
import type { Figure } from "#lib/reporting/figures/figure.ts";
import type { Setting } from "#lib/reporting/figures/response.ts";
import { buildTable } from "#lib/reporting/table.ts";
import type { ColumnChoice } from "#lib/reporting/table_columns.ts";
import type { ScoreTable } from "#lib/reporting/table_model.ts";
import { heldOutTable } from "./held_out_table.ts";
import { withRecipeLegend } from "./recipe_legend.ts";
import { BASELINE, gainDots, type ScorePanel, scoreResponse, type TableRows } from "./score_figures.ts";

/** How responses were taken: the likeliest token at every step, or sampled at temperature 1. */
const DECODINGS = { table: { suffix: "", name: "greedy" }, sampled: { suffix: "/sampled", name: "sampled" } } as const;
type Decoding = keyof typeof DECODINGS;
type StudentSize = (typeof STUDENT_SIZES)[number];

/** Scores of greedy and of sampled responses: a column for each data set and size of student that has any. */
export function taskTables(
  results: RecordedResults,
  { caption, published, ...rows }: TableRows,
): Record<string, ScoreTable> {
  return Object.fromEntries(
    Object.entries(DECODINGS).map(([name, { suffix, name: decoding }]) => {
      const columns = columnsOf(results, suffix);
      const table = buildTable(results.scores, {
        ...rows,
        display: results.display,
        published: name === "table" ? published : undefined,
        caption: `${caption}: ${decoding} responses`,
        columns,
        items: results.items.filter(({ dataset }) => columns.some((column) => column.dataset === dataset)),
        baseline: BASELINE,
      });
      return [name, withRecipeLegend(table, results)];
    }),
  );
}

function columnsOf({ scores }: RecordedResults, suffix: string): ColumnChoice[] {
  return SEQUENCE_TASK_NAMES.flatMap((corpus) =>
    STUDENT_SIZES.map((size) => ({
      dataset: `${taskName({ corpus, size })}${suffix}`,
      metric: SEQUENCE_TASKS[corpus].metric.name,
      label: `${datasetLabel(corpus)} ${metricLabel(SEQUENCE_TASKS[corpus].metric.name)}, ${size}`,
    }))
  ).filter(({ dataset }) => scores.some((row) => row.dataset === dataset));
}

/**
 * Scores beside what is measured on held-out sources: a table `held_out_<data set>` for each data set that has scores, students of one
 * size. Together they tell whether a student is nearer its teacher or only surer of its responses.
 */
export function taskHeldOutTables(
  results: RecordedResults,
  { caption, methods }: TableRows,
  size: StudentSize,
): Record<string, ScoreTable> {
  const isThere = (task: string) => results.scores.some(({ dataset }) => dataset === task);
  return Object.fromEntries(
    SEQUENCE_TASK_NAMES.filter((corpus) => isThere(taskName({ corpus, size }))).map((corpus) => {
      const { metric } = SEQUENCE_TASKS[corpus];
      const task = taskName({ corpus, size });
      const before = Object.values(DECODINGS).map(({ suffix, name }) => (
        { dataset: `${task}${suffix}`, metric: metric.name, label: `${metricLabel(metric.name)}, ${name}` }
      ));
      const about = `${caption}: ${datasetLabel(corpus)}, ${size} students, held-out sources at the end`;
      return [
        `held_out_${corpus}`,
        heldOutTable(results, { caption: about, methods, dataset: `${task}/held_out`, before }),
      ];
    }),
  );
}

/** What every row gains over SFT continued from the same seed: a panel for each data set, students of one size. */
export function taskGainFigure(
  results: RecordedResults,
  methods: readonly string[],
  size: StudentSize,
  decoding: Decoding,
): Figure {
  return gainDots(results, {
    title: `, ${DECODINGS[decoding].name} responses, ${size} students`,
    shared: "a teacher, a first student and data",
    methods,
    panels: panelsOf(size, decoding),
    unit: "points",
  });
}

/** Scores against a setting: a panel for each data set, of greedy and of sampled responses. */
export function taskResponseFigure(
  results: RecordedResults,
  settings: readonly Setting[],
  axis: string,
  size: StudentSize,
): Figure {
  const panels = (["table", "sampled"] as const).flatMap((decoding) =>
    panelsOf(size, decoding).map((panel) => ({ ...panel, heading: `${panel.heading}, ${DECODINGS[decoding].name}` }))
  );
  return scoreResponse(results, {
    title: `Greedy and sampled responses, ${size} students`,
    settings,
    axis,
    y: "score (%)",
    panels,
  });
}

function panelsOf(size: StudentSize, decoding: Decoding): ScorePanel[] {
  return SEQUENCE_TASK_NAMES.map((corpus) => ({
    heading: `${datasetLabel(corpus)}, ${metricLabel(SEQUENCE_TASKS[corpus].metric.name)}`,
    dataset: `${taskName({ corpus, size })}${DECODINGS[decoding].suffix}`,
    metric: SEQUENCE_TASKS[corpus].metric.name,
  }));
}

/** The distance to the teacher on the student's own texts, while training: a panel for each data set. */
export function taskCurves(
  { curves: rows, profile, display }: RecordedResults,
  methods: readonly string[],
  size: StudentSize,
): Figure {
  return curves(rows, {
    title: `Distance to the teacher on own texts, held-out sources, ${size} students (profile ${profile})`,
    methods: methods.map((method) => ({ method })),
    display,
    panels: SEQUENCE_TASK_NAMES.map((corpus) => ({
      measure: "validation_two_tv_on",
      task: taskName({ corpus, size }),
      heading: datasetLabel(corpus),
      title: "2·TV",
    })),
    bands: false,
  });
}
