import { mean } from "#lib/statistics/statistics.ts";
import type { Figure, Layer } from "./figure.ts";
import { type LegendEntry, markerOf, THICK, THIN } from "./legend.ts";
import { axisTitle, emptyView, type FigureAxis, type FigureText, gridOf, page, type Size, type View } from "./page.ts";
import { REFERENCE_RULE } from "./reference.ts";
import { checkValues, marksNote, type SeedValue, summarize } from "./seed_values.ts";
import type { Series } from "./series_style.ts";

/** A value at a place on the horizontal axis. */
export interface LineValue extends SeedValue {
  readonly x: number;
}

export interface LineSeries extends Series {
  /** Thick and without markers, so that a line over it hides neither; default false. */
  readonly thick?: boolean;
}

export interface LinesPanel extends FigureAxis {
  readonly heading?: string;
  readonly values: readonly LineValue[];
  /** Where a horizontal line lies, in the axis' unit. */
  readonly reference?: number;
  /** Its own horizontal axis; default that of the figure, whose range the panels share. */
  readonly x?: LineAxis;
  /** What it shows, in words; default the last mean of each line. */
  readonly words?: string;
}

export interface LinesOptions extends FigureText {
  /** What is drawn, in the order of the legend. */
  readonly series: readonly LineSeries[];
  /** A vertical axis each. */
  readonly panels: readonly LinesPanel[];
  readonly x: LineAxis;
  /** What shows how the seeds differ: a band from the least to the greatest value, or a bar of one standard deviation on each side. */
  readonly spread: "band" | "bars" | "nothing";
  /** Default: the series. */
  readonly legend?: readonly LegendEntry[];
  /** Whether the vertical axes begin at 0; default false. */
  readonly fromZero?: boolean;
  /** Axes on which equal ratios have equal lengths, a power law on both being a straight line; default none. */
  readonly logarithmic?: "x" | "both";
}

interface LineAxis extends Pick<FigureAxis, "title"> {
  /** Where the axis is marked, if not at round numbers. */
  readonly ticks?: readonly number[];
  /** Stands before its values in words, as in "step 20". */
  readonly unit?: string;
}

/** A place on a line: the values of the seeds there. */
interface LinePoint {
  readonly x: number;
  readonly values: readonly number[];
}

interface Panel extends LinesPanel {
  /** By ascending x, of each series. */
  readonly lines: readonly (readonly LinePoint[])[];
}

/** Markers on a line; more would hide it. */
const MARKERS = 7;

/**
 * Lines through the means over the seeds, with their spread, over one horizontal axis; a panel each with a vertical axis of its own. One
 * seed has no spread. A series without values in a panel has no line there, which the notes say.
 *
 * @throws {RangeError} if a value is not finite, or not above 0 on a logarithmic axis, or a series has two values of a seed at a place
 */
export function lines(options: LinesOptions): Figure {
  const { series, spread, notes = [] } = options;
  checkLogarithms(options);
  const panels = options.panels.map((panel): Panel => ({
    ...panel,
    lines: series.map(({ method }) => pointsOf(panel, method)),
  }));
  const domain = rangeOf(panels.filter(({ x }) => x === undefined));
  const grid = gridOf(panels.length, panels, { alone: 240, several: 150 });
  return page({
    title: options.title,
    // Bars are of one series, of whose points whoever draws them says what they are.
    notes: spread === "bars" ? notes : [...notes, ...notesOf(panels, options)],
    legend: options.legend ??
      series.map(({ label, style, thick = false }) => ({ label, style, line: true, marker: !thick, thick })),
    ...grid,
    panels: panels.map((panel) => ({
      heading: panel.heading,
      view: viewOf(panel, options, panel.x ? rangeOf([panel]) : domain, grid),
      words: panel.words ?? lastMeans(panel, options),
    })),
  });
}

function checkLogarithms({ logarithmic, panels }: LinesOptions): void {
  for (const { title, values } of logarithmic === undefined ? [] : panels) {
    const wrong = values.find(({ x, value }) => !(x > 0) || (logarithmic === "both" && !(value > 0)));
    if (wrong) {
      const { method, seed, x, value } = wrong;
      throw new RangeError(
        `Cannot draw ${method} seed ${seed} in ${title}: ${value} at ${x} has no place on logarithmic axes`,
      );
    }
  }
}

function rangeOf(panels: readonly Panel[]): number[] | undefined {
  const places = panels.flatMap(({ lines }) => lines.flat().map(({ x }) => x));
  return places.length === 0 ? undefined : [Math.min(...places), Math.max(...places)];
}

function pointsOf({ values, title, scale = 1 }: LinesPanel, method: string) {
  const own = values.filter((value) => value.method === method).toSorted((a, b) => a.x - b.x || a.seed - b.seed);
  checkValues(own, ({ x, seed }) => [method, `seed ${seed}`, `at ${x}`, `in ${title}`]);
  return [...Map.groupBy(own, ({ x }) => x)].map(([x, at]): LinePoint => ({
    x,
    values: at.map(({ value }) => scale * value),
  }));
}

function notesOf(panels: readonly Panel[], { series, spread }: LinesOptions): string[] {
  const seedsOf = series.map(({ label, method }) =>
    [
      label,
      panels.flatMap(({ values }) => values).filter((value) => value.method === method).map(({ seed }) => seed),
    ] as const
  );
  // Where a seed's values are missing a mean jumps for that alone.
  const isUneven = panels.some(({ lines }) =>
    lines.some((points) => new Set(points.map(({ values }) => values.length)).size > 1)
  );
  // The panels that lack the same series are named together.
  const absent = panels.filter(({ lines }) => lines.some((points) => points.length > 0)).map((panel) => ({
    panel: nameOf(panel),
    labels: series.filter((_, i) => panel.lines[i].length === 0).map(({ label }) => label).join(", "),
  }));
  const groups = Map.groupBy(absent.filter(({ labels }) => labels !== ""), ({ labels }) => labels);
  return [
    ...marksNote("Lines", new Map(seedsOf), spread === "band" ? "Bands: least to greatest." : ""),
    ...(isUneven ? ["Some runs have no value at some steps: there the mean and the band are of the others."] : []),
    ...[...groups].map(([labels, of]) => `No line for ${labels} in: ${of.map(({ panel }) => panel).join("; ")}.`),
  ];
}

function lastMeans(panel: Panel, { series, x: { unit = "" } }: LinesOptions): string {
  const ends = panel.lines.flatMap((points, i) => {
    const end = points.at(-1);
    return end ? [`${series[i].label} ${mean(end.values).toPrecision(3)} at ${unit}${end.x}`] : [];
  });
  return `${nameOf(panel)}: ${ends.join(", ") || "no values"}.`;
}

function nameOf({ heading, title }: LinesPanel): string {
  return heading ?? title;
}

function viewOf(
  panel: Panel,
  { series, x: shared, spread, fromZero = false, logarithmic }: LinesOptions,
  domain: number[] | undefined,
  { width, height }: Size,
): View {
  const { lines, reference, x = shared } = panel;
  if (lines.every((points) => points.length === 0)) return emptyView(`No values of ${panel.title}`, { width, height });
  const drawn = series.map((one, i) => ({ ...one, ...rowsOf(lines[i], i, lines.length, spread) }))
    .filter(({ rows }) => rows.length > 0);
  return {
    width,
    height,
    layer: [
      ...(reference === undefined ? [] : [referenceLayer(reference)]),
      ...(spread === "nothing" ? [] : drawn.filter(({ several }) => several)).map(({ rows, style }): Layer => ({
        data: { values: rows },
        mark: spread === "band"
          ? { type: "area", color: style.color, opacity: 0.13 }
          : { type: "rule", color: style.color, strokeWidth: 1.1 },
        encoding: { y: { field: "low", type: "quantitative" }, y2: { field: "high" } },
      })),
      ...drawn.map(({ rows, style, thick }) =>
        meansLayer(rows, {
          type: "line",
          color: style.color,
          strokeWidth: thick ? THICK : THIN,
          strokeDash: [...style.dash],
        })
      ),
      ...drawn.filter(({ thick, marked }) => !thick && marked.length > 0)
        .map(({ marked, style }) => meansLayer(marked, markerOf(style))),
    ],
    encoding: {
      x: {
        field: "x",
        type: "quantitative",
        title: axisTitle(x, width),
        // Panels of one axis have one domain, so that they line up.
        scale: { ...(logarithmic === undefined ? { zero: false } : { type: "log" }), domain, nice: false, padding: 4 },
        axis: { grid: false, tickCount: 5, ...(x.ticks ? { values: [...x.ticks], format: ".6~g" } : {}) },
      },
      y: {
        type: "quantitative",
        title: axisTitle(panel, height),
        scale: logarithmic === "both" ? { type: "log" } : { zero: fromZero },
        axis: { tickCount: 5, domain: false, ...(logarithmic === "both" ? { format: "~g" } : {}) },
      },
    },
  };
}

interface Row {
  readonly x: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

function rowsOf(points: readonly LinePoint[], index: number, lines: number, spread: LinesOptions["spread"]) {
  const rows = points.map(({ x, values }): Row => ({ x, ...summarize(values, spread === "bars" ? "sd" : "range") }));
  const step = Math.ceil(rows.length / MARKERS);
  // Lines take turns, so that markers of neighbouring lines do not lie on each other.
  const first = index * Math.max(1, Math.round(step / lines)) % step;
  return {
    rows,
    /** Whether there is a spread to show. */
    several: points.some(({ values }) => values.length > 1),
    marked: rows.filter((_, i) => i % step === first),
  };
}

function meansLayer(rows: readonly Row[], mark: Extract<Layer, { mark: unknown }>["mark"]): Layer {
  return {
    data: { values: rows.map(({ x, mean }) => ({ x, mean })) },
    mark,
    encoding: { y: { field: "mean", type: "quantitative" } },
  };
}

function referenceLayer(at: number): Layer {
  return {
    data: { values: [{ y: at }] },
    mark: REFERENCE_RULE,
    encoding: { x: { value: 0 }, x2: { value: "width" }, y: { field: "y", type: "quantitative" } },
  };
}
