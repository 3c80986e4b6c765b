import { assertAlmostEquals, assertEquals } from "@std/assert";
import { added, dot, scaled, times } from "./linear_algebra.ts";
import { ballBarrier, expectedCounts, PairCounts, preference } from "./pair_counts.ts";
import { namedBlindDirections } from "./problem.ts";
import { labelledPairs, normals, PREFERRED, PROBLEM } from "./test_problem.ts";

const [WEIGHTS, FROM] = normals(2, PREFERRED.length, "weights");

Deno.test("the shortfall is the difference of two log-likelihoods", () => {
  const pairs = [{ prompt: 0, first: 3, second: 20 }, { prompt: 2, first: 9, second: 1 }, {
    prompt: 0,
    first: 20,
    second: 3,
  }];
  const labels = [1, 0, 0.25];
  const counts = new PairCounts(PROBLEM);
  pairs.forEach((pair, n) => counts.add(pair, labels[n]));
  const logLikelihood = (weights: readonly number[]) =>
    pairs.reduce((sum, pair, n) => {
      const p = preference(PROBLEM, pair, weights);
      return sum + labels[n] * Math.log(p) + (1 - labels[n]) * Math.log(1 - p);
    }, 0);
  assertAlmostEquals(counts.shortfall(WEIGHTS, FROM).value, logLikelihood(FROM) - logLikelihood(WEIGHTS), 1e-12);
  assertEquals(counts.shortfall(FROM, FROM).value, 0);
  assertEquals(counts.pairs, 3);
});

Deno.test("gradients and Hessians are central differences, of the likelihood and of the bound", () => {
  const counts = labelledPairs(60);
  const step = 1e-5;
  for (const f of [(w: readonly number[]) => counts.shortfall(w, FROM), (w: readonly number[]) => ballBarrier(w, 4)!]) {
    const { gradient, hessian } = f(WEIGHTS);
    WEIGHTS.forEach((_, j) => {
      const [up, down] = [1, -1].map((sign) => f(WEIGHTS.map((w, i) => i === j ? w + sign * step : w)));
      assertAlmostEquals((up.value - down.value) / (2 * step), gradient[j], 1e-6);
      for (let i = j; i < WEIGHTS.length; i++) {
        assertAlmostEquals((up.gradient[i] - down.gradient[i]) / (2 * step), hessian[i][j], 1e-6);
      }
    });
  }
  assertEquals(ballBarrier(scaled(WEIGHTS, 100), 4), undefined);
});

Deno.test("a pair of a text and itself counts and says nothing", () => {
  const counts = new PairCounts(PROBLEM);
  counts.add({ prompt: 1, first: 4, second: 4 }, 1);
  assertEquals([counts.pairs, counts.shortfall(WEIGHTS, FROM).value], [1, 0]);
});

Deno.test("no likelihood moves when a reward moves in a blind direction", () => {
  const { preferred, visible } = PROBLEM;
  const counts = labelledPairs(200);
  for (const { direction } of namedBlindDirections(PROBLEM)) {
    const moved = times(visible, added(preferred, direction, 10));
    assertAlmostEquals(counts.shortfall(moved, PREFERRED).value, 0, 1e-11);
  }
});

Deno.test("in expectation no reward is likelier than the preferred one, whose gradient is 0", () => {
  const counts = expectedCounts(PROBLEM, PREFERRED, 1);
  assertEquals(counts.pairs, 3 * 27 * 26 / 2);
  const { gradient } = counts.shortfall(PREFERRED, PREFERRED);
  assertAlmostEquals(Math.sqrt(dot(gradient, gradient)), 0, 1e-10);
});
