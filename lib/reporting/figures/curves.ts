import type { CurveRow } from "#lib/results/curves_csv.ts";
import type { MethodDisplays } from "#lib/reporting/method_display.ts";
import type { Figure } from "./figure.ts";
import { lines } from "./lines.ts";
import type { FigureAxis, FigureText } from "./page.ts";
import { type MethodChoice, seriesOf } from "./series_style.ts";

/** One measure against the step. */
export interface CurvePanel extends FigureAxis {
  readonly measure: string;
  /** Of runs on this task alone, in an experiment that has several. */
  readonly task?: string;
  readonly heading?: string;
  /** Methods whose values say nothing here, as that of a critic which such a method never trains. */
  readonly except?: readonly string[];
}

export interface CurvesOptions extends FigureText {
  readonly panels: readonly CurvePanel[];
  /** What is drawn, in the order of the legend. */
  readonly methods: readonly MethodChoice[];
  /** How methods are named and drawn. */
  readonly display: MethodDisplays;
  /** Whether the range of the seeds is shown as a band; default true. Bands of many methods hide each other. */
  readonly bands?: boolean;
}

/** Measures of training runs against the step. @throws {RangeError} as `lines` */
export function curves(rows: readonly CurveRow[], { bands = true, ...options }: CurvesOptions): Figure {
  return lines({
    title: options.title,
    notes: options.notes,
    series: seriesOf(options.methods, options.display),
    panels: options.panels.map((panel) => ({
      ...panel,
      values: rows.filter((row) => isShown(row, panel)).map(({ step, ...row }) => ({ ...row, x: step })),
    })),
    x: { title: "Training step", unit: "step " },
    spread: bands ? "band" : "nothing",
  });
}

/** Whether a panel has a row, if its method is drawn. */
export function isShown(row: CurveRow, { measure, task, except = [] }: CurvePanel): boolean {
  return row.measure === measure && (task === undefined || row.task === task) && !except.includes(row.method);
}
