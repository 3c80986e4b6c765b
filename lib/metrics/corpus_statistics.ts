import { BLEU_OF_ITEMS } from "./bleu.ts";
import { PERPLEXITY_OF_ITEMS, TEACHER_PERPLEXITY_OF_ITEMS } from "./perplexity.ts";

/** A score that is no mean over items but computed from sums over them, as BLEU is from counts of n-grams. */
export interface CorpusStatistic {
  readonly metric: string;
  /** What `items.csv` keeps of each item, by the names of its metrics there. */
  readonly parts: readonly string[];
  /** @param sums over the items of a set, one for each of `parts` */
  valueOf(sums: readonly number[]): number;
}

/** Of every other metric the value is the mean of its items. */
export const CORPUS_STATISTICS: readonly CorpusStatistic[] = [
  BLEU_OF_ITEMS,
  PERPLEXITY_OF_ITEMS,
  TEACHER_PERPLEXITY_OF_ITEMS,
];
