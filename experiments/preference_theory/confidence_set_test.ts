import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { ConfidenceSet, likeliestReward, slackOf } from "./confidence_set.ts";
import { added, dot, norm, scaled } from "./linear_algebra.ts";
import { expectedCounts, PairCounts } from "./pair_counts.ts";
import { labelledPairs, normals, PREFERRED, PROBLEM } from "./test_problem.ts";

const DIMENSIONS = PREFERRED.length;
const BOUND = 8;
const setOf = (pairs: number, slack = slackOf(pairs, 0.05)) =>
  new ConfidenceSet(labelledPairs(pairs), { slack, bound: BOUND, dimensions: DIMENSIONS });

Deno.test("with the labels of infinitely many pairs the fit is the preferred reward", () => {
  const fitted = likeliestReward(expectedCounts(PROBLEM, PREFERRED, 1000), DIMENSIONS, BOUND);
  assertAlmostEquals(norm(added(fitted, PREFERRED, -1)), 0, 1e-6);
});

Deno.test("nothing is likelier than the likeliest, and it stays within its bound where pairs alone would not", () => {
  const counts = labelledPairs(300);
  const fitted = likeliestReward(counts, DIMENSIONS, BOUND);
  for (const step of normals(50, DIMENSIONS, "steps")) {
    assert(counts.shortfall(added(fitted, step, 0.1), fitted).value > -1e-6);
  }
  const one = new PairCounts(PROBLEM);
  one.add({ prompt: 0, first: 0, second: 26 }, 1);
  const likeliest = likeliestReward(one, DIMENSIONS, BOUND);
  assert(norm(likeliest) < BOUND);
  const difference = added(PROBLEM.texts[0][0], PROBLEM.texts[0][26], -1);
  assert(one.shortfall(scaled(difference, BOUND / norm(difference)), likeliest).value > -2e-6);
});

Deno.test("the set has the likeliest reward, is convex, and shrinks with its slack", () => {
  const [narrow, wide] = [setOf(200, 1), setOf(200, 6)];
  assert(narrow.contains(narrow.likeliest));
  const points = normals(200, DIMENSIONS, "rewards").map((step, i) => added(narrow.likeliest, step, 0.01 * i));
  const [inNarrow, inWide] = [narrow, wide].map((set) => points.filter((point) => set.contains(point)));
  assert(inNarrow.length > 5 && inNarrow.length < inWide.length && inWide.length < points.length);
  assert(inNarrow.every((point) => inWide.includes(point)));
  inWide.slice(1).forEach((point, i) => assert(wide.contains(scaled(added(point, inWide[i]), 0.5))));
});

Deno.test("the least product is below that of every reward in the set, and at most 1e-5 above that of one on its border", () => {
  const set = setOf(200);
  for (const direction of normals(5, DIMENSIONS, "directions")) {
    const least = set.leastProduct(direction);
    for (const step of normals(300, DIMENSIONS, "rewards")) {
      const reward = added(set.likeliest, step, 0.5);
      if (set.contains(reward)) assert(dot(reward, direction) >= least - 1e-5);
    }
    // The greatest product is the least one of the opposite direction.
    assert(
      least < dot(set.likeliest, direction) && dot(set.likeliest, direction) < -set.leastProduct(scaled(direction, -1)),
    );
  }
});

Deno.test("without a bound on likelihood the set is the ball, whose least product is known", () => {
  const set = setOf(50, Infinity);
  const [direction] = normals(1, DIMENSIONS, "directions");
  assertAlmostEquals(set.leastProduct(direction), -BOUND * norm(direction), 2e-5);
  assertEquals([norm(set.likeliest), set.contains(scaled(PREFERRED, 7.9)), set.contains(scaled(PREFERRED, 8.1))], [
    ...[0, true, false],
  ]);
});

Deno.test("the preferred reward is in the set of at least 95 of 100 data sets", () => {
  const covered = Array.from({ length: 100 }, (_, seed) => {
    const set = new ConfidenceSet(labelledPairs(100, { seed }), {
      slack: slackOf(100, 0.05),
      bound: BOUND,
      dimensions: DIMENSIONS,
    });
    return set.contains(PREFERRED);
  });
  assert(covered.filter((is) => is).length >= 95, `${covered.filter((is) => is).length}`);
});
