import { mean } from "#lib/statistics/statistics.ts";
import type { Figure } from "./figure.ts";
import { type LineAxis, linePanel } from "./line_panel.ts";
import { axisWidth, type FigureAxis, type FigureText, page, plotWidth } from "./page.ts";
import { placeReferences, type Reference, referenceStyle } from "./reference.ts";
import { checkRuns, checkValues, marksNote, ONE_SD, type SeedValue, valuesOf } from "./seed_values.ts";
import { stylesOf } from "./series_style.ts";

/** What a setting was in a method, as in β = 0.25. */
export interface Setting {
  readonly method: string;
  readonly x: number;
  /** The line that it belongs to, where there are several. */
  readonly series?: string;
}

export interface ResponseOptions extends FigureText {
  /** The setting that changes; positive if its axis is logarithmic. */
  readonly x: Omit<LineAxis, "ticks" | "domain" | "scale">;
  readonly y: FigureAxis;
  readonly settings: readonly Setting[];
  readonly panels: readonly { readonly heading?: string; readonly values: readonly SeedValue[] }[];
  /** Horizontal lines; a method's lies at its own mean in each panel. */
  readonly references?: readonly Reference[];
  /** Panels beside each other; default 3 or fewer. */
  readonly columns?: number;
}

/** Of a panel that has the page for itself, and of others. */
const HEIGHT_ALONE = 240;
const HEIGHT = 170;

/**
 * A result against a setting: the mean over the seeds at each value that was tried, lines through the means, and bars of one
 * sample standard deviation on each side.
 *
 * @throws {RangeError} if a value is not finite, a method has two values for a seed in a panel, two methods have one setting, or
 *   a setting on a logarithmic axis is not positive
 */
export function response(options: ResponseOptions): Figure {
  const { settings, panels, references = [], x, y } = options;
  checkSettings(settings, x.log ?? false);
  for (const { values } of panels) checkRuns(values);

  const names = [...new Set(settings.map(({ series = "" }) => series))];
  const styles = stylesOf(names);
  const ticks = [...new Set(settings.map(({ x }) => x))].sort((a, b) => a - b);
  const columns = Math.min(options.columns ?? 3, panels.length);
  const height = columns === 1 ? HEIGHT_ALONE : HEIGHT;
  const left = axisWidth([y], height);
  const lines = panels.map(({ values }) =>
    names.map((name, i) => ({
      style: styles[i],
      points: settings.filter(({ series = "" }) => series === name).toSorted((a, b) => a.x - b.x)
        .map(({ method, x }) => ({ x, values: valuesOf(values, method) })).filter(({ values }) => values.length > 0),
    }))
  );
  return page({
    title: options.title,
    notes: [...options.notes ?? [], ...notesOf(options)],
    legend: [
      ...names.flatMap((label, i) => label === "" ? [] : [{ label, style: styles[i], line: true, marker: true }]),
      ...references.map(({ label }, i) => ({ label, style: referenceStyle(i), line: true, marker: false })),
    ],
    columns,
    left,
    headed: panels.some(({ heading }) => heading !== undefined),
    panels: panels.map(({ heading, values }, i) =>
      linePanel({
        lines: lines[i],
        heading,
        x: { ...x, ticks, domain: ticks.length === 0 ? undefined : [ticks[0], ticks[ticks.length - 1]] },
        y,
        width: plotWidth(columns, left),
        height,
        spread: "sd",
        spreadAs: "bars",
        references: placeReferences(references, values, y.scale),
      })
    ),
    description: panels.map((panel) => describe(panel, options)).join(" "),
  });
}

function checkSettings(settings: readonly Setting[], log: boolean): void {
  const rows = settings.map(({ x, series = "" }) => ({ value: x, series }));
  checkValues(rows, ({ value, series }) => [series, value]);
  const wrong = log && settings.find(({ x }) => x <= 0);
  if (wrong) throw new RangeError(`Cannot draw ${wrong.method} at ${wrong.x} on a logarithmic axis`);
}

function notesOf({ settings, panels }: ResponseOptions): string[] {
  const seedsOf = settings.map(({ method, x, series }) =>
    [
      series === undefined ? `at ${x}` : `${series} at ${x}`,
      panels.flatMap(({ values }) => values.filter((value) => value.method === method).map(({ seed }) => seed)),
    ] as const
  );
  return marksNote("Points", new Map(seedsOf), `Bars: ${ONE_SD}.`);
}

function describe(
  { heading, values }: ResponseOptions["panels"][number],
  { settings, x, y }: ResponseOptions,
): string {
  const parts = settings.map(({ method, series, ...at }) => {
    const own = valuesOf(values, method, y.scale);
    const value = own.length === 0 ? "no values" : mean(own).toPrecision(3);
    return `${series === undefined ? "" : `${series}, `}${at.x}: ${value}`;
  });
  return `${heading === undefined ? "" : `${heading}: `}${y.title} by ${x.title}: ${parts.join("; ") || "no values"}.`;
}
