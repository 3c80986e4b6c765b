/** Tables and figures of a scan: some methods, each trained with several values of one setting. */
import type { RecordedResults } from "#lib/bench/experiment.ts";
import type { Figure } from "#lib/reporting/figures/figure.ts";
import { lines } from "#lib/reporting/figures/lines.ts";
import type { SeedValue } from "#lib/reporting/figures/seed_values.ts";
import { seriesOf } from "#lib/reporting/figures/series_style.ts";
import type { MethodDisplays } from "#lib/reporting/method_display.ts";
import { buildTable } from "#lib/reporting/table.ts";
import type { ScoreTable } from "#lib/reporting/table_model.ts";

/** A row of the experiment: a method with a value of the setting. */
export interface Scanned {
  readonly row: string;
  readonly method: string;
  /** As a person writes it: `2e-3`. */
  readonly setting: string;
}

export interface Scan {
  readonly caption: string;
  readonly rows: readonly Scanned[];
  /** Of the methods. */
  readonly display: MethodDisplays;
}

/** ROUGE-L on a data set of each method (rows) with each value of the setting (columns). */
export function scanTable({ scores }: RecordedResults, { caption, rows, display }: Scan, dataset: string): ScoreTable {
  const metric = "rouge_l";
  const chosen = scores.filter((score) => score.dataset === dataset && score.metric === metric);
  return buildTable(
    scannedOf(rows, chosen).map(({ setting, ...score }) => ({ ...score, dataset: setting })),
    {
      ...{ caption, display },
      methods: distinct(rows.map(({ method }) => method)),
      columns: distinct(rows.map(({ setting }) => setting)).map((setting) => ({
        ...{ dataset: setting, metric, label: setting },
      })),
    },
  );
}

/** Scores against the setting: a line per method. @param values of the rows of the experiment, fractions */
export function scanFigure(
  values: readonly SeedValue[],
  { caption, rows, display }: Scan,
  { axis, unit, y }: { readonly axis: string; readonly unit: string; readonly y: string },
): Figure {
  return lines({
    title: caption,
    series: seriesOf(distinct(rows.map(({ method }) => method)).map((method) => ({ method })), display),
    panels: [{
      ...{ title: y, scale: 100 },
      values: scannedOf(rows, values).map(({ setting, ...value }) => ({ ...value, x: Number(setting) })),
    }],
    x: { title: axis, ticks: distinct(rows.map(({ setting }) => Number(setting))), unit },
    spread: "bars",
  });
}

/** What is of a row of the scan, by the method that was scanned and the value of its setting. */
function scannedOf<Value extends { readonly method: string }>(
  rows: readonly Scanned[],
  values: readonly Value[],
): (Value & { readonly setting: string })[] {
  const ofRow = new Map(rows.map((scanned) => [scanned.row, scanned]));
  return values.flatMap((value) => {
    const scanned = ofRow.get(value.method);
    return scanned ? [{ ...value, method: scanned.method, setting: scanned.setting }] : [];
  });
}

function distinct<Value>(values: readonly Value[]): Value[] {
  return [...new Set(values)];
}
