import type { JudgedRow, NoiseVerdict } from "#lib/statistics/noise_verdict.ts";
import { datasetLabel } from "#lib/reporting/display_names.ts";
import { type MethodDisplays, methodLabel } from "#lib/reporting/method_display.ts";
import { metricLabel, printMetric } from "#lib/metrics/metric_display.ts";
import type { ResultsPlace } from "#lib/results/place.ts";

/** Rows that are listed; the others are counted. */
const SHOWN_ROWS = 20;

/**
 * How many rows agree with the recorded ones, and those that do not with both values.
 *
 * @param against where those are
 * @param display the labels of methods
 */
export function describeVerdict(
  { rows, unrecorded }: NoiseVerdict,
  against: ResultsPlace,
  isBeside: boolean,
  display: MethodDisplays = {},
): string {
  const of = (verdict: JudgedRow["verdict"]) => rows.filter((row) => row.verdict === verdict);
  const differing = of("differs").toSorted((a, b) => b.deviations! - a.deviations!);
  const folder = `${against.resultsFolder}/${against.profileName}`;
  const [untellable, more] = [of("untellable").length, differing.length - SHOWN_ROWS];
  const counts = [
    `${of("equal").length} equal`,
    `${of("within").length} within the noise`,
    `${differing.length} differ`,
    ...(untellable > 0 ? [`${untellable} cannot be judged, as no method has two recorded seeds`] : []),
    ...(unrecorded > 0 ? [`${unrecorded} more are not recorded`] : []),
  ];
  return [
    `against ${isBeside ? `the recorded ${folder}` : `what ${folder} held before`}: of ${rows.length} rows ${
      counts.join(", ")
    }`,
    ...differing.slice(0, SHOWN_ROWS).map((row) => describeRow(row, display)),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ].join("\n");
}

function describeRow(row: JudgedRow, display: MethodDisplays): string {
  const { experiment, method, dataset, metric, recorded, now, deviations } = row;
  const values = [recorded, now].map((value) => printMetric(metric, value));
  const distance = Number.isFinite(deviations) ? `${deviations!.toFixed(1)} standard deviations` : "seeds do not vary";
  const name = `${experiment}: ${methodLabel(method, display)}, ${datasetLabel(dataset)}, ${metricLabel(metric)}`;
  return `  differs  ${name}: recorded ${values[0]}, now ${values[1]} (${distance})`;
}
