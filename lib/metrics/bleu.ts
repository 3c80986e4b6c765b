import { tokenize13a } from "./tokenize_13a.ts";

/** N-grams of 1 to 4 words count. */
const ORDERS = [1, 2, 3, 4];

/** What BLEU is made of: numbers of one segment, or their sums over a corpus. Index n − 1 is that of n-grams. */
export interface BleuStatistics {
  /** N-grams of the hypothesis that the reference has too, each at most as often as there. */
  readonly matches: readonly number[];
  /** N-grams of the hypothesis. */
  readonly totals: readonly number[];
  readonly hypothesisTokens: number;
  readonly referenceTokens: number;
}

export interface Bleu {
  /** A fraction, 0 to 1; papers print it times 100. */
  readonly bleu: number;
  /** Of n-grams of 1 to 4 words, fractions; smoothed where none matches, 0 where there is none. */
  readonly precisions: readonly number[];
  /** 1 if the hypotheses have as many words as the references or more, else exp(1 − words of references / words of hypotheses). */
  readonly brevityPenalty: number;
}

/** Counts of one segment and its reference, in words of `tokenize13a`. */
export function bleuStatistics(hypothesis: string, reference: string): BleuStatistics {
  const words = tokenize13a(hypothesis);
  const referenceWords = tokenize13a(reference);
  return {
    matches: ORDERS.map((order) => countMatches(nGrams(words, order), nGrams(referenceWords, order))),
    totals: ORDERS.map((order) => Math.max(0, words.length - order + 1)),
    hypothesisTokens: words.length,
    referenceTokens: referenceWords.length,
  };
}

/** Those of a corpus from those of its segments; of none all are 0. */
export function sumStatistics(statistics: readonly BleuStatistics[]): BleuStatistics {
  const sum = (of: (statistics: BleuStatistics) => number) =>
    statistics.reduce((total, segment) => total + of(segment), 0);
  return {
    matches: ORDERS.map((_, i) => sum(({ matches }) => matches[i])),
    totals: ORDERS.map((_, i) => sum(({ totals }) => totals[i])),
    hypothesisTokens: sum(({ hypothesisTokens }) => hypothesisTokens),
    referenceTokens: sum(({ referenceTokens }) => referenceTokens),
  };
}

/**
 * BLEU of a corpus with one reference each: the geometric mean of the precisions of n-grams of 1 to 4 words, times the brevity
 * penalty (Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine Translation", 2002). As sacrebleu computes it by
 * default (Post 2018, arXiv 1804.08771): where no n-gram of an order matches, 1/2, 1/4, … of a match are taken for the first such
 * order, the second and so on (Chen & Cherry, "A Systematic Comparison of Smoothing Techniques for Sentence-Level BLEU", 2014,
 * technique 3); without any match, or where no hypothesis has four words, BLEU is 0.
 */
export function corpusBleu(statistics: BleuStatistics): Bleu {
  const { matches, totals, hypothesisTokens, referenceTokens } = statistics;
  const isShort = hypothesisTokens < referenceTokens;
  const brevityPenalty = isShort ? Math.exp(1 - referenceTokens / hypothesisTokens) : 1;
  if (matches.every((count) => count === 0)) return { bleu: 0, precisions: ORDERS.map(() => 0), brevityPenalty };
  let smoothed = 1;
  const precisions = totals.map((total, i) => {
    if (total === 0) return 0;
    if (matches[i] === 0) smoothed /= 2;
    return (matches[i] === 0 ? smoothed : matches[i]) / total;
  });
  const meanLog = precisions.reduce((sum, precision) => sum + Math.log(precision), 0) / ORDERS.length;
  return { bleu: brevityPenalty * Math.exp(meanLog), precisions, brevityPenalty };
}

function nGrams(words: readonly string[], order: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let end = order; end <= words.length; end++) {
    // Words hold no space, so that this is one n-gram's text alone.
    const nGram = words.slice(end - order, end).join(" ");
    counts.set(nGram, (counts.get(nGram) ?? 0) + 1);
  }
  return counts;
}

function countMatches(hypothesis: ReadonlyMap<string, number>, reference: ReadonlyMap<string, number>): number {
  let matches = 0;
  for (const [nGram, count] of hypothesis) matches += Math.min(count, reference.get(nGram) ?? 0);
  return matches;
}

/** The statistics by name, of each segment; what `items.csv` keeps for `BLEU_OF_ITEMS`. */
export function statisticColumns(segments: readonly BleuStatistics[]): Record<string, number[]> {
  const rows = segments.map(numbersOf);
  return Object.fromEntries(BLEU_OF_ITEMS.parts.map((part, i) => [part, rows.map((numbers) => numbers[i])]));
}

/** BLEU as a function of sums over items, from which its jackknife values are made for tests of differences. */
export const BLEU_OF_ITEMS = {
  metric: "bleu",
  parts: [
    ...ORDERS.map((order) => `bleu.matches_${order}`),
    ...ORDERS.map((order) => `bleu.totals_${order}`),
    "bleu.hypothesis_tokens",
    "bleu.reference_tokens",
  ] as readonly string[],
  /** @param sums one for each of `parts` */
  valueOf(sums: readonly number[]): number {
    const [hypothesisTokens, referenceTokens] = sums.slice(2 * ORDERS.length);
    const [matches, totals] = [sums.slice(0, ORDERS.length), sums.slice(ORDERS.length, 2 * ORDERS.length)];
    return corpusBleu({ matches, totals, hypothesisTokens, referenceTokens }).bleu;
  },
} as const;

/** In the order of the parts. */
function numbersOf({ matches, totals, hypothesisTokens, referenceTokens }: BleuStatistics): number[] {
  return [...matches, ...totals, hypothesisTokens, referenceTokens];
}
