import { mean } from "#lib/statistics/statistics.ts";
import type { Figure } from "./figure.ts";
import { linePanel } from "./line_panel.ts";
import { type FigureAxis, type FigureText, gridOf, page } from "./page.ts";
import { placeReference, type Reference, referenceEntry } from "./reference.ts";
import { checkRuns, checkValues, marksNote, ONE_SD, seedsOf, type SeedValue, valuesOf } from "./seed_values.ts";
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
  readonly reference?: Reference;
}

const [STYLE] = stylesOf([""]);

/**
 * A result against a setting: the mean over the seeds at each value that was tried, a line through the means, and bars of one
 * sample standard deviation on each side.
 *
 * @throws {RangeError} if a value is not finite, a method has two values for a seed in a panel, or two methods have one setting
 */
export function response(options: ResponseOptions): Figure {
  const { panels, reference, x, y } = options;
  checkValues(options.settings.map(({ x }) => ({ value: x })), ({ value }) => [value]);
  for (const { values } of panels) checkRuns(values);
  const settings = options.settings.toSorted((a, b) => a.x - b.x);
  const ticks = settings.map(({ x }) => x);
  const { columns, left, width, height } = gridOf(panels.length, [y], { alone: 240, several: 170 });
  return page({
    title: options.title,
    notes: [...options.notes ?? [], ...notesOf(options)],
    legend: referenceEntry(reference),
    columns,
    left,
    panels: panels.map(({ heading, values }) => ({
      heading,
      view: linePanel({
        lines: [{
          style: STYLE,
          points: settings.map(({ method, x }) => ({ x, values: valuesOf(values, method) }))
            .filter(({ values }) => values.length > 0),
        }],
        x: { ...x, ticks, domain: ticks.length === 0 ? undefined : [ticks[0], ticks[ticks.length - 1]] },
        y,
        width,
        height,
        spread: "sd",
        spreadAs: "bars",
        reference: placeReference(reference, values, y.scale),
      }),
      words: describe(heading, values, options),
    })),
  });
}

function notesOf({ settings, panels }: ResponseOptions): string[] {
  const all = panels.flatMap(({ values }) => values);
  const seeds = new Map(settings.map(({ method, x }) => [`at ${x}`, seedsOf(all, method)]));
  return marksNote("Points", seeds, `Bars: ${ONE_SD}.`);
}

function describe(
  heading: string | undefined,
  values: readonly SeedValue[],
  { settings, x, y }: ResponseOptions,
): string {
  const parts = settings.map(({ method, ...at }) => {
    const own = valuesOf(values, method, y.scale);
    return `${at.x}: ${own.length === 0 ? "no values" : mean(own).toPrecision(3)}`;
  });
  return `${heading === undefined ? "" : `${heading}: `}${y.title} by ${x.title}: ${parts.join("; ") || "no values"}.`;
}
