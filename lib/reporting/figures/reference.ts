import { mean } from "#lib/statistics/statistics.ts";
import { drawable, type SeedValue, valuesOf } from "./seed_values.ts";
import type { SeriesStyle } from "./series_style.ts";

/** A line to compare with: at a value, or at the mean of a method over its seeds. */
export type Reference =
  | { readonly label: string; readonly value: number }
  | { readonly label: string; readonly method: string };

const STYLE: SeriesStyle = { color: "#4d4d4d", dash: [5, 3], shape: "circle", filled: true };

export const REFERENCE_RULE = {
  type: "rule" as const,
  color: STYLE.color,
  strokeWidth: 1.3,
  strokeDash: [...STYLE.dash],
};

/** Its entry in the legend. */
export function referenceEntry({ label }: Reference) {
  return { label, style: STYLE, line: true, marker: false };
}

/** Where the reference lies among these values, times `scale`; a method without values has no place. */
export function placeReference(reference: Reference, values: readonly SeedValue[], scale = 1): number | undefined {
  const own = "method" in reference ? valuesOf(values, reference.method, scale) : [scale * reference.value];
  return own.length === 0 ? undefined : drawable(mean(own));
}
