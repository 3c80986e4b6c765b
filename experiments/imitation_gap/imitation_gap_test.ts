import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import type { RecordedResults } from "#lib/bench/experiment.ts";
import type { CellResult } from "#lib/results/cell_result.ts";
import { displayOf } from "#lib/bench/display.ts";
import { loadProfile } from "#lib/bench/profile.ts";
import { schemaOf } from "#lib/bench/profile_schema.ts";
import { EXPERIMENTS } from "#experiments/main.ts";
import { reportFiles } from "#lib/runner/report_files.ts";
import { formatCurves } from "#lib/results/curves_csv.ts";
import { formatScores } from "#lib/results/scores_csv.ts";
import { imitationGap } from "./imitation_gap.ts";
import { measureStudent } from "./measures.ts";
import { IMITATION_GAP } from "./settings.ts";

const gpu = await testGpu();
// Steps enough for critics to come within 1 % of the supremum.
const profile = await loadProfile("smoke", schemaOf(EXPERIMENTS), ["imitationGap.criticSteps=100"]);
const run = {
  cell: (method: string, seed: number) => measureStudent({ gpu, settings: IMITATION_GAP.of(profile), method, seed }),
};
const cells = new Map<string, CellResult>();
const SEED = 10;

/** The scores of a student by metric; computed once. */
async function scoresOf(method: string): Promise<Record<string, number>> {
  const cell = cells.get(method) ?? await run.cell(method, SEED);
  cells.set(method, cell);
  return Object.fromEntries(cell.scores.map(({ metric, value }) => [metric, value]));
}

/** What the results folder would hold of some cells. */
function recorded(results: ReadonlyMap<string, CellResult>, seed = SEED): RecordedResults {
  const key = { experiment: imitationGap.name, seed };
  const rows = [...results];
  return {
    profile: "smoke",
    display: displayOf([imitationGap]),
    scores: rows.flatMap(([method, { scores }]) => scores.map((score) => ({ ...key, method, ...score }))),
    curves: rows.flatMap(([method, { curves }]) => curves.map((row) => ({ ...key, method, ...row }))),
    items: [],
    settings: [],
  };
}

for (const { name } of imitationGap.methods) {
  gpuTest(`${name}: the gap is U_off at the student's Q and U_on at the teacher's Q`, async () => {
    const scores = await scoresOf(name);
    assertAlmostEquals(scores.gap_by_off_policy_q, scores.gap, 1e-12);
    assertAlmostEquals(scores.gap_by_on_policy_q, scores.gap, 1e-12);
  });

  gpuTest(
    `${name}: the gap is within both bounds, some reward attains each, and critics come within 1 % of them from below`,
    async () => {
      const { gap, ...scores } = await scoresOf(name);
      for (const side of ["off", "on"]) {
        const bound = scores[`bound_${side}_tv`];
        assert(Math.abs(gap) <= bound + 1e-12, `${side}: ${gap} of ${bound}`);
        assertAlmostEquals(scores[`worst_gap_${side}`], bound, 1e-12);
        const found = scores[`bound_${side}_trained`];
        assert(found >= 0.99 * bound - 1e-12 && found <= bound + 1e-12, `${side}: ${found} of ${bound}`);
      }
    },
  );
}

for (const { name } of imitationGap.methods) {
  gpuTest(
    `${name}: the ratio critic finds more of either bound the larger c is, and misses at most 1/(e c) a token`,
    async () => {
      const scores = await scoresOf(name);
      const { gamma, horizon } = IMITATION_GAP.of(profile);
      const tokens = Array.from({ length: horizon }, (_, t) => gamma ** t).reduce((sum, weight) => sum + weight, 0);
      for (const side of ["off", "on"]) {
        const [half, eight, bound] = ["ratio_half", "ratio_8", "tv"].map((by) => scores[`bound_${side}_${by}`]);
        assert(0 <= half && half <= eight + 1e-12 && eight <= bound + 1e-12, `${side}: ${half}, ${eight} of ${bound}`);
        const missed = scores[`sup_q_${side}`] * tokens / Math.E;
        assert(bound - half <= missed / 0.5 + 1e-12 && bound - eight <= missed / 8 + 1e-12, side);
      }
    },
  );
}

gpuTest("at distance 0 there is no gap and nothing for a critic to find; farther away there is", async () => {
  const { sup_q_off, sup_q_on, ...others } = await scoresOf("distance_0");
  assertEquals(sup_q_off, sup_q_on);
  assert(sup_q_on > 1);
  for (const value of Object.values(others)) assertAlmostEquals(value, 0, 1e-12);
  assertEquals(cells.get("distance_0")!.curves, []);
  assert((await scoresOf("distance_1")).gap > 0.1);
});

gpuTest("the critics' share of the supremum rises to more than 99 %", async () => {
  await scoresOf("distance_1");
  for (const side of ["off", "on"]) {
    const shares = cells.get("distance_1")!.curves.filter(({ measure }) => measure === `critic_share_${side}`);
    assert(shares.length > 1);
    shares.slice(1).forEach(({ value }, i) => assert(value > shares[i].value && value <= 1));
    assert(shares.at(-1)!.value > 0.99);
  }
});

gpuTest("a cell has the same bytes twice, and others for another seed", async () => {
  await scoresOf("distance_2");
  const written = (results: RecordedResults) => formatScores(results.scores) + formatCurves(results.curves);
  const again = async (seed: number) =>
    written(recorded(new Map([["distance_2", await run.cell("distance_2", seed)]]), SEED));
  const first = written(recorded(new Map([["distance_2", cells.get("distance_2")!]])));
  assertEquals(await again(SEED), first);
  assertNotEquals(await again(SEED + 1), first);
});

gpuTest("the report has a row for each student and a figure, and says what is missing", async () => {
  await scoresOf("distance_1");
  const files = await reportFiles(imitationGap.report(recorded(cells)));
  assertEquals(Object.keys(files).toSorted(), ["bounds.svg", "table.csv", "table.md", "table.tex"]);
  assertEquals(imitationGap.report(recorded(cells)).tables.table.rows.length, imitationGap.methods.length);
  assertStringIncludes(files["bounds.svg"], "</svg>");
  assertStringIncludes((await reportFiles(imitationGap.report(recorded(new Map()))))["table.md"], "missing");
});
