import { mean } from "#lib/statistics/statistics.ts";
import type { Figure } from "./figure.ts";
import { lines } from "./lines.ts";
import type { FigureAxis, FigureText } from "./page.ts";
import { placeReference, type Reference, referenceEntry } from "./reference.ts";
import { marksNote, ONE_SD, seedsOf, type SeedValue, valuesOf } from "./seed_values.ts";
import { stylesOf } from "./series_style.ts";

/** What a setting was in a method, as in β = 0.25. */
export interface Setting {
  readonly method: string;
  readonly x: number;
}

export interface ResponseOptions extends FigureText {
  /** The setting that changes. */
  readonly x: Pick<FigureAxis, "title">;
  readonly y: FigureAxis;
  readonly settings: readonly Setting[];
  readonly panels: readonly { readonly heading?: string; readonly values: readonly SeedValue[] }[];
  /** A horizontal line; a method's lies at its own mean in each panel. */
  readonly reference: Reference;
}

const LINE = "response";
const [style] = stylesOf([LINE]);

/**
 * A result against a setting: the mean over the seeds at each value that was tried, a line through the means, and bars of one
 * sample standard deviation on each side.
 *
 * @throws {RangeError} if a value is not finite, or there are two values of a seed for one setting
 */
export function response({ title, notes = [], x, y, settings, panels, reference }: ResponseOptions): Figure {
  const all = panels.flatMap(({ values }) => values);
  const seeds = new Map(settings.map(({ method, x }) => [`at ${x}`, seedsOf(all, method)]));
  return lines({
    title,
    notes: [...notes, ...marksNote("Points", seeds, `Bars: ${ONE_SD}.`)],
    series: [{ method: LINE, label: LINE, style }],
    legend: [referenceEntry(reference)],
    panels: panels.map(({ heading, values }) => {
      const means = settings.map(({ method, ...at }) => {
        const own = valuesOf(values, method, y.scale);
        return `${at.x}: ${own.length === 0 ? "no values" : mean(own).toPrecision(3)}`;
      });
      return {
        ...y,
        heading,
        values: settings.flatMap(({ method, x }) =>
          values.filter((value) => value.method === method).map((value) => ({ ...value, method: LINE, x }))
        ),
        reference: placeReference(reference, values, y.scale),
        words: `${heading === undefined ? "" : `${heading}: `}${y.title} by ${x.title}: ${means.join("; ")}.`,
      };
    }),
    x: { ...x, ticks: settings.map(({ x }) => x).sort((a, b) => a - b) },
    spread: "bars",
  });
}
