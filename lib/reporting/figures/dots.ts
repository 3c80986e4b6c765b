import { mean } from "#lib/statistics/statistics.ts";
import type { Figure, Layer } from "./figure.ts";
import { markerOf } from "./legend.ts";
import {
  axisTitle,
  emptyView,
  type FigureAxis,
  type FigureText,
  GRID_COLOR,
  NOTE_COLOR,
  page,
  PAGE_WIDTH,
  type View,
} from "./page.ts";
import { placeReference, type Reference, REFERENCE_RULE, referenceEntry } from "./reference.ts";
import { checkRuns, drawable, marksNote, ONE_SD, seedsOf, type SeedValue, summarize, valuesOf } from "./seed_values.ts";
import { stylesOf } from "./series_style.ts";
import { textWidth } from "./text_width.ts";

export interface DotRow {
  readonly label: string;
  readonly method: string;
}

export type Interval = readonly [low: number, high: number];

export interface DotPanel {
  readonly heading?: string;
  readonly values: readonly SeedValue[];
  /** Bars of the methods that have one, in place of one standard deviation of each that has several seeds. */
  readonly intervals?: ReadonlyMap<string, Interval>;
}

export interface DotsOptions extends FigureText {
  /** From top to bottom. */
  readonly rows: readonly DotRow[];
  readonly panels: readonly DotPanel[];
  /** Of all panels, which share their scale. */
  readonly x: FigureAxis;
  /** A vertical line; a method's lies at its own mean in each panel. */
  readonly reference: Reference;
  /** What the panels' intervals are. */
  readonly bars?: string;
}

const COLUMN_GAP = 22;
const LABEL_SIZE = 10.5;
const LABEL_DISTANCE = 8;
const WIDEST_PANEL = 420;
const ROW_HEIGHT = 22;
const [STYLE] = stylesOf([""]);
const ABSENT = { type: "text", text: "no values", align: "left", fontSize: 10, fontStyle: "italic" } as const;

type Mark = Extract<Layer, { mark: unknown }>["mark"];

/**
 * A dot per row at the mean over the seeds, a tick for each seed, and a bar of an interval or of one sample standard deviation on each side.
 * What has no values says so in its place.
 *
 * @throws {RangeError} if a value is not finite, a method has two values for a seed in a panel, or two rows have one label
 */
export function dots(options: DotsOptions): Figure {
  const { rows, panels, reference } = options;
  const labels = rows.map(({ label }) => label);
  if (new Set(labels).size < labels.length) {
    throw new RangeError(`Cannot draw two rows with one label: ${labels.join(", ")}`);
  }
  for (const { values } of panels) checkRuns(values);
  const columns = Math.min(3, panels.length);
  const labelWidth = Math.max(0, ...labels.map((label) => textWidth(label, LABEL_SIZE)));
  const left = Math.ceil(labelWidth) + LABEL_DISTANCE;
  const width = Math.min(Math.floor((PAGE_WIDTH - left) / columns) - COLUMN_GAP, WIDEST_PANEL);
  return page({
    title: options.title,
    notes: [...options.notes ?? [], ...notesOf(options)],
    legend: [referenceEntry(reference)],
    columns,
    panels: panels.map((panel, i) => ({
      heading: panel.heading,
      view: viewOf(panel, options, width, i % columns === 0),
      words: describe(panel, options),
    })),
    sharedX: true,
    left,
    columnGap: COLUMN_GAP,
  });
}

function notesOf({ rows, panels, bars = ONE_SD }: DotsOptions): string[] {
  const all = panels.flatMap(({ values }) => values);
  const seeds = new Map(rows.map(({ label, method }) => [label, seedsOf(all, method)]));
  const notes = marksNote("Dots", seeds, `Bars: ${bars}. Ticks: the seeds.`);
  const hasBarsAlone = panels.some(({ intervals }) => intervals?.size) && notes.every((note) => !note.includes("Bars"));
  return hasBarsAlone ? [...notes, `Bars: ${bars}.`] : notes;
}

function describe({ heading, values }: DotPanel, { rows, x }: DotsOptions): string {
  const parts = rows.map(({ label, method }) => {
    const own = valuesOf(values, method, x.scale);
    return `${label} ${own.length === 0 ? "no values" : mean(own).toPrecision(3)}`;
  });
  return `${heading === undefined ? x.title : `${heading}, ${x.title}`}: ${parts.join("; ") || "no values"}.`;
}

/** Where a layer's marks are, apart from their row. */
interface Placed {
  readonly x?: { readonly value: number };
  readonly x2?: { readonly field: string };
}

/** Rows of dots over one horizontal scale; the labels stand at the left of the first panel of a line. */
function viewOf(panel: DotPanel, { rows, x, reference }: DotsOptions, width: number, labelled: boolean): View {
  const height = rows.length * ROW_HEIGHT;
  const found = rows.map(({ label, method }) => ({
    row: label,
    values: valuesOf(panel.values, method, x.scale),
    bar: barOf(panel, method, x.scale),
  }));
  const present = found.filter(({ values }) => values.length > 0);
  if (present.length === 0) return emptyView(`No values of ${x.title}`, { width, height: height || 60 });
  const absent = found.filter(({ values }) => values.length === 0).map(({ row }) => ({ row }));
  const bars = present.flatMap(({ row, bar }) => bar ? [{ row, x: drawable(bar[0]), x2: drawable(bar[1]) }] : []);
  const ticks = present.filter(({ values }) => values.length > 1)
    .flatMap(({ row, values }) => values.map((x) => ({ row, x: drawable(x) })));
  const means = present.map(({ row, values }) => ({ row, x: drawable(mean(values)) }));
  const at = placeReference(reference, panel.values, x.scale);
  const y = rowAxis(rows, labelled);
  const layer = (values: object[], mark: Mark, encoding: Placed = {}): Layer[] =>
    values.length === 0 ? [] : [{ data: { values }, mark, encoding: { ...encoding, y } }];
  return {
    width,
    height,
    layer: [
      ...(at === undefined ? [] : [{ data: { values: [{ x: at }] }, mark: REFERENCE_RULE }]),
      ...layer(bars, { type: "rule", color: STYLE.color, strokeWidth: 1.4 }, { x2: { field: "x2" } }),
      // They stand out above and below a mean that lies on them.
      ...layer(ticks, { type: "tick", orient: "vertical", color: STYLE.color, size: 14, thickness: 1 }),
      ...layer(means, markerOf(STYLE, 60)),
      // A white seam below keeps grid and reference lines out of the words.
      ...layer(absent, { ...ABSENT, color: "white", stroke: "white", strokeWidth: 4 }, { x: { value: 4 } }),
      ...layer(absent, { ...ABSENT, color: NOTE_COLOR }, { x: { value: 4 } }),
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

function rowAxis(rows: readonly DotRow[], labelled: boolean) {
  return {
    field: "row",
    type: "nominal" as const,
    title: null,
    scale: { type: "band" as const, domain: rows.map(({ label }) => label), paddingInner: 0.2, paddingOuter: 0.1 },
    axis: { labels: labelled, ticks: false, domain: false, grid: true, gridColor: GRID_COLOR, labelPadding: 8 },
  };
}

/** What is drawn of the spread: an interval where there are any, else one standard deviation; of one value none. */
function barOf({ values, intervals }: DotPanel, method: string, scale = 1): Interval | undefined {
  if (intervals) {
    const interval = intervals.get(method);
    return interval && [scale * interval[0], scale * interval[1]];
  }
  const own = valuesOf(values, method, scale);
  if (own.length < 2) return undefined;
  const { low, high } = summarize(own, "sd");
  return [low, high];
}
