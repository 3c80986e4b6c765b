import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { displayOf } from "#lib/bench/display.ts";
import type { RecordedResults } from "#lib/bench/experiment.ts";
import type { CellResult } from "#lib/results/cell_result.ts";
import { formatCurves } from "#lib/results/curves_csv.ts";
import { formatScores } from "#lib/results/scores_csv.ts";
import { reportFiles } from "#lib/runner/report_files.ts";
import { learnOnline } from "./online.ts";
import { learnOffline } from "./offline.ts";
import { measureLearner } from "./measures.ts";
import { preferenceTheory } from "./preference_theory.ts";
import { recoverReward } from "./recovery.ts";
import { testSettings } from "./test_problem.ts";

const SEED = 10;
const SETTINGS = testSettings({
  ...{ scales: [0.25, 1], sizes: [32, 128, 512], draws: 2, identityDraws: 5 },
  ...{ rounds: 64, pairsGrowth: 1.5 },
});

/** What the results folder would hold of some cells. */
function recorded(results: ReadonlyMap<string, CellResult>): RecordedResults {
  const key = { experiment: preferenceTheory.name, seed: SEED };
  const rows = [...results];
  return {
    profile: "smoke",
    display: displayOf([preferenceTheory]),
    scores: rows.flatMap(([method, { scores }]) => scores.map((score) => ({ ...key, method, ...score }))),
    curves: rows.flatMap(([method, { curves }]) => curves.map((row) => ({ ...key, method, ...row }))),
    items: [],
    settings: [],
  };
}

const allCells = () =>
  new Map(preferenceTheory.methods.map(({ name }) => [name, measureLearner(SETTINGS, name, SEED)] as const));
const cells = allCells();

Deno.test("cells have the same bytes twice, and others for another seed", () => {
  const written = (results: RecordedResults) => formatScores(results.scores) + formatCurves(results.curves);
  const first = written(recorded(cells));
  assertEquals(written(recorded(allCells())), first);
  const other = measureLearner(SETTINGS, "recovery", SEED + 1);
  assertNotEquals(other, cells.get("recovery"));
});

Deno.test("sub-optimality and regret are not negative, regret never falls, and a learner without new pairs pays the same each round", () => {
  for (const learner of ["offline_set", "offline_mle", "offline_imitation"] as const) {
    for (const { suboptimality } of learnOffline(SETTINGS, learner, SEED)) {
      for (const value of suboptimality.values()) assert(value >= 0);
    }
  }
  const online = learnOnline(SETTINGS, "online_rounds", SEED);
  const first = learnOnline(SETTINGS, "online_first_pairs", SEED);
  assertEquals(online.map(({ rounds }) => rounds), [2, 4, 8, 16, 32, 64]);
  for (const scale of SETTINGS.scales) {
    const [regrets, linear] = [online, first].map((results) => results.map(({ regret }) => regret.get(scale)!));
    regrets.forEach((regret, i) => assert(regret >= (regrets[i - 1] ?? 0)));
    linear.forEach((regret, i) => assertAlmostEquals(regret, linear[0] * 2 ** i, 1e-9));
  }
  assert(online.at(-1)!.regret.get(1)! < first.at(-1)!.regret.get(1)!);
});

Deno.test("imitation does not gain from pairs, and is as far from the best policy as the scale is large", () => {
  const results = learnOffline(SETTINGS, "offline_imitation", SEED);
  for (const { suboptimality } of results) {
    assertAlmostEquals(suboptimality.get(1)!, results[0].suboptimality.get(1)!, 1e-12);
    assertAlmostEquals(suboptimality.get(0.25)!, suboptimality.get(1)! / 4, 1e-12);
  }
});

Deno.test("the recovered reward comes nearer where pairs can show it, and stays where it was elsewhere", () => {
  const results = recoverReward(SETTINGS, SEED);
  assert(results.at(-1)!.visible < results[0].visible / 2);
  for (const { blind } of results) assertAlmostEquals(blind, results[0].blind, 1e-12);
  assert(results[0].blind > 0.1);
});

Deno.test("the report has its tables and figures, and says what is missing", async () => {
  const files = await reportFiles(preferenceTheory.report(recorded(cells)));
  const figures = ["offline", "online", "recovery", "scales"].map((name) => `${name}.svg`);
  assertEquals(Object.keys(files).filter((name) => name.endsWith(".svg")).toSorted(), figures);
  assertEquals(
    Object.keys(files).filter((name) => name.endsWith(".md")).toSorted(),
    ["guarantee", "identities", "offline", "online", "recovery", "table"].map((name) => `${name}.md`),
  );
  assertEquals(preferenceTheory.report(recorded(cells)).tables.table.rows.length, preferenceTheory.methods.length - 1);
  assertStringIncludes((await reportFiles(preferenceTheory.report(recorded(new Map()))))["table.md"], "missing");
});
