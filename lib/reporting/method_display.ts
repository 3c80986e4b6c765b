import type { SeriesStyle } from "./figures/series_style.ts";

/** How tables and figures show a method. */
export interface MethodDisplay {
  readonly label: string;
  /** Default: the next style that is free. */
  readonly style?: SeriesStyle;
}

/** The same of all methods that may be shown, by name; one that is not here stands for itself. */
export type MethodDisplays = Readonly<Record<string, Partial<MethodDisplay>>>;

/** A name without a label stands for itself. */
export function methodLabel(method: string, display: MethodDisplays): string {
  return (Object.hasOwn(display, method) ? display[method].label : undefined) ?? method;
}
