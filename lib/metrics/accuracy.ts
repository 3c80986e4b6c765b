import { InputError } from "#lib/errors.ts";

export type Answer = "yes" | "no";

/** Letters and digits; apostrophes and hyphens between them join, so that `no-one` is no `no`. */
const WORD = /[\p{L}\p{M}\p{N}_]+(?:['’-][\p{L}\p{M}\p{N}_]+)*/gu;

/**
 * The answer that a text gives to a yes/no question: its last word that is `yes` or `no`, in whatever case and punctuation.
 *
 * The last, since reasons come before the answer where a model gives any: "animal, yes", or "So the answer is yes.", with which
 * chains of thought on StrategyQA end (Wei et al., arXiv 2201.11903); of a text that is the answer alone it is the first too. A
 * text that goes on after its answer ("Yes, for there is no air.") can be misread.
 *
 * @returns undefined if neither word occurs, which is never correct
 */
export function extractAnswer(text: string): Answer | undefined {
  return wordsOf(text).findLast(isAnswer);
}

/**
 * Whether a text gives the answer of the reference; accuracy is the fraction of texts that do.
 *
 * @param reference `yes` or `no` and nothing else but punctuation, in either case
 * @throws {InputError} if the reference is another text
 */
export function isCorrect(text: string, reference: string): boolean {
  const [answer, ...more] = wordsOf(reference);
  if (more.length > 0 || !isAnswer(answer)) {
    throw new InputError(`The answer to a yes/no question must be "yes" or "no", not ${JSON.stringify(reference)}`);
  }
  return extractAnswer(text) === answer;
}

function wordsOf(text: string): string[] {
  return (text.match(WORD) ?? []).map((word) => word.toLowerCase());
}

function isAnswer(word: string | undefined): word is Answer {
  return word === "yes" || word === "no";
}
