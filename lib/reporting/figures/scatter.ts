import { compareKeys } from "#lib/results/csv_rows.ts";
import type { MethodDisplays } from "#lib/reporting/method_display.ts";
import { mean } from "#lib/statistics/statistics.ts";
import type { Figure, Layer } from "./figure.ts";
import { markerOf } from "./legend.ts";
import { axisTitle, emptyView, type FigureAxis, type FigureText, gridOf, page, type View } from "./page.ts";
import { checkRuns, drawable, type SeedValue } from "./seed_values.ts";
import { type MethodChoice, type Series, seriesOf } from "./series_style.ts";

/** Two measures of trained models, against each other. */
export interface ScatterPanel {
  readonly heading?: string;
  readonly x: FigureAxis;
  readonly y: FigureAxis;
  readonly xs: readonly SeedValue[];
  readonly ys: readonly SeedValue[];
}

export interface ScatterOptions extends FigureText {
  readonly panels: readonly ScatterPanel[];
  /** What is drawn, in the order of the legend. */
  readonly methods: readonly MethodChoice[];
  /** How methods are named and drawn. */
  readonly display: MethodDisplays;
}

interface Point {
  readonly method: string;
  readonly x: number;
  readonly y: number;
}

const HEIGHT = 230;

/**
 * A point for each trained model that has both measures, and Pearson's correlation over the points of a panel in the notes.
 *
 * @throws {RangeError} if a value is not finite or a method has two values of a measure for a seed
 */
export function scatter(options: ScatterOptions): Figure {
  const pairs = options.panels.map(pairUp);
  const series = seriesOf(options.methods, options.display);
  const points = pairs.map((pairs) => pairs.filter(({ method }) => series.some((one) => one.method === method)));
  const axes = options.panels.map(({ y }) => y);
  const { columns, left, width } = gridOf(axes.length, axes, { alone: HEIGHT, several: HEIGHT }, 2);
  return page({
    title: options.title,
    notes: [...options.notes ?? [], ...notesOf(options.panels, points, series)],
    legend: series.map(({ label, style }) => ({ label, style, line: false, marker: true })),
    columns,
    left,
    panels: options.panels.map((panel, i) => ({
      heading: panel.heading,
      view: viewOf(panel, points[i], series, width),
      words: describe(panel, points[i], series),
    })),
  });
}

function pairUp({ xs, ys, x, y }: ScatterPanel): Point[] {
  const keyOf = ({ method, seed }: SeedValue) => [method, seed];
  checkRuns(xs);
  checkRuns(ys);
  const runOf = (value: SeedValue) => JSON.stringify(keyOf(value));
  const ofRun = new Map(ys.map((value) => [runOf(value), value.value]));
  const both = xs.filter((value) => ofRun.has(runOf(value))).toSorted((a, b) => compareKeys(keyOf(a), keyOf(b)));
  return both.map((value) => ({
    method: value.method,
    x: drawable((x.scale ?? 1) * value.value),
    y: drawable((y.scale ?? 1) * ofRun.get(runOf(value))!),
  }));
}

function viewOf(panel: ScatterPanel, points: readonly Point[], series: readonly Series[], width: number): View {
  if (points.length === 0) return emptyView("No model with both measures", { width, height: HEIGHT });
  const axis = { tickCount: 5 };
  const scale = { zero: false, padding: 6 };
  return {
    width,
    height: HEIGHT,
    layer: series.filter(({ method }) => points.some((point) => point.method === method))
      .map(({ method, style }): Layer => ({
        data: { values: points.filter((point) => point.method === method).map(({ x, y }) => ({ x, y })) },
        mark: markerOf(style, 60),
      })),
    encoding: {
      x: { field: "x", type: "quantitative", title: axisTitle(panel.x, width), scale, axis },
      y: { field: "y", type: "quantitative", title: axisTitle(panel.y, HEIGHT), scale, axis },
    },
  };
}

function notesOf(panels: readonly ScatterPanel[], points: readonly Point[][], series: readonly Series[]): string[] {
  if (points.every((points) => points.length === 0)) return [];
  const correlations = points.flatMap((points, i) => {
    const r = correlation(points);
    if (r === undefined) return [];
    const where = panels[i].heading === undefined ? "" : `${panels[i].heading}: `;
    return [`${where}r = ${r.toFixed(2).replace("-", "−")}, n = ${points.length}`];
  });
  const absent = series.filter(({ method }) => !points.flat().some((point) => point.method === method));
  return [
    "Points: trained models, one for each seed." +
    (correlations.length === 0 ? "" : ` Pearson's correlation: ${correlations.join("; ")}.`),
    ...(absent.length === 0 ? [] : [`No points for ${absent.map(({ label }) => label).join(", ")}.`]),
  ];
}

/** Pearson's, of three or more points of which neither measure is constant. */
function correlation(points: readonly Point[]): number | undefined {
  if (points.length < 3) return undefined;
  const x = mean(points.map(({ x }) => x));
  const y = mean(points.map(({ y }) => y));
  const sum = (term: (point: Point) => number) => points.reduce((total, point) => total + term(point), 0);
  const product = sum((point) => (point.x - x) * (point.y - y));
  const r = product / Math.sqrt(sum((point) => (point.x - x) ** 2) * sum((point) => (point.y - y) ** 2));
  return Number.isFinite(r) ? r : undefined;
}

function describe({ heading, x, y }: ScatterPanel, points: readonly Point[], series: readonly Series[]): string {
  const parts = series.flatMap(({ method, label }) => {
    const own = points.filter((point) => point.method === method)
      .map(({ x, y }) => `(${x.toPrecision(3)}, ${y.toPrecision(3)})`);
    return own.length === 0 ? [] : [`${label} ${own.join(" ")}`];
  });
  const axes = `${heading === undefined ? "" : `${heading}: `}${y.title} against ${x.title}`;
  return `${axes}: ${parts.join("; ") || "no values"}.`;
}
