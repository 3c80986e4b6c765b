import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { RandomStream } from "#lib/random/random_stream.ts";
import type { ScoreRow } from "#lib/results/scores_csv.ts";
import { judgeNoise } from "./noise_verdict.ts";
import { studentTwoSidedP } from "./student_t.ts";

const METHODS = Array.from({ length: 16 }, (_, i) => `method ${i}`);
const DATASETS = ["dolly", "self_instruct", "vicuna", "sni", "unni"];
const RECORDED_SEEDS = [10, 20, 30];
const SD = 0.02;
const experiment = "e";

/** Runs of every method on every data set, with a level of its own for each. */
function runsOf(seeds: readonly number[], normal: () => number, shiftOf = (_: ScoreRow) => 0): ScoreRow[] {
  return METHODS.flatMap((method, m) =>
    DATASETS.flatMap((dataset, d) =>
      seeds.map((seed) => {
        const run = {
          experiment,
          method,
          dataset,
          metric: "total_variation",
          seed,
          value: 0.3 + 0.01 * m + 0.02 * d,
          count: 200,
        };
        return { ...run, value: run.value + SD * normal() + shiftOf(run) };
      })
    )
  );
}

/** The share of simulated families in which some row is found to differ. */
function shareFound(seeds: readonly number[], families: number, shiftOf?: (run: ScoreRow) => number): number {
  const stream = new RandomStream(1, `noise of seeds ${seeds.join()}`);
  const normal = () => stream.normal();
  let found = 0;
  for (let i = 0; i < families; i++) {
    const { rows } = judgeNoise(runsOf(RECORDED_SEEDS, normal), runsOf(seeds, normal, shiftOf));
    if (rows.some(({ verdict }) => verdict === "differs")) found++;
  }
  return found / families;
}

Deno.test("results that differ by chance alone agree in at least 95 % of families, of one seed and of means over three", () => {
  // The level is met just so where the means are over the recorded seeds: the share varies by the number of families.
  const families = 600;
  const mostByChance = 0.05 + 3 * Math.sqrt(0.05 * 0.95 / families);
  for (const seeds of [[10], RECORDED_SEEDS]) {
    const share = shareFound(seeds, families);
    assert(share <= mostByChance, `${seeds}: ${share}`);
  }
});

Deno.test("a shift of everything by 3 standard deviations is found, and one of a single row by 8", () => {
  assert(shareFound([10], 100, () => 3 * SD) >= 0.95);
  const one = ({ method, dataset }: ScoreRow) => method === METHODS[3] && dataset === "sni" ? 8 * SD : 0;
  assert(shareFound([10], 100, one) >= 0.9);
  assert(shareFound(RECORDED_SEEDS, 100, one) >= 0.95);
});

Deno.test("of a single row the verdict is Student's t with the spread between seeds, pooled over methods", () => {
  const run = (method: string, seed: number, value: number): ScoreRow => (
    { experiment, method, dataset: "dolly", metric: "total_variation", seed, value, count: 60 }
  );
  // s² = (2 · 0.01² + 1 · 0.02) / 3 with 3 degrees of freedom; teacher has one seed and says nothing of them.
  const recorded = [
    ...[0.49, 0.50, 0.51].map((value, i) => run("sft", i, value)),
    ...[0.3, 0.5].map((value, i) => run("gkd", i, value)),
    run("teacher", 0, 0.9),
  ];
  const sd = Math.sqrt((2 * 0.01 ** 2 + 0.02) / 3);
  // Two-sided: p is 0.05 at t = 3.182446 with 3 degrees of freedom (scipy.stats.t.ppf(0.975, 3)).
  assertAlmostEquals(studentTwoSidedP(3.182446305284263, 3), 0.05, 1e-12);
  const limit = 3.182446305284263 * sd * Math.SQRT2;
  const verdictAt = (d: number) => judgeNoise(recorded, [run("teacher", 0, 0.9 + d)]).rows[0];
  assertEquals(verdictAt(0.999 * limit).verdict, "within");
  assertEquals(verdictAt(-1.001 * limit).verdict, "differs");
  assertAlmostEquals(verdictAt(limit).deviations!, 3.182446305284263, 1e-9);
  // Over n seeds the difference of the means varies by s √(2/n).
  const both = judgeNoise(recorded, [run("gkd", 0, 0.4), run("gkd", 1, 0.6), run("gkd", 2, 7)]).rows[0];
  assertEquals([both.seeds, both.recorded, both.now], [[0, 1], 0.4, 0.5]);
  assertAlmostEquals(both.deviations!, 0.1 / sd, 1e-12);
});

Deno.test("equal values are equal, those that agree to a thousandth need no test, and without seeds nothing can be judged", () => {
  const run = (dataset: string, seed: number, value: number): ScoreRow => (
    { experiment, method: "sft", dataset, metric: "gap", seed, value, count: 1 }
  );
  const constant = [run("a", 1, 2), run("a", 2, 2)];
  const verdicts = (recorded: ScoreRow[], now: ScoreRow[]) =>
    judgeNoise(recorded, now).rows.map(({ verdict }) => verdict);
  assertEquals(verdicts(constant, [run("a", 1, 2)]), ["equal"]);
  assertEquals(verdicts(constant, [run("a", 1, 2.001)]), ["within"]);
  assertEquals(verdicts(constant, [run("a", 1, 2.003)]), ["differs"]);
  const single = [run("a", 1, 2), run("b", 1, 0)];
  assertEquals(verdicts(single, [run("a", 1, 2), run("b", 1, 0.5)]), ["equal", "untellable"]);
  // Equal means of other values are no equal values.
  assertEquals(verdicts([run("a", 1, 1), run("a", 2, 3)], [run("a", 1, 3), run("a", 2, 1)]), ["within"]);
  assertEquals(judgeNoise(constant, [run("a", 3, 2), run("c", 1, 2)]), { rows: [], unrecorded: 2 });
});

Deno.test("seeds alone do not vary less than a share of items is rounded: one item more is no difference, ten are", () => {
  const run = (method: string, seed: number, value: number): ScoreRow => (
    { experiment, method, dataset: "dolly", metric: "exact_match", seed, value, count: 200 }
  );
  const recorded = ["sft", "kd", "gkd"].flatMap((method) => [1, 2, 3].map((seed) => run(method, seed, 0)));
  const now = (value: number) => [run("sft", 1, value), run("kd", 1, 0), run("gkd", 1, 0)];
  const verdicts = (value: number) => judgeNoise(recorded, now(value)).rows.map(({ verdict }) => verdict);
  assertEquals(verdicts(0.005), ["within", "equal", "equal"]);
  assertEquals(verdicts(0.05), ["differs", "equal", "equal"]);
});

Deno.test("what varies in one experiment says nothing of another, and all rows are one family", () => {
  const run = (experiment: string, seed: number, value: number): ScoreRow => (
    { experiment, method: "sft", dataset: "dolly", metric: "gap", seed, value, count: 1 }
  );
  const recorded = [1, 2, 3].flatMap((seed) => [run("calm", seed, 1 + seed / 100), run("wild", seed, seed)]);
  const verdicts = (rows: ScoreRow[]) =>
    judgeNoise(recorded, rows).rows.map(({ experiment, verdict }) => `${experiment} ${verdict}`);
  // 5.7 standard deviations of a difference with 2 degrees of freedom: p is 0.030, and 0.061 of two.
  const now = run("calm", 1, 1.09);
  assertEquals(verdicts([now]), ["calm differs"]);
  assertEquals(verdicts([now, run("wild", 1, 1.09)]), ["calm within", "wild within"]);
});
