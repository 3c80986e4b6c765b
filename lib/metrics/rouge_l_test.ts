import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { rougeL, rougeTokens } from "./rouge_l.ts";

const shared = new URL("../../../shared", import.meta.url).pathname;
const fixture = `${shared}/fixtures/metrics/rouge_l.jsonl`;
const google = `${shared}/data/rouge_testdata`;

// Words by Python's re, stems by NLTK 3.10.3, the longest common subsequence by its recursive definition.
const RECORDED: [prediction: string, references: string[], stemmed: number, unstemmed: number][] = [
  ["the cat sat on the mat", ["the cat sat on the mat"], 1, 1],
  ["the mat sat on the cat", ["the cat sat on the mat"], 0.6666666666666666, 0.6666666666666666],
  ["A bird sings.", ["The birds were singing loudly!"], 0.5, 0],
  ["Running dogs chased two cats", ["A running dog chases the cat", "Two cats chased dogs"], 0.7272727272727272, 4 / 9],
  ["", ["anything"], 0, 0],
  ["...", ["anything"], 0, 0],
  ["kind: insect", ["An insect is a kind of animal.", "insect"], 0.6666666666666666, 0.6666666666666666],
  ["It's 3.5 metres tall", ["It is 3 5 meters tall"], 0.6666666666666666, 0.6666666666666666],
  ["Café über naïve", ["cafe uber naive", "caf ber na ve"], 1, 1],
  [
    "one two three four five six seven",
    ["seven six five four three two one"],
    0.14285714285714285,
    0.14285714285714285,
  ],
  ["the the the the", ["the other the"], 0.5714285714285715, 0.5714285714285715],
  [
    "Hopefully the generalizations of operators are electrical",
    ["We hope a generalized operation is electric, hopefully"],
    0.5333333333333333,
    0.13333333333333333,
  ],
  ["dies dying died", ["die die die"], 1, 0],
  ["no overlap here", ["completely different words"], 0, 0],
];

Deno.test("scores equal those of an independent computation", () => {
  for (const [prediction, references, stemmed, unstemmed] of RECORDED) {
    assertAlmostEquals(rougeL(prediction, references), stemmed, 1e-12, prediction);
    assertAlmostEquals(rougeL(prediction, references, { stem: false }), unstemmed, 1e-12, prediction);
  }
});

Deno.test("words of up to three letters are not stemmed", () => {
  assertEquals(rougeTokens("Use of ions, IONS; dies/ties", true), ["use", "of", "ion", "ion", "die", "tie"]);
  assertEquals(rougeTokens("His gas was fur'd", true), ["his", "gas", "was", "fur", "d"]);
});

Deno.test("a score without references is refused", () => {
  assertThrows(() => rougeL("a", []), RangeError, "without a reference");
});

// Few different words, so that texts share some.
const text = fc.array(fc.constantFrom("cat", "cats", "running", "runs", "the", "tree", "Trees!", "42", "—", "é"), {
  maxLength: 12,
}).map((words) => words.join(" "));
const texts = fc.array(text, { minLength: 1, maxLength: 4 });
const stem = fc.boolean();

Deno.test("a score is a fraction, and at least that against each reference alone", () => {
  fc.assert(fc.property(text, texts, stem, (prediction, references, stem) => {
    const score = rougeL(prediction, references, { stem });
    assert(score >= 0 && score <= 1, `${score}`);
    assertEquals(score, Math.max(...references.map((reference) => rougeL(prediction, [reference], { stem }))));
  }));
});

Deno.test("a text with a word scores 1 against itself, and only against texts of the same words", () => {
  fc.assert(fc.property(text, text, stem, (a, b, stem) => {
    const [words, others] = [a, b].map((text) => rougeTokens(text, stem).join(" "));
    assertEquals(rougeL(a, [a], { stem }), words === "" ? 0 : 1);
    assertEquals(rougeL(a, [b], { stem }) === 1, words !== "" && words === others);
  }));
});

Deno.test("prediction and single reference may change places", () => {
  fc.assert(fc.property(text, text, stem, (a, b, stem) => {
    assertEquals(rougeL(a, [b], { stem }), rougeL(b, [a], { stem }));
  }));
});

Deno.test("the order of the references does not matter", () => {
  fc.assert(fc.property(text, texts, stem, (prediction, references, stem) => {
    assertEquals(rougeL(prediction, references.toReversed(), { stem }), rougeL(prediction, references, { stem }));
  }));
});

Deno.test("text order matters: reversed words of which none repeats share one in sequence", () => {
  fc.assert(fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { minLength: 1 }), (words) => {
    assertAlmostEquals(rougeL(words.join(" "), [words.toReversed().join(" ")]), 1 / words.length, 1e-12);
  }));
});

Deno.test("all 156 recorded scores agree within 1e-6, with and without stemming", { ignore: !exists(fixture) }, () => {
  const rows = Deno.readTextFileSync(fixture).trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(rows.length, 156);
  for (const { prediction, references, rougeL_stemmed, rougeL_unstemmed } of rows) {
    assertAlmostEquals(rougeL(prediction, references), rougeL_stemmed, 1e-6, prediction);
    assertAlmostEquals(rougeL(prediction, references, { stem: false }), rougeL_unstemmed, 1e-6, prediction);
  }
});

// The published value, 0.40275, is the median of bootstrap means, which scatter by 3e-4 around the mean.
Deno.test("the mean over Google's 1,000 test pairs is the published one", { ignore: !exists(google) }, () => {
  const read = (name: string) => Deno.readTextFileSync(`${google}/${name}_large.txt`).split("\n").slice(0, 1000);
  const targets = read("target");
  const scores = read("prediction").map((prediction, i) => rougeL(prediction, [targets[i]]));
  assertAlmostEquals(scores.reduce((sum, score) => sum + score, 0) / 1000, 0.40275, 1e-3);
});

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
