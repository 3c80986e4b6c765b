/**
 * Distinct-n (Li et al. 2016, arXiv 1510.03055): the share of the n-grams of texts that are different ones, over all texts together. A
 * model that repeats itself, within a text or from text to text, has few. Words are runs of letters or digits, without regard to case.
 *
 * @returns 0 where no text has n words
 */
export function distinctN(texts: readonly string[], n: number): number {
  const distinct = new Set<string>();
  let total = 0;
  for (const text of texts) {
    const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
    for (let start = 0; start + n <= words.length; start++, total++) {
      distinct.add(words.slice(start, start + n).join(" "));
    }
  }
  return total === 0 ? 0 : distinct.size / total;
}
