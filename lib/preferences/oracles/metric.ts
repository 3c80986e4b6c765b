import { isCorrect } from "#lib/metrics/accuracy.ts";
import { bleuStatistics, corpusBleu } from "#lib/metrics/bleu.ts";
import { exactMatch } from "#lib/metrics/exact_match.ts";
import { rougeL } from "#lib/metrics/rouge_l.ts";
import type { Contest } from "../contest.ts";
import type { PairCodec } from "../pair_codec.ts";
import type { Oracle } from "./oracle.ts";

/** The score of one text against the accepted answers, a fraction. */
type TextScore = (text: string, references: readonly string[]) => number;

/** The tasks' metrics, as `scores.csv` names them, of one text. */
const TEXT_SCORES = {
  rouge_l: rougeL,
  exact_match: exactMatch,
  accuracy: (text, [reference]) => Number(isCorrect(text, reference)),
  /** Of the text as a corpus of one sentence, smoothed as `corpusBleu` says. */
  bleu: (text, [reference]) => corpusBleu(bleuStatistics(text, reference)).bleu,
} as const satisfies Readonly<Record<string, TextScore>>;

export type PairMetric = keyof typeof TEXT_SCORES;

/**
 * Prefers the text that the task's own metric scores higher against the references; equal scores are a tie. The difference is that of
 * the scores, from −1 to 1.
 */
export function metricOracle(metric: PairMetric, codec: PairCodec): Oracle {
  const gap = qualityGap(metric, codec);
  return { name: "metric", differences: (contests) => Promise.resolve(contests.map(gap)) };
}

/** By how much the metric scores the first of two texts higher than the second, from −1 to 1. */
export function qualityGap(
  metric: PairMetric,
  codec: PairCodec,
): (contest: Pick<Contest, "texts" | "references">) => number {
  const score: TextScore = TEXT_SCORES[metric];
  return ({ texts, references }) => {
    const [first, second] = texts.map((ids) => score(codec.responseText(ids), references));
    return first - second;
  };
}
