import { datasetLabel } from "#lib/reporting/display_names.ts";
import { type MethodDisplays, methodLabel } from "#lib/reporting/method_display.ts";
import { metricLabel } from "#lib/metrics/metric_display.ts";
import type { RowName } from "#lib/results/scores_csv.ts";

/** More names than that are counted: the CSV and JSON have all. */
const MAX_NAMES = 6;

/**
 * Many rows in few lines: `AMMD, GKD: Dolly, SelfInst (ROUGE-L, exact match); Vicuna (ROUGE-L)`. Methods with the same data sets and
 * metrics share a line, data sets with the same metrics a pair of brackets.
 */
export function groupRows(rows: readonly RowName[], display: MethodDisplays = {}): string[] {
  const byMethod = [...Map.groupBy(rows, ({ method }) => method)].map(([method, ofMethod]) => ({
    label: methodLabel(method, display),
    scored: scoredText(ofMethod),
  }));
  return [...Map.groupBy(byMethod, ({ scored }) => scored)].map(([scored, methods]) =>
    `${listNames(methods.map(({ label }) => label))}: ${scored}`
  );
}

/** `a, b, c`, or `a, b, c, d, e and 3 more`. */
export function listNames(names: readonly string[]): string {
  // One more takes no more room than its count.
  if (names.length <= MAX_NAMES + 1) return names.join(", ");
  return `${names.slice(0, MAX_NAMES).join(", ")} and ${names.length - MAX_NAMES} more`;
}

function scoredText(rows: readonly RowName[]): string {
  const byDataset = [...Map.groupBy(rows, ({ dataset }) => dataset)].map(([dataset, ofDataset]) => ({
    // A comma is between data sets here.
    label: datasetLabel(dataset).replaceAll(",", ""),
    metrics: listNames(ofDataset.map(({ metric }) => metricLabel(metric))),
  }));
  return [...Map.groupBy(byDataset, ({ metrics }) => metrics)]
    .map(([metrics, datasets]) => `${listNames(datasets.map(({ label }) => label))} (${metrics})`)
    .join("; ");
}
