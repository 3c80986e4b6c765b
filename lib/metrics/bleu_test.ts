import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Bleu,
  BLEU_OF_ITEMS,
  type BleuStatistics,
  bleuStatistics,
  corpusBleu,
  statisticColumns,
  sumStatistics,
} from "./bleu.ts";

const fixture = new URL("../verification/fixtures/metrics/bleu.json", import.meta.url);

type Pair = readonly [hypothesis: string, reference: string];

const statisticsOf = (pairs: readonly Pair[]) =>
  sumStatistics(pairs.map(([hypothesis, reference]) => bleuStatistics(hypothesis, reference)));
const scoreOf = (...pairs: readonly Pair[]): Bleu => corpusBleu(statisticsOf(pairs));

function assertBleu(actual: Bleu, bleu: number, precisions: readonly number[], brevityPenalty: number) {
  assertAlmostEquals(actual.bleu, bleu, 1e-12);
  actual.precisions.forEach((precision, i) => assertAlmostEquals(precision, precisions[i], 1e-12, `order ${i + 1}`));
  assertAlmostEquals(actual.brevityPenalty, brevityPenalty, 1e-12);
}

Deno.test("statistics of a segment are its n-grams, those that match, and the words of both sides", () => {
  // a b, b c, a b c stand in both; the second a of the hypothesis has no partner.
  assertEquals(bleuStatistics("a b c a", "x a b c b"), {
    matches: [3, 2, 1, 0],
    totals: [4, 3, 2, 1],
    hypothesisTokens: 4,
    referenceTokens: 5,
  });
});

Deno.test("a repeated word matches as often as the reference has it: the first example of Papineni et al.", () => {
  // 2 of 7 words match, no pair does: 1/2, 1/4, 1/8 of a match of 6, 5 and 4 n-grams.
  const actual = scoreOf(["the the the the the the the", "the cat is on the mat"]);
  assertBleu(actual, (2 / 7 / 12 / 20 / 32) ** 0.25, [2 / 7, 1 / 12, 1 / 20, 1 / 32], 1);
});

Deno.test("BLEU is the geometric mean of four precisions", () => {
  const actual = scoreOf(["a b c d e", "a b c d f"]);
  assertBleu(actual, (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25, [4 / 5, 3 / 4, 2 / 3, 1 / 2], 1);
});

Deno.test("only hypotheses with too few words are penalised for their length", () => {
  assertBleu(scoreOf(["a b c d", "a b c d e f"]), Math.exp(-0.5), [1, 1, 1, 1], Math.exp(-0.5));
  assertBleu(scoreOf(["a b c d e", "a b c d"]), (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25, [0.8, 0.75, 2 / 3, 0.5], 1);
});

Deno.test("a corpus is scored by its sums, not by the mean of its segments", () => {
  // 4 + 2 of 4 + 3 words, 3 + 1 of 3 + 2 pairs, 2 + 0 of 2 + 1 triples, 1 of 1; 7 words against 8.
  const actual = scoreOf(["a b c d", "a b c d"], ["e f x", "e f g h"]);
  const precisions = [6 / 7, 4 / 5, 2 / 3, 1];
  assertBleu(actual, Math.exp(-1 / 7) * (6 / 7 * 4 / 5 * 2 / 3) ** 0.25, precisions, Math.exp(-1 / 7));
});

Deno.test("without four words in any hypothesis BLEU is 0, whatever matches", () => {
  assertBleu(scoreOf(["a b c", "a b c"], ["d e", "d e"]), 0, [1, 1, 1, 0], 1);
});

Deno.test("empty hypotheses count as too few words, and without any word BLEU is 0", () => {
  assertBleu(scoreOf(["", "e f"], ["a b c d", "a b c d"]), Math.exp(-0.5), [1, 1, 1, 1], Math.exp(-0.5));
  assertBleu(scoreOf(["", "a b c d"]), 0, [0, 0, 0, 0], 0);
  assertBleu(scoreOf(["", ""]), 0, [0, 0, 0, 0], 1);
  assertBleu(scoreOf(["a b c d", ""]), 0, [0, 0, 0, 0], 1);
  assertBleu(scoreOf(), 0, [0, 0, 0, 0], 1);
});

Deno.test("without a match BLEU is 0: smoothing makes up no precision", () => {
  assertBleu(scoreOf(["a b c d e", "v w x y z"]), 0, [0, 0, 0, 0], 1);
});

Deno.test("case, punctuation and entities count as the tokenizer says", () => {
  assertEquals(scoreOf(["Say &quot;hi&quot;, please.", 'Say "hi" , please .']).bleu, 1);
  assert(scoreOf(["say hi to them .", "Say hi to them ."]).bleu < 1);
});

// Words of few letters, so that n-grams repeat and match.
const words = fc.array(fc.constantFrom("a", "b", "c", "D", "3.5", "."), { maxLength: 9 });
const text = words.map((list) => list.join(" "));
const corpus = fc.array(fc.tuple(text, text), { maxLength: 6 });

Deno.test("BLEU and its parts lie in [0, 1]", () => {
  fc.assert(fc.property(corpus, (pairs) => {
    const { bleu, precisions, brevityPenalty } = scoreOf(...pairs);
    assert([bleu, ...precisions, brevityPenalty].every((value) => value >= 0 && value <= 1));
    assert(bleu <= brevityPenalty);
  }));
});

Deno.test("the order of the segments changes nothing", () => {
  const shuffled = corpus.chain((pairs) =>
    fc.tuple(fc.constant(pairs), fc.shuffledSubarray(pairs, { minLength: pairs.length }))
  );
  fc.assert(fc.property(shuffled, ([pairs, others]) => assertEquals(scoreOf(...others), scoreOf(...pairs))));
});

Deno.test("sums of parts are the sum of the whole", () => {
  fc.assert(fc.property(corpus, corpus, (some, others) => {
    const parts = sumStatistics([statisticsOf(some), statisticsOf(others)]);
    assertEquals(parts, statisticsOf([...some, ...others]));
  }));
});

Deno.test("BLEU is 1 if all words are equal and some segment has four", () => {
  fc.assert(fc.property(corpus, (pairs) => {
    const equal = [...pairs, ["a b c d", ""] as const].map(([hypothesis]): Pair => [hypothesis, hypothesis]);
    assertEquals(scoreOf(...equal), { bleu: 1, precisions: [1, 1, 1, 1], brevityPenalty: 1 });
  }));
});

Deno.test("BLEU is 1 only if every segment has the words of its reference, whatever their order", () => {
  const sorted = (text: string) => text.split(" ").sort();
  // Mostly equal, so that 1 occurs.
  const nearlyEqual = fc.array(
    fc.oneof({ weight: 9, arbitrary: text.map((text): Pair => [text, text]) }, fc.tuple(text, text)),
  );
  fc.assert(fc.property(nearlyEqual, (pairs) => {
    if (scoreOf(...pairs).bleu < 1) return;
    for (const [hypothesis, reference] of pairs) assertEquals(sorted(hypothesis), sorted(reference));
  }));
  // What BLEU cannot see: 1 and 2 change places between equal triples, and all n-grams stay.
  assertEquals(scoreOf(["a b c 1 a b c 2 a b c", "a b c 2 a b c 1 a b c"]).bleu, 1);
});

Deno.test("a word that is replaced, added or dropped costs", () => {
  fc.assert(fc.property(words, words, fc.constantFrom(["new"], []), fc.boolean(), (before, after, insert, drop) => {
    const whole = [...before, "a", ...after];
    const changed = [...before, ...insert, ...(drop ? [] : ["a"]), ...after];
    if (changed.length === whole.length && insert.length === 0) return;
    const pairs: Pair[] = [["w x y z", "w x y z"], [changed.join(" "), whole.join(" ")]];
    assert(scoreOf(...pairs).bleu < 1);
  }));
});

Deno.test("BLEU by the sums of its columns is that of the corpus", () => {
  fc.assert(fc.property(corpus, (pairs) => {
    const columns = statisticColumns(pairs.map(([hypothesis, reference]) => bleuStatistics(hypothesis, reference)));
    assertEquals(Object.keys(columns), [...BLEU_OF_ITEMS.parts]);
    const sums = BLEU_OF_ITEMS.parts.map((part) => columns[part].reduce((total, value) => total + value, 0));
    assertEquals(BLEU_OF_ITEMS.valueOf(sums), scoreOf(...pairs).bleu);
  }));
});

Deno.test("columns are named by what they count", () => {
  const statistics: BleuStatistics = {
    matches: [4, 3, 2, 1],
    totals: [8, 7, 6, 5],
    hypothesisTokens: 9,
    referenceTokens: 10,
  };
  assertEquals(statisticColumns([statistics]), {
    "bleu.matches_1": [4],
    "bleu.matches_2": [3],
    "bleu.matches_3": [2],
    "bleu.matches_4": [1],
    "bleu.totals_1": [8],
    "bleu.totals_2": [7],
    "bleu.totals_3": [6],
    "bleu.totals_4": [5],
    "bleu.hypothesis_tokens": [9],
    "bleu.reference_tokens": [10],
  });
});

Deno.test("all 5 recorded corpora agree with sacrebleu within 1e-6", () => {
  const corpora = JSON.parse(Deno.readTextFileSync(fixture));
  assertEquals(corpora.length, 5);
  for (const { hypotheses, references, bleu, precisions, brevity_penalty } of corpora) {
    const actual = scoreOf(...hypotheses.map((hypothesis: string, i: number): Pair => [hypothesis, references[i]]));
    assertAlmostEquals(100 * actual.bleu, bleu, 1e-6);
    actual.precisions.forEach((precision, i) => assertAlmostEquals(100 * precision, precisions[i], 1e-6));
    assertAlmostEquals(actual.brevityPenalty, brevity_penalty, 1e-6);
  }
});
