import type { Figure, Layer, Panel } from "./figure.ts";
import { type LegendEntry, legendPanel } from "./legend.ts";
import { wrapText } from "./text_width.ts";

/** What is written over a figure. */
export interface FigureText {
  readonly title: string;
  /** What the reader must know beyond what the builder itself says about lines, bands and seeds; a line each. */
  readonly notes?: readonly string[];
}

/** Names an axis and its unit, as in "ROUGE-L (%)". */
export interface FigureAxis {
  readonly title: string;
  /** Values are multiplied by this; 100 shows fractions in percent. Default 1. */
  readonly scale?: number;
}

export interface Page extends FigureText {
  readonly legend: readonly LegendEntry[];
  readonly panels: readonly PagePanel[];
  readonly columns: number;
  /** Pixels to the left of the first column of plots, for its axis. */
  readonly left: number;
  /** Pixels between columns of plots; default as to the left of the first. */
  readonly columnGap?: number;
  /** Whether the panels have one horizontal scale, as long as the longest needs; default false. */
  readonly sharedX?: boolean;
}

/** A plot before it has its heading. */
export interface View extends Pick<Layer, "encoding"> {
  readonly width: number;
  readonly height: number;
  readonly view?: { readonly stroke: string };
  readonly layer: readonly Layer[];
}

export type Size = Pick<View, "width" | "height">;

export interface PagePanel {
  readonly heading?: string;
  readonly view: View;
  /** What it shows, in words and numbers. */
  readonly words: string;
}

/** Width of a figure's panels with their axes, in pixels: that of a page's text at its usual size. */
export const PAGE_WIDTH = 720;
/** Room for a vertical axis: its labels, and each line of its title. */
const AXIS_LABELS_WIDTH = 50;
const AXIS_TITLE_HEIGHT = 14;
/** Pixels between rows of plots: room for a horizontal axis. */
const ROW_GAP = 54;
const HEADING_HEIGHT = 20;
const WIDEST_PLOT = 420;
const TEXT_COLOR = "#1a1a1a";
export const NOTE_COLOR = "#4d4d4d";
const LINE_COLOR = "#8c8c8c";
export const GRID_COLOR = "#e6e6e6";
const TITLE_SIZE = 14;
const NOTE_SIZE = 11;
const AXIS_TITLE_SIZE = 11.5;

const APPEARANCE: Figure["config"] = {
  aria: false,
  font: "Helvetica, Arial, sans-serif",
  view: { stroke: null },
  title: {
    fontSize: TITLE_SIZE,
    fontWeight: "bold",
    color: TEXT_COLOR,
    subtitleFontSize: NOTE_SIZE,
    subtitleLineHeight: 15,
    subtitlePadding: 5,
    subtitleColor: NOTE_COLOR,
    offset: 10,
  },
  axis: {
    labelFontSize: 10.5,
    titleFontSize: AXIS_TITLE_SIZE,
    titleFontWeight: "normal",
    labelColor: TEXT_COLOR,
    titleColor: TEXT_COLOR,
    domainColor: LINE_COLOR,
    tickColor: LINE_COLOR,
    tickSize: 4,
    gridColor: GRID_COLOR,
    titlePadding: 6,
    labelLimit: 260,
    labelFlush: false,
  },
};

/** How plots share the page: three beside each other or fewer, each with room for its vertical axis. */
export function gridOf(
  count: number,
  axes: readonly FigureAxis[],
  heights: { readonly alone: number; readonly several: number },
  most = 3,
) {
  const columns = Math.min(most, count);
  const height = columns === 1 ? heights.alone : heights.several;
  const left = axisWidth(axes, height);
  return { columns, height, left, width: Math.min(Math.floor(PAGE_WIDTH / columns) - left, WIDEST_PLOT) };
}

/** Room that the vertical axes of panels of this height need beside their plots. */
function axisWidth(axes: readonly FigureAxis[], height: number): number {
  const lines = Math.max(1, ...axes.map((axis) => axisTitle(axis, height).length));
  return AXIS_LABELS_WIDTH + AXIS_TITLE_HEIGHT * lines;
}

/**
 * A figure: title, notes, legend, then the panels row by row.
 *
 * @throws {RangeError} if there is no panel
 */
export function page(options: Page): Figure {
  const { title, notes = [], legend, panels, columns, sharedX = false, left, columnGap = left } = options;
  if (panels.length === 0) throw new RangeError(`Cannot draw "${title}": it has no panels`);
  const headed = panels.some(({ heading }) => heading !== undefined);
  const plots = panels.map(({ heading, view }): Panel => ({
    ...view,
    layer: [...headingLayer(heading), ...view.layer],
  }));
  const body: Panel = plots.length === 1 ? plots[0] : {
    concat: plots,
    columns,
    // By the plots alone: with their labels, which differ in size, they would not stand in line.
    bounds: "flush",
    spacing: { row: headed ? ROW_GAP + HEADING_HEIGHT : ROW_GAP, column: columnGap },
    resolve: { scale: { x: sharedX ? "shared" : "independent" } },
  };
  return {
    description: [...notes, ...panels.map(({ words }) => words)].join(" "),
    title: {
      text: wrapText(title, TITLE_SIZE, PAGE_WIDTH, true),
      subtitle: notes.flatMap((note) => wrapText(note, NOTE_SIZE, PAGE_WIDTH)),
      anchor: "start",
      frame: "bounds",
    },
    vconcat: [...(legend.length === 0 ? [] : [legendPanel(legend, PAGE_WIDTH - left)]), body],
    spacing: 10,
    background: "white",
    padding: 8,
    config: APPEARANCE,
  };
}

/** An axis' title, in lines that are no longer than the axis. */
export function axisTitle({ title }: Pick<FigureAxis, "title">, length: number): string[] {
  return wrapText(title, AXIS_TITLE_SIZE, length);
}

/**
 * The heading over a panel. It is a mark because the library's titles stand off from whatever reaches highest, which differs
 * from panel to panel.
 */
function headingLayer(text: string | undefined): Layer[] {
  if (text === undefined) return [];
  return [{
    data: { values: [{}] },
    mark: {
      type: "text",
      text,
      align: "left",
      baseline: "bottom",
      fontSize: 12,
      fontWeight: "bold",
      color: TEXT_COLOR,
    },
    encoding: { x: { value: 0 }, y: { value: -8 } },
  }];
}

/** A plot that says why it shows nothing. */
export function emptyView(message: string, { width, height }: Size): View {
  const text: Layer = {
    data: { values: [{}] },
    mark: {
      type: "text",
      text: wrapText(message, 12, width - 20),
      baseline: "middle",
      color: NOTE_COLOR,
      fontSize: 12,
      fontStyle: "italic",
    },
    encoding: { x: { value: width / 2 }, y: { value: height / 2 } },
  };
  return { width, height, view: { stroke: GRID_COLOR }, layer: [text] };
}
