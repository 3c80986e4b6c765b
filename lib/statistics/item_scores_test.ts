import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { BLEU_OF_ITEMS } from "#lib/metrics/bleu.ts";
import { itemScores, jackknifeValues } from "./item_scores.ts";
import { mean } from "./statistics.ts";

const NUMERATORS = [3, 1, 4, 1, 5, 9];
const DENOMINATORS = [4, 2, 5, 3, 8, 9];
const RATIO = { valueOf: ([a, b]: readonly number[]) => a / b };

// numpy 2.4.6 with a, b the lists above, n = 6, t = a.sum() / b.sum():
//   w = (a.sum() - a) / (b.sum() - b); t + (n - 1) * (w.mean() - w)
const RECORDED = [
  0.7339128459132974,
  0.644513101341139,
  0.7837703957708473,
  0.5090451210455724,
  0.5245730713561312,
  1.2557983677988191,
];

Deno.test("the jackknife values of a ratio are numpy's, and their mean is the ratio", () => {
  const values = jackknifeValues([NUMERATORS, DENOMINATORS], RATIO);
  values.forEach((value, i) => assertAlmostEquals(value, RECORDED[i], 1e-12));
  assertAlmostEquals(mean(values), 23 / 31, 1e-14);
});

Deno.test("the jackknife values of a mean are its items", () => {
  const ones = NUMERATORS.map(() => 1);
  jackknifeValues([NUMERATORS, ones], RATIO).forEach((value, i) => assertAlmostEquals(value, NUMERATORS[i], 1e-12));
});

Deno.test("the items of a metric are those that are kept, those of BLEU made of its counts where all are there", () => {
  assertEquals(itemScores("rouge_l", (metric) => metric === "rouge_l" ? NUMERATORS : undefined), NUMERATORS);
  assertEquals(itemScores("rouge_l", () => undefined), undefined);
  const counts = (part: string) => part === "bleu" ? undefined : DENOMINATORS;
  const sums = BLEU_OF_ITEMS.parts.map(() => DENOMINATORS.reduce((sum, value) => sum + value, 0));
  assertAlmostEquals(mean(itemScores("bleu", counts)!), BLEU_OF_ITEMS.valueOf(sums), 1e-14);
  assert(BLEU_OF_ITEMS.parts.every((gone) => !itemScores("bleu", (part) => part === gone ? undefined : counts(part))));
  const [first] = BLEU_OF_ITEMS.parts;
  assertEquals(itemScores("bleu", (part) => part === first ? DENOMINATORS.slice(1) : DENOMINATORS), undefined);
});
