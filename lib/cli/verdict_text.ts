import type { JudgedRow, NoiseVerdict } from "#lib/statistics/noise_verdict.ts";
import { datasetLabel, methodLabel } from "#lib/reporting/display_names.ts";
import { metricLabel, printMetric } from "#lib/metrics/metric_display.ts";
import type { ResultsPlace } from "#lib/results/place.ts";

/** Rows that are listed; the others are counted. */
const SHOWN_ROWS = 20;

/** How many rows agree with the recorded ones, and those that do not with both values. @param against where those are */
export function describeVerdict({ rows, unrecorded }: NoiseVerdict, against: ResultsPlace, isBeside: boolean): string {
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
    ...differing.slice(0, SHOWN_ROWS).map(describeRow),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ].join("\n");
}

function describeRow({ experiment, method, dataset, metric, recorded, now, deviations }: JudgedRow): string {
  const values = [recorded, now].map((value) => printMetric(metric, value));
  const distance = Number.isFinite(deviations) ? `${deviations!.toFixed(1)} standard deviations` : "seeds do not vary";
  const name = `${experiment}: ${methodLabel(method)}, ${datasetLabel(dataset)}, ${metricLabel(metric)}`;
  return `  differs  ${name}: recorded ${values[0]}, now ${values[1]} (${distance})`;
}
