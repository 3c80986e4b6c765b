import { mean } from "#lib/statistics/statistics.ts";
import { drawable, type SeedValue, valuesOf } from "./seed_values.ts";
import type { SeriesStyle } from "./series_style.ts";

/** A line to compare with: at a value, or at the mean of a method over its seeds. */
export type Reference =
  | { readonly label: string; readonly value: number }
  | { readonly label: string; readonly method: string };

const DASHES = [[5, 3], [1.5, 2], []];

/** How the reference of this index is drawn; three can be told apart. */
export function referenceStyle(index: number): SeriesStyle {
  return { color: "#4d4d4d", dash: DASHES[index % DASHES.length], shape: "circle", filled: true };
}

/** Where each reference lies among these values, times `scale`; a method without values has no place. */
export function placeReferences(
  references: readonly Reference[],
  values: readonly SeedValue[],
  scale = 1,
): { at: number; style: SeriesStyle }[] {
  return references.flatMap((reference, i) => {
    const own = "method" in reference ? valuesOf(values, reference.method, scale) : [scale * reference.value];
    return own.length === 0 ? [] : [{ at: drawable(mean(own)), style: referenceStyle(i) }];
  });
}
