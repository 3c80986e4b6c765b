import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { ScoreRow } from "#lib/results/scores_csv.ts";
import { AVERAGE, chosenColumns } from "#lib/reporting/table_columns.ts";
import {
  checkRuns,
  checkValues,
  drawable,
  marksNote,
  seedsNote,
  seedValues,
  summarize,
  valuesOf,
} from "./seed_values.ts";

const score = (method: string, dataset: string, seed: number, value: number, metric = "rouge_l"): ScoreRow => ({
  experiment: "e",
  method,
  dataset,
  metric,
  seed,
  value,
  count: 9,
});
const scores = [
  score("kd", "dolly", 20, 0.5),
  score("kd", "dolly", 10, 0.25),
  score("kd", "vicuna", 10, 0.75),
  score("sft", "dolly", 10, 0.125),
  score("sft", "vicuna", 10, 0.375),
  score("sft", "dolly", 10, 1, "exact_match"),
];

Deno.test("the values of a column are its scores, run by run", () => {
  const [dolly, average] = ["dolly", AVERAGE].map((dataset) =>
    chosenColumns([{ dataset, metric: "rouge_l" }], scores)[0]
  );
  assertEquals(seedValues(dolly), [
    { method: "kd", seed: 10, value: 0.25 },
    { method: "kd", seed: 20, value: 0.5 },
    { method: "sft", seed: 10, value: 0.125 },
  ]);
  assertEquals(seedValues(average), [
    { method: "kd", seed: 10, value: 0.5 },
    { method: "sft", seed: 10, value: 0.25 },
  ]);
});

Deno.test("values come in the order of the seeds", () => {
  assertEquals(valuesOf([{ method: "kd", seed: 20, value: 0.5 }, { method: "kd", seed: 10, value: 0.25 }], "kd", 100), [
    25,
    50,
  ]);
});

Deno.test("a summary is of the range or of the sample standard deviation", () => {
  assertEquals(summarize([1, 2, 6], "range"), { mean: 3, low: 1, high: 6 });
  const { mean, low, high } = summarize([1, 2, 6], "sd");
  assertEquals(mean, 3);
  assertAlmostEquals(low, 3 - Math.sqrt(7), 1e-8);
  assertAlmostEquals(high, 3 + Math.sqrt(7), 1e-8);
  assertEquals(summarize([2], "sd"), { mean: 2, low: 2, high: 2 });
});

Deno.test("what no axis can show is rounded", () => {
  assertEquals(drawable(0.1 + 0.2), 0.3);
  assertEquals([drawable(5e-324), drawable(-5e-324)].map((value) => Object.is(value, 0)), [true, true]);
});

Deno.test("values that are not finite or come twice are refused", () => {
  const keyOf = ({ method, seed }: { method: string; seed: number }) => [method, `seed ${seed}`];
  const value = { method: "kd", seed: 1, value: 2 };
  checkValues([value, { ...value, seed: 2 }], keyOf);
  assertThrows(() => checkRuns([value, value]), RangeError, "Cannot draw two values for kd seed 1");
  assertThrows(() => checkValues([value, value], keyOf), RangeError, "Cannot draw two values for kd seed 1");
  assertThrows(
    () => checkValues([{ ...value, value: Infinity }], keyOf),
    RangeError,
    "Cannot draw kd seed 1: it is Inf",
  );
});

Deno.test("the seeds' note names what has other seeds", () => {
  assertEquals(seedsNote(new Map([["KD", [20, 10, 10]], ["SFT", [10, 20]]])), "seeds 10, 20");
  assertEquals(seedsNote(new Map([["KD", [3]], ["SFT", [3]]])), "seed 3");
  assertEquals(
    seedsNote(new Map([["KD", [1, 2, 3]], ["SFT", [2]], ["GKD", []], ["AMMD", [3, 1]]])),
    "seeds 1, 2, 3 (SFT: seed 2; AMMD: seeds 1, 3)",
  );
});

Deno.test("what marks are taken over is said once there are values, and their spread where there are several seeds", () => {
  assertEquals(marksNote("Dots", new Map([["KD", []]]), "Bars."), []);
  assertEquals(marksNote("Dots", new Map([["KD", [3]], ["SFT", [3]]]), "Bars."), ["Dots: seed 3."]);
  assertEquals(marksNote("Dots", new Map([["KD", [3, 4]]]), "Bars."), ["Dots: mean over seeds 3, 4. Bars."]);
  assertEquals(marksNote("Dots", new Map([["KD", [3, 4]]])), ["Dots: mean over seeds 3, 4."]);
});
