import { mean } from "#lib/statistics/statistics.ts";
import type { Figure } from "./figure.ts";
import { linePanel, type LinePoint } from "./line_panel.ts";
import { type FigureAxis, type FigureText, gridOf, page } from "./page.ts";
import { checkValues, marksNote } from "./seed_values.ts";
import { type SeriesStyle, stylesOf } from "./series_style.ts";

/** A true value, or a bound on it, for one problem. */
export interface BoundPoint {
  readonly line: string;
  /** Where the problem lies on the horizontal axis. */
  readonly x: number;
  /** Problems with the same x differ by this. */
  readonly seed: number;
  readonly value: number;
}

export interface BoundLine {
  readonly line: string;
  readonly label: string;
}

export interface BoundsOptions extends FigureText {
  /** What is bounded: a thick black line. */
  readonly truth: BoundLine;
  readonly bounds: readonly BoundLine[];
  readonly x: FigureAxis;
  readonly y: FigureAxis;
}

const TRUTH_STYLE: SeriesStyle = { color: "#000000", dash: [], shape: "circle", filled: true };

/**
 * A true value and bounds on it over one scale from 0. Where several problems have the same x, a line goes through their means
 * and a band shows their range.
 *
 * @throws {RangeError} if a value is not finite or a line has two for one problem
 */
export function bounds(points: readonly BoundPoint[], options: BoundsOptions): Figure {
  const styles = stylesOf(options.bounds.map(({ line }) => line));
  const lines = [
    { ...options.truth, style: TRUTH_STYLE },
    ...options.bounds.map((bound, i) => ({ ...bound, style: styles[i] })),
  ];
  const shown = points.filter(({ line }) => lines.some((one) => one.line === line))
    .toSorted((a, b) => a.x - b.x || a.seed - b.seed);
  checkValues(shown, ({ line, x, seed }) => [line, `at ${x}`, `seed ${seed}`]);
  const drawn = lines.map(({ line, label, style }, i) => ({
    label,
    style,
    thick: i === 0,
    points: pointsOf(shown, line, options.x),
  }));
  const { columns, left, width, height } = gridOf(1, [options.y], { alone: 260, several: 260 });
  return page({
    title: options.title,
    notes: [...options.notes ?? [], ...notesOf(shown, lines)],
    legend: drawn.map(({ label, style, thick }) => ({ label, style, line: true, marker: !thick, thick })),
    columns,
    left,
    panels: [{
      view: linePanel({
        lines: drawn,
        x: options.x,
        y: options.y,
        width,
        height,
        spread: "range",
        spreadAs: "band",
        fromZero: true,
      }),
      words: drawn.map((line) => describe(line, options)).join(" "),
    }],
  });
}

function pointsOf(points: readonly BoundPoint[], line: string, { scale = 1 }: FigureAxis): LinePoint[] {
  const own = points.filter((point) => point.line === line);
  return [...Map.groupBy(own, ({ x }) => x)].map(([x, at]) => ({ x: scale * x, values: at.map(({ value }) => value) }));
}

function notesOf(points: readonly BoundPoint[], lines: readonly BoundLine[]): string[] {
  const absent = lines.filter(({ line }) => points.length > 0 && !points.some((point) => point.line === line));
  const several = Map.groupBy(points, ({ line, x }) => JSON.stringify([line, x])).values().some((at) => at.length > 1);
  const seedsOf = lines.map(({ line, label }) =>
    [label, points.filter((point) => point.line === line).map(({ seed }) => seed)] as const
  );
  return [
    ...(several ? marksNote("Lines", new Map(seedsOf), "Bands: least to greatest.") : []),
    ...(absent.length === 0 ? [] : [`No line for ${absent.map(({ label }) => label).join(", ")}.`]),
  ];
}

function describe({ label, points }: { label: string; points: readonly LinePoint[] }, { y }: BoundsOptions): string {
  const ends = [points[0], points[points.length - 1]].filter((point) => point !== undefined)
    .map(({ x, values }) => `${((y.scale ?? 1) * mean(values)).toPrecision(3)} at ${x.toPrecision(3)}`);
  return `${label}: ${ends.length === 0 ? "no values" : `from ${ends.join(" to ")}`}.`;
}
