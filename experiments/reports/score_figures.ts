/** The figures that instruction following and the task-specific experiments share. */
import type { RecordedResults } from "#lib/bench/experiment.ts";
import { type MethodDisplays, methodLabel } from "#lib/reporting/method_display.ts";
import { dots } from "#lib/reporting/figures/dots.ts";
import type { Figure } from "#lib/reporting/figures/figure.ts";
import { response, type Setting } from "#lib/reporting/figures/response.ts";
import { type SeedValue, seedValues } from "#lib/reporting/figures/seed_values.ts";
import type { PublishedNumbers } from "#lib/reporting/published_rows.ts";
import { chosenColumns, type ColumnChoice, type ColumnScores } from "#lib/reporting/table_columns.ts";
import { gainsOver, TableItems } from "#lib/reporting/table_significance.ts";

/** What every difference is taken to: as many further steps on the data as any distilled student takes. */
export const BASELINE = "sft_continued";

export interface TableRows {
  readonly caption: string;
  readonly methods: readonly string[];
  /** The row that differences are tested against; default SFT continued. */
  readonly baseline?: string;
  /** Numbers of others, for the main table. */
  readonly published?: readonly PublishedNumbers[];
}

/** A panel of scores in a column; `average` is over the sets that have scores, which with `--data` are other ones. */
export interface ScorePanel extends ColumnChoice {
  readonly heading?: string;
}

/** The scores in a metric on a data set, or on the average over the sets. */
export function valuesIn(scores: RecordedResults["scores"], choice: ColumnChoice): SeedValue[] {
  return seedValues(columnOf(scores, choice));
}

function columnOf(scores: RecordedResults["scores"], choice: ColumnChoice): ColumnScores {
  return chosenColumns([choice], scores)[0];
}

export function rowsOf(methods: readonly string[], display: MethodDisplays) {
  return methods.map((method) => ({ label: methodLabel(method, display), method }));
}

/** What every row gains over SFT continued from the same seed. */
export function gainDots(
  { scores, items, profile, display }: RecordedResults,
  { title, shared, methods, panels, unit }: {
    /** What follows "Gain over SFT continued". */
    readonly title: string;
    /** What two students of one seed have in common. */
    readonly shared: string;
    readonly methods: readonly string[];
    readonly panels: readonly ScorePanel[];
    readonly unit: string;
  },
): Figure {
  const tableItems = new TableItems(items);
  return dots({
    title: `Gain over ${methodLabel(BASELINE, display)}${title} (profile ${profile})`,
    notes: [`Each tick compares two students of one seed: they have ${shared} in common.`],
    rows: rowsOf(methods.filter((method) => ![BASELINE, "teacher", "sft"].includes(method)), display),
    panels: panels.map(({ heading, ...choice }) => ({
      heading,
      ...gainsOver(BASELINE, columnOf(scores, choice), tableItems),
    })),
    bars: "95 % intervals by Student's t over seeds and items, uncorrected for several methods",
    x: { title: unit, scale: 100 },
    reference: { label: methodLabel(BASELINE, display), value: 0 },
  });
}

/** Scores against a setting. */
export function scoreResponse(
  { scores, profile, display }: RecordedResults,
  { title, settings, axis, y, panels }: {
    readonly title: string;
    readonly settings: readonly Setting[];
    readonly axis: string;
    readonly y: string;
    readonly panels: readonly ScorePanel[];
  },
): Figure {
  return response({
    title: `${title} (profile ${profile})`,
    x: { title: axis },
    y: { title: y, scale: 100 },
    settings,
    panels: panels.map(({ heading, ...choice }) => ({ heading, values: valuesIn(scores, choice) })),
    reference: { label: methodLabel(BASELINE, display), method: BASELINE },
  });
}
