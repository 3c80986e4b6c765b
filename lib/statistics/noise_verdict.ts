/**
 * Whether results that were computed again, on another adapter or by other code, agree with the recorded ones within the noise.
 *
 * A row is a method's value of a metric on a data set, over the n seeds that both sides have (often n = 1): d is the difference of the
 * means over them, new minus recorded. How much one run varies is estimated by the standard deviation s between the recorded seeds of
 * the same experiment, data set and metric, pooled over methods: s² = Σ (n_k − 1) s_k² / Σ (n_k − 1), over methods k of n_k recorded
 * seeds, with ν = Σ (n_k − 1) degrees of freedom. Of a share of items, s² is not taken to be less than what rounding to 1/items gives
 * (Sheppard 1898: a twelfth of its square). If nothing but chance is between the two sides, d / (s √(2/n)) is Student's t with ν degrees
 * of freedom; its two-sided p is corrected by Holm's procedure for all m rows that are compared, equal ones included, so that of results
 * that differ by chance alone at most one comparison in twenty finds any row to differ (for one row: |d| ≤ t(1 − α/2m, ν) s √(2/n) with
 * α = 0.05 always agrees).
 *
 * Both sides have their seeds in common, and with them initial parameters and data: where that makes them alike, the test errs on the
 * side of agreement; methods that start from one student vary together, so that ν is the most that s can rest on. It finds what is wrong,
 * not what is slightly off. Of 16 methods on 5 data sets, 3 seeds recorded, one run each (simulated): a single row that is off by 5, 6 and
 * 8 s is found in 43, 63 and 95 % of cases, and where all are off by 3 s some row is found in 98 %; of means over 3 seeds in 99 % from 5 s on.
 *
 * Values that are equal to the last recorded digit count as equal. Values that agree to 1e-3 of the larger need no test: they are within
 * the noise, as deterministic measures are after a change of rounding. Where no method has two recorded seeds, a row cannot be judged.
 */
import { metricDisplay } from "#lib/metrics/metric_display.ts";
import { holm } from "./multiple_testing.ts";
import type { ScoreRow } from "#lib/results/scores_csv.ts";
import { mean, sampleSd } from "./statistics.ts";
import { SIGNIFICANCE_LEVEL } from "./multiple_testing.ts";
import { studentTwoSidedP } from "./student_t.ts";

/** A row of both sides. */
export interface JudgedRow extends Pick<ScoreRow, "experiment" | "method" | "dataset" | "metric"> {
  /** Those that both sides have. */
  readonly seeds: readonly number[];
  /** Means over them. */
  readonly recorded: number;
  readonly now: number;
  /** |d| in standard deviations of the difference; infinite where the seeds do not vary at all, undefined where it cannot be judged. */
  readonly deviations: number | undefined;
  readonly verdict: "equal" | "within" | "differs" | "untellable";
}

export interface NoiseVerdict {
  readonly rows: readonly JudgedRow[];
  /** Rows that were computed, of which no seed is recorded. */
  readonly unrecorded: number;
}

/** Relative difference up to which values need no statistics. */
const CLOSE = 1e-3;

/**
 * Judges rows of one or more experiments, all as one family of tests.
 *
 * @param recorded of all seeds and methods there are: they tell how much runs vary
 * @param now what was computed again
 */
export function judgeNoise(recorded: readonly ScoreRow[], now: readonly ScoreRow[]): NoiseVerdict {
  const spreads = spreadsOf(recorded);
  const before = Map.groupBy(recorded, rowKey);
  const groups = [...Map.groupBy(now, rowKey)];
  const rows = groups.flatMap(([key, scores]) => {
    const row = rowOf(before.get(key) ?? [], scores, spreads.get(columnKey(scores[0])));
    return row === undefined ? [] : [row];
  });
  const tested = rows.filter(({ p }) => p !== undefined);
  const corrected = new Map(holm(tested.map(({ p }) => p!)).map((p, i) => [tested[i], p]));
  return {
    rows: rows.map(({ p: _, ...row }, i) => ({
      ...row,
      verdict: verdictOf(row, corrected.get(rows[i])),
    })),
    unrecorded: groups.length - rows.length,
  };
}

type TestedRow = Omit<JudgedRow, "verdict"> & { readonly isEqual: boolean; readonly p: number | undefined };

function verdictOf(
  { recorded, now, isEqual }: Omit<TestedRow, "p">,
  correctedP: number | undefined,
): JudgedRow["verdict"] {
  if (isEqual) return "equal";
  if (Math.abs(now - recorded) <= CLOSE * Math.max(Math.abs(now), Math.abs(recorded))) return "within";
  if (correctedP === undefined) return "untellable";
  return correctedP < SIGNIFICANCE_LEVEL ? "differs" : "within";
}

/** Undefined where no seed is recorded. */
function rowOf(
  recorded: readonly ScoreRow[],
  now: readonly ScoreRow[],
  spread: Spread | undefined,
): TestedRow | undefined {
  const before = new Map(recorded.map(({ seed, value }) => [seed, value]));
  const common = now.filter(({ seed }) => before.has(seed));
  if (common.length === 0) return undefined;
  const [a, b] = [mean(common.map(({ seed }) => before.get(seed)!)), mean(common.map(({ value }) => value))];
  const isEqual = common.every(({ seed, value }) => before.get(seed) === value);
  const { experiment, method, dataset, metric } = common[0];
  const sd = spread && Math.sqrt(2 * Math.max(spread.variance, roundingOf(common)) / common.length);
  const deviations = sd === undefined ? undefined : isEqual ? 0 : Math.abs(b - a) / sd;
  return {
    ...{
      experiment,
      method,
      dataset,
      metric,
      seeds: common.map(({ seed }) => seed),
      recorded: a,
      now: b,
      deviations,
      isEqual,
    },
    p: deviations === undefined ? undefined : studentTwoSidedP(deviations, spread!.degreesOfFreedom),
  };
}

/** The variance of a share of items from rounding: one item more or less is the least that it can change by. */
function roundingOf(scores: readonly ScoreRow[]): number {
  const isShare = metricDisplay(scores[0].metric).scale === "percent";
  return isShare ? mean(scores.map(({ count }) => count > 0 ? 1 / (12 * count ** 2) : 0)) : 0;
}

/** How much one run of any method varies from seed to seed. */
interface Spread {
  readonly variance: number;
  readonly degreesOfFreedom: number;
}

/** By data set and metric; none where no method has two seeds. */
function spreadsOf(recorded: readonly ScoreRow[]): Map<string, Spread> {
  const spreads = new Map<string, Spread>();
  for (const [column, scores] of Map.groupBy(recorded, columnKey)) {
    const methods = [...Map.groupBy(scores, ({ method }) => method).values()].filter(({ length }) => length > 1);
    const degreesOfFreedom = methods.reduce((sum, { length }) => sum + length - 1, 0);
    if (degreesOfFreedom === 0) continue;
    const squares = methods.map((runs) => (runs.length - 1) * sampleSd(runs.map(({ value }) => value)) ** 2);
    spreads.set(column, {
      variance: squares.reduce((sum, each) => sum + each, 0) / degreesOfFreedom,
      degreesOfFreedom,
    });
  }
  return spreads;
}

function rowKey({ experiment, method, dataset, metric }: ScoreRow): string {
  return JSON.stringify([experiment, method, dataset, metric]);
}

function columnKey({ experiment, dataset, metric }: ScoreRow): string {
  return JSON.stringify([experiment, dataset, metric]);
}
