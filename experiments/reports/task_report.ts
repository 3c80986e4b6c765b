/** The tables and figures that the task-specific experiments share. */
import type { RecordedResults } from "#lib/bench/experiment.ts";
import { BLEU_OF_ITEMS } from "#lib/metrics/bleu.ts";
import { SEQUENCE_TASK_NAMES, SEQUENCE_TASKS } from "#experiments/tasks/registry.ts";
import { STUDENT_SIZES, taskName } from "#experiments/tasks/t5_task.ts";
import { datasetLabel } from "#lib/reporting/display_names.ts";
import { methodLabel } from "#lib/reporting/method_display.ts";
import { metricLabel } from "#lib/metrics/metric_display.ts";
import { curves } from "#lib/reporting/figures/curves.ts";
import { dots } from "#lib/reporting/figures/dots.ts";
import type { Figure } from "#lib/reporting/figures/figure.ts";
import { response, type Setting } from "#lib/reporting/figures/response.ts";
import { differencesFrom, scoresOn } from "#lib/reporting/figures/seed_values.ts";
import { buildTable } from "#lib/reporting/table.ts";
import type { ColumnChoice } from "#lib/reporting/table_columns.ts";
import type { ScoreTable } from "#lib/reporting/table_model.ts";
import type { TableRows } from "./instruction_report.ts";

/** What every difference is taken to: as many further steps on the data as any distilled student takes. */
const BASELINE = "sft_continued";

/** How responses were taken: the likeliest token at every step, or sampled at temperature 1. */
const DECODINGS = { table: { suffix: "", name: "greedy" }, sampled: { suffix: "/sampled", name: "sampled" } } as const;
type Decoding = keyof typeof DECODINGS;

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
        statistics: [BLEU_OF_ITEMS],
        baseline: BASELINE,
      });
      return [name, table];
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

/** What every row gains over SFT continued from the same seed: a panel for each data set, students of one size. */
export function taskGainFigure(
  { scores, profile, display }: RecordedResults,
  methods: readonly string[],
  size: (typeof STUDENT_SIZES)[number],
  decoding: Decoding,
): Figure {
  const { suffix, name } = DECODINGS[decoding];
  return dots({
    title: `Gain over ${methodLabel(BASELINE, display)}, ${name} responses, ${size} students (profile ${profile})`,
    notes: ["Each tick compares two students of one seed: they have a teacher, a first student and data in common."],
    rows: methods.filter((method) => ![BASELINE, "teacher", "sft"].includes(method))
      .map((method) => ({ label: methodLabel(method, display), dots: [{ method }] })),
    panels: SEQUENCE_TASK_NAMES.map((corpus) => ({
      heading: `${datasetLabel(corpus)}, ${metricLabel(SEQUENCE_TASKS[corpus].metric.name)}`,
      values: differencesFrom(
        scoresOn(scores, SEQUENCE_TASKS[corpus].metric.name, `${taskName({ corpus, size })}${suffix}`),
        BASELINE,
      ),
    })),
    x: { title: "points", scale: 100 },
    references: [{ label: methodLabel(BASELINE, display), value: 0 }],
  });
}

/** Scores against a setting: a panel for each data set. */
export function taskResponseFigure(
  { scores, profile, display }: RecordedResults,
  settings: readonly Setting[],
  axis: string,
  size: (typeof STUDENT_SIZES)[number],
): Figure {
  return response({
    title: `Greedy and sampled responses, ${size} students (profile ${profile})`,
    x: { title: axis },
    y: { title: "score (%)", scale: 100 },
    settings,
    panels: Object.values(DECODINGS).flatMap(({ suffix, name }) =>
      SEQUENCE_TASK_NAMES.map((corpus) => ({
        heading: `${datasetLabel(corpus)}, ${metricLabel(SEQUENCE_TASKS[corpus].metric.name)}, ${name}`,
        values: scoresOn(scores, SEQUENCE_TASKS[corpus].metric.name, `${taskName({ corpus, size })}${suffix}`),
      }))
    ),
    references: [{ label: methodLabel(BASELINE, display), method: BASELINE }],
  });
}

/** The distance to the teacher on the student's own texts, while training: a panel for each data set. */
export function taskCurves(
  { curves: rows, profile, display }: RecordedResults,
  methods: readonly string[],
  size: (typeof STUDENT_SIZES)[number],
): Figure {
  const panels = SEQUENCE_TASK_NAMES.map((corpus) => ({ corpus, task: taskName({ corpus, size }) }));
  return curves(
    // A panel shows one measure: that of each task under a name of its own.
    rows.flatMap((row) => row.measure === "validation_two_tv_on" ? [{ ...row, measure: `${row.task}` }] : [])
      .filter(({ measure }) => panels.some(({ task }) => task === measure)),
    {
      title: `Distance to the teacher on own texts, held-out sources, ${size} students (profile ${profile})`,
      methods: methods.map((method) => ({ method })),
      display,
      panels: panels.map(({ corpus, task }) => ({ measure: task, heading: datasetLabel(corpus), title: "2·TV" })),
      columns: 3,
      spread: "none",
    },
  );
}
