import { assert, assertAlmostEquals } from "@std/assert";
import { ConfidenceSet, slackOf } from "./confidence_set.ts";
import { added, norm, scaled } from "./linear_algebra.ts";
import { greedyStudent, minMaxStudent, worstGap } from "./min_max.ts";
import { guaranteeOf } from "./offline.ts";
import { expectedCounts } from "./pair_counts.ts";
import { meanFeatures, subOptimality } from "./problem.ts";
import { labelledPairs, normals, PREFERRED, PROBLEM } from "./test_problem.ts";

const LIMITS = { bound: 8, dimensions: PREFERRED.length };
const setOf = (pairs: number, seed = 1) =>
  new ConfidenceSet(labelledPairs(pairs, { seed }), { slack: slackOf(pairs, 0.05), ...LIMITS });

Deno.test("no policy has a smaller worst gap than the student of the game, which is a policy", () => {
  for (const pairs of [40, 1000]) {
    const rewards = setOf(pairs);
    const student = minMaxStudent(PROBLEM, rewards);
    for (const row of student) {
      assertAlmostEquals(row.reduce((sum, p) => sum + p, 0), 1, 1e-12);
      assert(row.every((p) => p >= 0));
    }
    const value = worstGap(PROBLEM, rewards, student);
    const others = [PROBLEM.teacher, PROBLEM.student, greedyStudent(PROBLEM, rewards)];
    for (const other of others) {
      assert(value <= worstGap(PROBLEM, rewards, other) + 1e-4);
      const between = student.map((row, x) => scaled(added(row, other[x]), 0.5));
      assert(value <= worstGap(PROBLEM, rewards, between) + 1e-4);
    }
    // Its teacher is a policy of no gap at all.
    assert(value <= 1e-4);
  }
});

Deno.test("the order of min and max does not matter: no reward of the set makes the game's value larger from its side", () => {
  const rewards = setOf(400);
  const value = worstGap(PROBLEM, rewards, minMaxStudent(PROBLEM, rewards));
  // max over R(D) of min over π of J(π*, r) − J(π, r) is minus the least sub-optimality of the teacher.
  for (const step of normals(300, PREFERRED.length, "rewards")) {
    const reward = added(rewards.likeliest, step, 0.3);
    if (rewards.contains(reward)) assert(-subOptimality(PROBLEM, PROBLEM.teacher, reward) <= value + 1e-4);
  }
});

Deno.test("with infinite slack the student has its teacher's features: imitation", () => {
  const all = new ConfidenceSet(labelledPairs(10), { slack: Infinity, ...LIMITS });
  const student = minMaxStudent(PROBLEM, all);
  const difference = added(meanFeatures(PROBLEM, student), meanFeatures(PROBLEM, PROBLEM.teacher), -1);
  assertAlmostEquals(norm(difference), 0, 1e-5);
});

Deno.test("with the labels of infinitely many pairs both students are the best policy", () => {
  const rewards = new ConfidenceSet(expectedCounts(PROBLEM, PREFERRED, 1e6), { slack: 1, ...LIMITS });
  assertAlmostEquals(subOptimality(PROBLEM, minMaxStudent(PROBLEM, rewards), PREFERRED), 0, 1e-4);
  assertAlmostEquals(subOptimality(PROBLEM, greedyStudent(PROBLEM, rewards), PREFERRED), 0, 1e-12);
});

Deno.test("where the preferred reward is in the set, sub-optimality is within the guarantee and the student no worse than its teacher", () => {
  for (const [pairs, seed] of [[40, 1], [40, 2], [300, 3], [3000, 4]]) {
    const rewards = setOf(pairs, seed);
    assert(rewards.contains(PREFERRED), `${seed}`);
    const shortfall = subOptimality(PROBLEM, minMaxStudent(PROBLEM, rewards), PREFERRED);
    assert(shortfall <= guaranteeOf(PROBLEM, rewards, PREFERRED) + 1e-4);
    assert(shortfall <= subOptimality(PROBLEM, PROBLEM.teacher, PREFERRED) + 1e-4);
  }
});
