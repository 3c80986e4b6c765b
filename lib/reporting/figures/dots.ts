import { mean } from "#lib/statistics/statistics.ts";
import { dotPanel, type DotRow, type Interval } from "./dot_panel.ts";
import type { Figure } from "./figure.ts";
import { type FigureAxis, type FigureText, page, PAGE_WIDTH } from "./page.ts";
import { type Reference, referenceStyle } from "./reference.ts";
import { checkRuns, marksNote, ONE_SD, type SeedValue, valuesOf } from "./seed_values.ts";
import { stylesOf } from "./series_style.ts";
import { textWidth } from "./text_width.ts";

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
  /** Vertical lines; a method's lies at its own mean in each panel. */
  readonly references?: readonly Reference[];
  /** Panels beside each other; default 3 or fewer. */
  readonly columns?: number;
  /** What the panels' intervals are. */
  readonly bars?: string;
}

const COLUMN_GAP = 22;
const LABEL_SIZE = 10.5;
const LABEL_DISTANCE = 8;
const WIDEST_PANEL = 420;

/**
 * A dot per row at the mean over the seeds, a tick for each seed, and a bar of an interval or of one sample standard deviation on each side.
 * What has no values says so in its place.
 *
 * @throws {RangeError} if a value is not finite, a method has two values for a seed in a panel, or two rows have one label
 */
export function dots(options: DotsOptions): Figure {
  const { rows, panels, x } = options;
  const labels = rows.map(({ label }) => label);
  if (new Set(labels).size < labels.length) {
    throw new RangeError(`Cannot draw two rows with one label: ${labels.join(", ")}`);
  }
  for (const { values } of panels) checkRuns(values);

  const names = [...new Set(rows.flatMap(({ dots }) => dots.map(({ series = "" }) => series)))];
  const styles = new Map(stylesOf(names).map((style, i) => [names[i], style]));
  const { references = [] } = options;
  const columns = Math.min(options.columns ?? 3, panels.length);
  const labelWidth = Math.max(0, ...labels.map((label) => textWidth(label, LABEL_SIZE)));
  const left = Math.ceil(labelWidth) + LABEL_DISTANCE;
  const width = Math.min(Math.floor((PAGE_WIDTH - left) / columns) - COLUMN_GAP, WIDEST_PANEL);
  return page({
    title: options.title,
    notes: [...options.notes ?? [], ...notesOf(options)],
    legend: [
      ...names.filter((name) => name !== "")
        .map((name) => ({ label: name, style: styles.get(name)!, line: false, marker: true })),
      ...references.map(({ label }, i) => ({ label, style: referenceStyle(i), line: true, marker: false })),
    ],
    columns,
    headed: panels.some(({ heading }) => heading !== undefined),
    panels: panels.map((panel, i) =>
      dotPanel({ ...panel, rows, styles, references, x, width, labelled: i % columns === 0 })
    ),
    sharedX: true,
    left,
    columnGap: COLUMN_GAP,
    description: panels.map((panel) => describe(panel, options)).join(" "),
  });
}

function notesOf({ rows, panels, bars = ONE_SD }: DotsOptions): string[] {
  const seedsOf = rows.map(({ label, dots }) =>
    [
      label,
      panels.flatMap(({ values }) =>
        values.filter(({ method }) => dots.some((dot) => dot.method === method)).map(({ seed }) => seed)
      ),
    ] as const
  );
  const notes = marksNote("Dots", new Map(seedsOf), `Bars: ${bars}. Ticks: the seeds.`);
  const hasBarsAlone = panels.some(({ intervals }) => intervals?.size) && notes.every((note) => !note.includes("Bars"));
  return hasBarsAlone ? [...notes, `Bars: ${bars}.`] : notes;
}

function describe({ heading, values }: DotPanel, { rows, x }: DotsOptions): string {
  const parts = rows.flatMap(({ label, dots }) =>
    dots.map(({ method, series }) => {
      const own = valuesOf(values, method, x.scale);
      const name = series === undefined ? label : `${label}, ${series}`;
      return `${name} ${own.length === 0 ? "no values" : mean(own).toPrecision(3)}`;
    })
  );
  return `${heading === undefined ? x.title : `${heading}, ${x.title}`}: ${parts.join("; ") || "no values"}.`;
}
