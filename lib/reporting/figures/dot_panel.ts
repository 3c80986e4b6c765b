import { mean } from "#lib/statistics/statistics.ts";
import type { Layer, Panel } from "./figure.ts";
import { markerOf } from "./legend.ts";
import { axisTitle, emptyPanel, type FigureAxis, GRID_COLOR, headingLayer, NOTE_COLOR } from "./page.ts";
import { placeReferences, type Reference } from "./reference.ts";
import { drawable, type SeedValue, summarize, valuesOf } from "./seed_values.ts";
import type { SeriesStyle } from "./series_style.ts";

/** A row: one dot, or several that the legend names, as on-policy and off-policy. */
export interface DotRow {
  readonly label: string;
  readonly dots: readonly { readonly method: string; readonly series?: string }[];
}

export type Interval = readonly [low: number, high: number];

export interface DotPanelOptions {
  readonly heading?: string;
  readonly values: readonly SeedValue[];
  readonly intervals?: ReadonlyMap<string, Interval>;
  readonly rows: readonly DotRow[];
  /** By series; that of dots without a series by "". */
  readonly styles: ReadonlyMap<string, SeriesStyle>;
  readonly references: readonly Reference[];
  readonly x: FigureAxis;
  readonly width: number;
  /** Whether the rows' labels stand at its left. */
  readonly labelled: boolean;
}

interface Dot {
  readonly row: string;
  readonly series: string;
  readonly values: readonly number[];
  readonly bar: Interval | undefined;
}

const ROW_HEIGHT = 22;
const SERIES_HEIGHT = 12;

/** Rows of dots over one horizontal scale. */
export function dotPanel(panel: DotPanelOptions): Panel {
  const { rows, styles, x, width } = panel;
  const height = rows.length * Math.max(ROW_HEIGHT, SERIES_HEIGHT * styles.size + 10);
  const dots = rows.flatMap(({ label, dots }) =>
    dots.map(({ method, series = "" }): Dot => {
      const values = valuesOf(panel.values, method, x.scale);
      return { row: label, series, values, bar: barOf(values, panel.intervals, method, x.scale) };
    })
  );
  if (dots.every(({ values }) => values.length === 0)) {
    return emptyPanel(`No values of ${x.title}`, { width, height: height || 60 }, panel.heading);
  }
  const position = positionOf(panel);
  return {
    width,
    height,
    layer: [
      ...headingLayer(panel.heading),
      ...placeReferences(panel.references, panel.values, x.scale).map(({ at, style }) => referenceLayer(at, style)),
      ...[...styles].flatMap(([name, style]) =>
        dotLayers(dots.filter(({ series }) => series === name), style, position)
      ),
      ...absenceLayers(dots, position),
    ],
    encoding: {
      x: {
        field: "x",
        type: "quantitative",
        title: axisTitle(x, width),
        scale: { zero: false, padding: 6 },
        axis: { tickCount: Math.max(3, Math.round(width / 60)) },
      },
    },
  };
}

/** What is drawn of the spread: an interval where there are any, else one standard deviation; of one value none. */
function barOf(
  values: readonly number[],
  intervals: DotPanelOptions["intervals"],
  method: string,
  scale = 1,
): Interval | undefined {
  const interval = intervals?.get(method);
  if (intervals) return interval && [drawable(scale * interval[0]), drawable(scale * interval[1])];
  if (values.length < 2) return undefined;
  const { low, high } = summarize(values, "sd");
  return [low, high];
}

/** The vertical place of a row, and of a series within it. */
function positionOf({ rows, styles, labelled }: DotPanelOptions) {
  return {
    y: {
      field: "row",
      type: "nominal" as const,
      title: null,
      scale: { type: "band" as const, domain: rows.map(({ label }) => label), paddingInner: 0.2, paddingOuter: 0.1 },
      axis: { labels: labelled, ticks: false, domain: false, grid: true, gridColor: GRID_COLOR, labelPadding: 8 },
    },
    ...(styles.size > 1
      ? { yOffset: { field: "series", type: "nominal" as const, scale: { domain: [...styles.keys()] } } }
      : {}),
  };
}

type Position = ReturnType<typeof positionOf>;

function dotLayers(dots: readonly Dot[], style: SeriesStyle, position: Position): Layer[] {
  const present = dots.filter(({ values }) => values.length > 0);
  const means = present.map(({ row, series, values }) => ({ row, series, x: drawable(mean(values)) }));
  const spread = present.flatMap(({ row, series, bar }) => bar ? [{ row, series, x: bar[0], x2: bar[1] }] : []);
  const seeds = present.filter(({ values }) => values.length > 1)
    .flatMap(({ row, series, values }) => values.map((x) => ({ row, series, x: drawable(x) })));
  const bars: Layer = {
    data: { values: spread },
    mark: { type: "rule", color: style.color, strokeWidth: 1.4 },
    encoding: { x2: { field: "x2" }, ...position },
  };
  const ticks: Layer = {
    data: { values: seeds },
    mark: { type: "tick", orient: "vertical", color: style.color, size: 9, thickness: 1 },
    encoding: position,
  };
  const dotsAt: Layer = {
    data: { values: means },
    mark: markerOf(style, 60),
    encoding: position,
  };
  return [
    ...(spread.length === 0 ? [] : [bars]),
    ...(seeds.length === 0 ? [] : [ticks]),
    ...(means.length === 0 ? [] : [dotsAt]),
  ];
}

function referenceLayer(at: number, { color, dash }: SeriesStyle): Layer {
  return { data: { values: [{ x: at }] }, mark: { type: "rule", color, strokeWidth: 1.3, strokeDash: [...dash] } };
}

function absenceLayers(dots: readonly Dot[], position: Position): Layer[] {
  const absent = dots.filter(({ values }) => values.length === 0).map(({ row, series }) => ({ row, series }));
  if (absent.length === 0) return [];
  const text = { type: "text", text: "no values", align: "left", fontSize: 10, fontStyle: "italic" } as const;
  const layer = { data: { values: absent }, encoding: { x: { value: 4 }, ...position } };
  // A white seam below keeps grid and reference lines out of the words.
  return [
    { ...layer, mark: { ...text, color: "white", stroke: "white", strokeWidth: 4 } },
    { ...layer, mark: { ...text, color: NOTE_COLOR } },
  ];
}
