/**
 * The Porter stemmer (M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980) in the variant that Google's
 * `rouge_score` uses: NLTK's, with the changes that NLTK makes by default. They are marked "NLTK" below.
 *
 * @param word one word; upper case is lowered
 */
export function porterStem(word: string): string {
  const lower = word.toLowerCase();
  const irregular = IRREGULAR.get(lower);
  if (irregular !== undefined) return irregular;
  if (lower.length <= 2) return lower;
  return STEPS.reduce((stem, step) => step(stem), lower);
}

/** NLTK: words that the rules would stem badly. */
const IRREGULAR: ReadonlyMap<string, string> = new Map([
  ["sky", "sky"],
  ["skies", "sky"],
  ["dying", "die"],
  ["lying", "lie"],
  ["tying", "tie"],
  ["news", "news"],
  ["inning", "inning"],
  ["innings", "inning"],
  ["outing", "outing"],
  ["outings", "outing"],
  ["canning", "canning"],
  ["cannings", "canning"],
  ["howe", "howe"],
  ["proceed", "proceed"],
  ["exceed", "exceed"],
  ["succeed", "succeed"],
]);

type Condition = (stem: string) => boolean;
type Rule = readonly [suffix: string, replacement: string, condition?: Condition];

const STEPS = [
  removePlural,
  removePastOrParticiple,
  turnYIntoI,
  shortenDoubleSuffix,
  removeDerivation,
  removeLastSuffix,
  removeFinalE,
  removeDoubleL,
];

/** Step 1a. */
function removePlural(word: string): string {
  // NLTK: ties -> tie, dies -> die.
  if (word.length === 4 && word.endsWith("ies")) return word.slice(0, -1);
  return applyFirst([["sses", "ss"], ["ies", "i"], ["ss", "ss"], ["s", ""]], word);
}

/** Step 1b. */
function removePastOrParticiple(word: string): string {
  // NLTK: died -> die, spied -> spi.
  if (word.endsWith("ied")) return word.slice(0, word.length === 4 ? -1 : -2);
  if (word.endsWith("eed")) return applyFirst([["eed", "ee", hasMeasure(1)]], word);
  const suffix = ["ed", "ing"].find((suffix) => word.endsWith(suffix));
  if (suffix === undefined) return word;
  const stem = word.slice(0, -suffix.length);
  return pattern(stem).includes("v") ? restoreEnding(stem) : word;
}

/** The end of step 1b: hop(p)ing -> hop, fil(ing) -> file. */
function restoreEnding(stem: string): string {
  if (/(at|bl|iz)$/.test(stem)) return stem + "e";
  if (endsDoubleConsonant(stem)) return /[lsz]$/.test(stem) ? stem : stem.slice(0, -1);
  return measure(stem) === 1 && endsShortSyllable(stem) ? stem + "e" : stem;
}

/** Step 1c. NLTK: only after a consonant that is not the first letter, so that "enjoy" and "by" stay. */
function turnYIntoI(word: string): string {
  return applyFirst([["y", "i", (stem) => stem.length > 1 && pattern(stem).endsWith("c")]], word);
}

/** Step 2. */
function shortenDoubleSuffix(word: string): string {
  // NLTK: "alli" may leave a suffix of this very step behind.
  if (word.endsWith("alli") && measure(word.slice(0, -4)) > 0) return shortenDoubleSuffix(word.slice(0, -2));
  return applyFirst(DOUBLE_SUFFIXES, word);
}

const DOUBLE_SUFFIXES: readonly Rule[] = [
  ["ational", "ate", hasMeasure(1)],
  ["tional", "tion", hasMeasure(1)],
  ["enci", "ence", hasMeasure(1)],
  ["anci", "ance", hasMeasure(1)],
  ["izer", "ize", hasMeasure(1)],
  ["bli", "ble", hasMeasure(1)], // NLTK; Porter has "abli".
  ["entli", "ent", hasMeasure(1)],
  ["eli", "e", hasMeasure(1)],
  ["ousli", "ous", hasMeasure(1)],
  ["ization", "ize", hasMeasure(1)],
  ["ation", "ate", hasMeasure(1)],
  ["ator", "ate", hasMeasure(1)],
  ["alism", "al", hasMeasure(1)],
  ["iveness", "ive", hasMeasure(1)],
  ["fulness", "ful", hasMeasure(1)],
  ["ousness", "ous", hasMeasure(1)],
  ["aliti", "al", hasMeasure(1)],
  ["iviti", "ive", hasMeasure(1)],
  ["biliti", "ble", hasMeasure(1)],
  ["fulli", "ful", hasMeasure(1)], // NLTK
  ["logi", "log", (stem) => measure(stem + "l") > 0], // NLTK
];

/** Step 3. */
function removeDerivation(word: string): string {
  return applyFirst(DERIVATIONS, word);
}

const DERIVATIONS: readonly Rule[] = [
  ["icate", "ic", hasMeasure(1)],
  ["ative", "", hasMeasure(1)],
  ["alize", "al", hasMeasure(1)],
  ["iciti", "ic", hasMeasure(1)],
  ["ical", "ic", hasMeasure(1)],
  ["ful", "", hasMeasure(1)],
  ["ness", "", hasMeasure(1)],
];

/** Step 4. */
function removeLastSuffix(word: string): string {
  return applyFirst(LAST_SUFFIXES, word);
}

const LAST_SUFFIXES: readonly Rule[] = [
  ["al", "", hasMeasure(2)],
  ["ance", "", hasMeasure(2)],
  ["ence", "", hasMeasure(2)],
  ["er", "", hasMeasure(2)],
  ["ic", "", hasMeasure(2)],
  ["able", "", hasMeasure(2)],
  ["ible", "", hasMeasure(2)],
  ["ant", "", hasMeasure(2)],
  ["ement", "", hasMeasure(2)],
  ["ment", "", hasMeasure(2)],
  ["ent", "", hasMeasure(2)],
  ["ion", "", (stem) => measure(stem) > 1 && /[st]$/.test(stem)],
  ["ou", "", hasMeasure(2)],
  ["ism", "", hasMeasure(2)],
  ["ate", "", hasMeasure(2)],
  ["iti", "", hasMeasure(2)],
  ["ous", "", hasMeasure(2)],
  ["ive", "", hasMeasure(2)],
  ["ize", "", hasMeasure(2)],
];

/** Step 5a. */
function removeFinalE(word: string): string {
  const silent: Condition = (stem) => measure(stem) > 1 || (measure(stem) === 1 && !endsShortSyllable(stem));
  return applyFirst([["e", "", silent]], word);
}

/** Step 5b. */
function removeDoubleL(word: string): string {
  return applyFirst([["ll", "l", (stem) => measure(stem + "l") > 1]], word);
}

/** Applies the first rule whose suffix matches, if its condition holds for what precedes the suffix; no other rule is tried. */
function applyFirst(rules: readonly Rule[], word: string): string {
  for (const [suffix, replacement, condition] of rules) {
    if (!word.endsWith(suffix)) continue;
    const stem = word.slice(0, word.length - suffix.length);
    return condition === undefined || condition(stem) ? stem + replacement : word;
  }
  return word;
}

function hasMeasure(least: number): Condition {
  return (stem) => measure(stem) >= least;
}

/** Porter's m: how often a consonant follows a vowel, `[C](VC)^m[V]`. */
function measure(stem: string): number {
  return pattern(stem).split("vc").length - 1;
}

/** The word with each letter as "v" or "c"; a y is a vowel where it follows a consonant. */
function pattern(word: string): string {
  let pattern = "";
  for (const letter of word) pattern += /[aeiou]/.test(letter) || (letter === "y" && pattern.endsWith("c")) ? "v" : "c";
  return pattern;
}

function endsDoubleConsonant(word: string): boolean {
  return word.at(-1) === word.at(-2) && pattern(word).endsWith("c");
}

/** Porter's *o: consonant, vowel, consonant other than w, x, y. NLTK: or the whole word is vowel, consonant. */
function endsShortSyllable(word: string): boolean {
  const letters = pattern(word);
  return letters === "vc" || (letters.endsWith("cvc") && !/[wxy]$/.test(word));
}
