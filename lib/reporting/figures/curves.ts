import type { CurveRow } from "#lib/results/curves_csv.ts";
import { orderMethods } from "#lib/reporting/display_names.ts";
import type { MethodDisplays } from "#lib/reporting/method_display.ts";
import { mean } from "#lib/statistics/statistics.ts";
import type { Figure } from "./figure.ts";
import { type Line, linePanel, type LinePoint } from "./line_panel.ts";
import { type FigureAxis, type FigureText, gridOf, page } from "./page.ts";
import { checkValues, marksNote } from "./seed_values.ts";
import { type MethodChoice, type Series, seriesOf } from "./series_style.ts";

/** One measure against the step. */
export interface CurvePanel extends FigureAxis {
  readonly measure: string;
  readonly heading?: string;
  /** Methods whose values say nothing here, as that of a critic which such a method never trains. */
  readonly except?: readonly string[];
}

export interface CurvesOptions extends FigureText {
  readonly panels: readonly CurvePanel[];
  /** What is drawn, in the order of the legend; default every method that has one of the measures. */
  readonly methods?: readonly MethodChoice[];
  /** How methods are named and drawn; default by their names, in the styles that are free. */
  readonly display?: MethodDisplays;
  /** Whether the range of the seeds is shown as a band; default true. Bands of many methods hide each other. */
  readonly bands?: boolean;
}

interface PanelLines extends CurvePanel {
  readonly lines: readonly Line[];
}

/**
 * Measures of training runs against the step, a panel each with a scale of its own: the mean over the seeds as a line per
 * method, their spread as a band. A method without a panel's measure has no line there, which the notes say.
 *
 * @throws {RangeError} if a value is not finite, or a run has two values of a measure at a step
 */
export function curves(rows: readonly CurveRow[], options: CurvesOptions): Figure {
  const shown = rows.filter((row) =>
    options.panels.some(({ measure, except = [] }) => measure === row.measure && !except.includes(row.method))
  );
  const { display = {} } = options;
  const present = orderMethods(shown.map(({ method }) => method), Object.keys(display));
  const series = seriesOf(options.methods ?? present.map((method) => ({ method })), display);
  const drawn = shown.filter(({ method }) => series.some((one) => one.method === method))
    .toSorted((a, b) => a.step - b.step || a.seed - b.seed);
  checkValues(drawn, ({ method, seed, step, measure }) => [method, `seed ${seed}`, `step ${step}`, measure]);

  const { bands = true } = options;
  const { columns, left, width, height } = gridOf(options.panels.length, options.panels, { alone: 240, several: 150 });
  const panels = options.panels.map((panel): PanelLines => ({
    ...panel,
    lines: series.map(({ method, style }) => ({
      style,
      points: panel.except?.includes(method) ? [] : pointsOf(drawn, method, panel.measure),
    })),
  }));
  const domain = drawn.length === 0 ? undefined : [drawn[0].step, drawn[drawn.length - 1].step] as const;
  return page({
    title: options.title,
    notes: [
      ...options.notes ?? [],
      ...notesOf(drawn, series, bands),
      ...shortRuns(panels),
      ...absences(panels, series),
    ],
    legend: series.map(({ label, style }) => ({ label, style, line: true, marker: true })),
    columns,
    left,
    panels: panels.map((panel) => ({
      heading: panel.heading,
      view: linePanel({
        lines: panel.lines,
        x: { title: "Training step", domain },
        y: panel,
        width,
        height,
        spread: "range",
        spreadAs: bands ? "band" : "nothing",
      }),
      words: lastMeans(panel, series),
    })),
  });
}

function pointsOf(rows: readonly CurveRow[], method: string, measure: string): LinePoint[] {
  const mine = rows.filter((row) => row.method === method && row.measure === measure);
  return [...Map.groupBy(mine, ({ step }) => step)].map(([x, at]) => ({ x, values: at.map(({ value }) => value) }));
}

function notesOf(rows: readonly CurveRow[], series: readonly Series[], bands: boolean): string[] {
  const seedsOf = new Map(
    series.map(({ label, method }) => [label, rows.filter((row) => row.method === method).map(({ seed }) => seed)]),
  );
  return marksNote("Lines", seedsOf, bands ? "Bands: least to greatest." : "");
}

/** Where a seed's values are missing a mean jumps for that alone. */
function shortRuns(panels: readonly PanelLines[]): string[] {
  const uneven = panels.some(({ lines }) =>
    lines.some(({ points }) => new Set(points.map(({ values }) => values.length)).size > 1)
  );
  return uneven ? ["Some runs have no value at some steps: there the mean and the band are of the others."] : [];
}

/** Names what has no line in a panel, by the panels that lack the same methods. */
function absences(panels: readonly PanelLines[], series: readonly Series[]): string[] {
  const absent = panels.map(({ lines, title, heading }) => ({
    panel: heading ?? title,
    methods: series.filter((_, i) => lines[i].points.length === 0).map(({ label }) => label).join(", "),
    nothing: lines.every(({ points }) => points.length === 0),
  }));
  const groups = Map.groupBy(absent.filter(({ methods, nothing }) => methods && !nothing), ({ methods }) => methods);
  return [...groups].map(([methods, of]) => `No line for ${methods} in: ${of.map(({ panel }) => panel).join("; ")}.`);
}

function lastMeans({ lines, title, heading, scale = 1 }: PanelLines, series: readonly Series[]): string {
  const ends = lines.flatMap(({ points }, i) => {
    const end = points.at(-1);
    return end ? [`${series[i].label} ${(scale * mean(end.values)).toPrecision(3)} at step ${end.x}`] : [];
  });
  return `${heading ?? title}: ${ends.join(", ") || "no values"}.`;
}
