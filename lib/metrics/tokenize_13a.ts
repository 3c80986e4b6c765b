const ENTITIES: readonly (readonly [entity: string, character: string])[] = [
  ["&quot;", '"'],
  ["&amp;", "&"],
  ["&lt;", "<"],
  ["&gt;", ">"],
];

/** What is set apart by spaces, in this order; matches of one pattern do not overlap. */
const SPACED: readonly (readonly [pattern: RegExp, spaced: string])[] = [
  // ASCII punctuation but for ' , - and .
  [/[!-&(-+/:-@[-`{-~]/gu, " $& "],
  // A full stop or comma, unless digits stand on both sides of it.
  [/([^0-9])([.,])/gu, "$1 $2 "],
  [/([.,])([^0-9])/gu, " $1 $2"],
  // A hyphen after a digit, as in `5-year`.
  [/([0-9])-/gu, "$1 - "],
];

/** What Python's `str.isspace` counts as white space: Unicode's, and the four information separators. */
// deno-lint-ignore no-control-regex
const WHITE_SPACE = /[\p{White_Space}\x1c-\x1f]+/u;

/**
 * The words of a segment by tokenizer `13a` of sacrebleu (Post, "A Call for Clarity in Reporting BLEU Scores", 2018), which is that of
 * NIST's script mteval-v13a: entities are read, words broken at the end of a line are joined, and punctuation is set apart. The
 * case stays.
 *
 * @returns words without white space; none of a blank text
 */
export function tokenize13a(text: string): string[] {
  let line = trimEnd(text).replaceAll("<skipped>", "").replaceAll("-\n", "").replaceAll("\n", " ");
  // One after another, so that `&amp;lt;` becomes `<`.
  for (const [entity, character] of ENTITIES) line = line.replaceAll(entity, character);
  // The spaces around give the first and the last character a neighbour that is no digit.
  line = ` ${line} `;
  for (const [pattern, spaced] of SPACED) line = line.replace(pattern, spaced);
  return line.split(WHITE_SPACE).filter((word) => word !== "");
}

/** Before anything else, so that a hyphen at the very end joins nothing. */
function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && WHITE_SPACE.test(text[end - 1])) end--;
  return text.slice(0, end);
}
