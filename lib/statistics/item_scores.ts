import { CORPUS_STATISTICS, type CorpusStatistic } from "#lib/metrics/corpus_statistics.ts";
import { mean } from "./statistics.ts";

/**
 * The scores of single items whose mean is the value of a metric: those that are kept, or of a corpus statistic its jackknife values.
 *
 * @param read what is kept of a metric, item by item
 * @returns undefined where they, or a part of them, were not kept
 */
export function itemScores(
  metric: string,
  read: (metric: string) => ArrayLike<number> | undefined,
): ArrayLike<number> | undefined {
  const statistic = CORPUS_STATISTICS.find((each) => each.metric === metric);
  if (statistic === undefined) return read(metric);
  const parts = statistic.parts.map(read).filter((part) => part !== undefined);
  const isWhole = parts.length === statistic.parts.length && parts.every(({ length }) => length === parts[0].length);
  return isWhole ? jackknifeValues(parts, statistic) : undefined;
}

/**
 * What each item adds to a statistic of sums over n items: θ + (n − 1) (m − θ₍ᵢ₎), where θ₍ᵢ₎ is the statistic without item i and m the mean of
 * all of these. They are Tukey's (1958) pseudo-values, moved by the jackknife's estimate of bias so that their mean is θ as it is reported;
 * their variance over n is the jackknife's estimate of the variance of θ (Efron & Tibshirani 1993, chapter 11). Of a mean they are the items.
 *
 * @param parts of each part of the statistic the items' numbers
 */
export function jackknifeValues(
  parts: readonly ArrayLike<number>[],
  { valueOf }: Pick<CorpusStatistic, "valueOf">,
): Float64Array {
  const sums = parts.map((part) => Array.from(part).reduce((sum, value) => sum + value, 0));
  const count = parts[0].length;
  const without = Float64Array.from(
    { length: count },
    (_, item) => valueOf(sums.map((sum, part) => sum - parts[part][item])),
  );
  const [whole, center] = [valueOf(sums), mean(without)];
  return without.map((value) => whole + (count - 1) * (center - value));
}
