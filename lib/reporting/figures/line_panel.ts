import type { Layer } from "./figure.ts";
import { markerOf, THICK, THIN } from "./legend.ts";
import { axisTitle, emptyView, type FigureAxis, type View } from "./page.ts";
import { REFERENCE_RULE } from "./reference.ts";
import { type Spread, summarize } from "./seed_values.ts";
import type { SeriesStyle } from "./series_style.ts";

/** A place on a line: the values of the seeds there. */
export interface LinePoint {
  readonly x: number;
  readonly values: readonly number[];
}

export interface Line {
  readonly style: SeriesStyle;
  /** By ascending x. */
  readonly points: readonly LinePoint[];
  /** Thick and without markers, so that a line over it hides neither; default false. */
  readonly thick?: boolean;
}

export interface LineAxis extends FigureAxis {
  /** Where the axis is marked, if not at round numbers. */
  readonly ticks?: readonly number[];
  /** Least and greatest x of all panels, so that these line up; default this panel's. */
  readonly domain?: readonly [number, number];
}

export interface LinePanel {
  readonly lines: readonly Line[];
  readonly x: LineAxis;
  readonly y: FigureAxis;
  readonly width: number;
  readonly height: number;
  readonly spread: Spread;
  /** Whether the spread is a band along the line, a bar at each point, or not shown. */
  readonly spreadAs: "band" | "bars" | "nothing";
  /** Where a horizontal line lies, in the y axis' unit. */
  readonly reference?: number;
  /** Whether the y axis begins at 0; default false. */
  readonly fromZero?: boolean;
}

/** Markers on a line; more would hide it. */
const MARKERS = 7;
const BAR_SHIFT = 5;

/** Lines through the means over the seeds, with their spread. One seed has no spread. */
export function linePanel(panel: LinePanel): View {
  const { lines, width, height } = panel;
  if (lines.every(({ points }) => points.length === 0)) {
    return emptyView(`No values of ${panel.y.title}`, { width, height });
  }
  const drawn = lines.map((line, i) => rowsOf(line, panel, i)).filter(({ rows }) => rows.length > 0);
  return {
    width,
    height,
    layer: [
      ...(panel.reference === undefined ? [] : [referenceLayer(panel.reference)]),
      ...drawn.filter(({ several }) => several).map((line) => spreadLayer(line, panel.spreadAs)),
      ...drawn.map(lineLayer),
      ...drawn.filter(({ marked }) => marked.length > 0).map(markerLayer),
    ],
    encoding: {
      x: xEncoding(panel.x, width),
      y: {
        type: "quantitative",
        title: axisTitle(panel.y, height),
        scale: { zero: panel.fromZero ?? false },
        axis: { tickCount: 5, domain: false },
      },
    },
  };
}

function xEncoding(axis: LineAxis, width: number) {
  const { ticks, domain } = axis;
  return {
    field: "x",
    type: "quantitative" as const,
    title: axisTitle(axis, width),
    scale: { zero: false, ...(domain ? { domain: [...domain] } : {}), nice: false, padding: 4 },
    axis: { grid: false, tickCount: 5, ...(ticks ? { values: [...ticks], format: ".6~g" } : {}) },
  };
}

interface Row {
  readonly x: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

interface DrawnLine extends Omit<Line, "points"> {
  readonly rows: readonly Row[];
  /** Whether there is a spread to show. */
  readonly several: boolean;
  /** Rows with a marker. */
  readonly marked: readonly Row[];
  /** Pixels to the right. */
  readonly shift: number;
}

function rowsOf({ points, style, thick = false }: Line, panel: LinePanel, index: number): DrawnLine {
  const { lines, spread, spreadAs, y: { scale = 1 } } = panel;
  const rows = points.map(({ x, values }): Row => ({ x, ...summarize(values.map((v) => scale * v), spread) }));
  const step = Math.ceil(rows.length / MARKERS);
  // Lines take turns, so that markers of neighbouring lines do not lie on each other.
  const first = index * Math.max(1, Math.round(step / lines.length)) % step;
  return {
    style,
    thick,
    rows,
    several: spreadAs !== "nothing" && points.some(({ values }) => values.length > 1),
    marked: thick ? [] : rows.filter((_, i) => i % step === first),
    // Bars at one place would lie on each other.
    shift: spreadAs === "bars" ? BAR_SHIFT * (index - (lines.length - 1) / 2) : 0,
  };
}

function spreadLayer({ rows, style: { color }, shift }: DrawnLine, spreadAs: LinePanel["spreadAs"]): Layer {
  return {
    data: { values: [...rows] },
    mark: spreadAs === "band"
      ? { type: "area", color, opacity: 0.13 }
      : { type: "rule", color, strokeWidth: 1.1, xOffset: shift },
    encoding: { y: { field: "low", type: "quantitative" }, y2: { field: "high" } },
  };
}

function lineLayer({ rows, style: { color, dash }, thick, shift }: DrawnLine): Layer {
  return {
    data: { values: rows.map(({ x, mean }) => ({ x, mean })) },
    mark: { type: "line", color, strokeWidth: thick ? THICK : THIN, strokeDash: [...dash], xOffset: shift },
    encoding: { y: { field: "mean", type: "quantitative" } },
  };
}

function markerLayer({ marked, style, shift }: DrawnLine): Layer {
  return {
    data: { values: marked.map(({ x, mean }) => ({ x, mean })) },
    mark: { ...markerOf(style), xOffset: shift },
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
