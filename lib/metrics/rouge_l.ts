import { porterStem } from "./porter_stemmer.ts";

/** Google's `rouge_score` stems longer words only. */
const LONGEST_UNSTEMMED = 3;

/**
 * ROUGE-L as Google's `rouge_score` computes it: the F-measure of the longest common subsequence of words (C.-Y. Lin, "ROUGE: A
 * Package for Automatic Evaluation of Summaries", 2004), with precision and recall weighted equally. With several references
 * the best one counts.
 *
 * @param options.stem whether words are compared by their Porter stems, as the papers do; default true
 * @returns a fraction, 0 to 1; 0 if either side has no word
 * @throws {RangeError} without a reference
 */
export function rougeL(
  prediction: string,
  references: readonly string[],
  { stem = true }: { readonly stem?: boolean } = {},
): number {
  if (references.length === 0) throw new RangeError("Cannot score ROUGE-L without a reference");
  const predicted = rougeTokens(prediction, stem);
  return Math.max(...references.map((reference) => fMeasure(predicted, rougeTokens(reference, stem))));
}

/** Whether a text has a word at all, which texts in other letters than a-z have not: such a reference gives 0 to every prediction. */
export function hasRougeWord(text: string): boolean {
  return rougeTokens(text, false).length > 0;
}

/** Lower-cased runs of a-z and 0-9; any other character separates. */
export function rougeTokens(text: string, stem: boolean): string[] {
  const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return stem ? words.map((word) => word.length > LONGEST_UNSTEMMED ? porterStem(word) : word) : words;
}

/** 2PR / (P + R) with P = common / predicted and R = common / reference. */
function fMeasure(predicted: readonly string[], reference: readonly string[]): number {
  const total = predicted.length + reference.length;
  return total === 0 ? 0 : 2 * commonSubsequenceLength(predicted, reference) / total;
}

/** Length of the longest common subsequence, in O(a b) time and O(b) memory. */
function commonSubsequenceLength(a: readonly string[], b: readonly string[]): number {
  // Numbers compare faster than texts.
  const ids = new Map<string, number>();
  const bIds = Uint32Array.from(b, (word) => ids.get(word) ?? (ids.set(word, ids.size), ids.size - 1));
  // lengths[j + 1] is that of the words of a so far and the first j + 1 of b.
  const lengths = new Uint32Array(b.length + 1);
  for (const word of a) {
    const id = ids.get(word);
    if (id === undefined) continue;
    let diagonal = 0;
    for (let j = 0; j < bIds.length; j++) {
      const above = lengths[j + 1];
      lengths[j + 1] = bIds[j] === id ? diagonal + 1 : Math.max(above, lengths[j]);
      diagonal = above;
    }
  }
  return lengths[b.length];
}
