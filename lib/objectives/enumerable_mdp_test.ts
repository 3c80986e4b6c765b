import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { EnumerableMdp, type Table } from "./enumerable_mdp.ts";
import { holdsOnProblems } from "./test_enumerable_problems.ts";

interface Problem {
  readonly mdp: EnumerableMdp;
  readonly reward: Table;
  readonly teacher: Table;
  readonly student: Table;
}

const holds = (law: (problem: Problem) => void) =>
  holdsOnProblems("problem", ({ table: reward, ...others }) => law({ reward, ...others }));

/** The states by their prefixes, without the numbering: V^π of a prefix by recursion over what may follow. */
function valueOfPrefix(problem: Problem, policy: Table, prefix: readonly number[]): number {
  const { mdp, reward } = problem;
  if (prefix.length === mdp.horizon) return 0;
  const i = mdp.trajectories.findIndex((actions) => prefix.every((action, t) => actions[t] === action));
  const state = mdp.states[i][prefix.length];
  return policy[state].reduce(
    (sum, p, action) =>
      sum + p * (reward[state][action] + mdp.gamma * valueOfPrefix(problem, policy, [...prefix, action])),
    0,
  );
}

Deno.test("states are prefixes: trajectories share one exactly as long as they agree", () => {
  const mdp = new EnumerableMdp({ vocabSize: 3, horizon: 4, gamma: 1 });
  assertEquals([mdp.trajectories.length, mdp.stateCount], [81, 1 + 3 + 9 + 27]);
  const byPrefix = new Map<string, number>();
  mdp.trajectories.forEach((actions, i) =>
    actions.forEach((_, t) => {
      const prefix = actions.slice(0, t).join();
      assertEquals(byPrefix.get(prefix) ?? mdp.states[i][t], mdp.states[i][t]);
      byPrefix.set(prefix, mdp.states[i][t]);
    })
  );
  assertEquals(new Set(byPrefix.values()), new Set(Array.from({ length: mdp.stateCount }, (_, state) => state)));
});

Deno.test("probabilities sum to 1, and the return is that of the recursion over prefixes", () =>
  holds((problem) => {
    const { mdp, teacher, reward } = problem;
    assertAlmostEquals(mdp.probabilities(teacher).reduce((sum, p) => sum + p, 0), 1, 1e-12);
    assertAlmostEquals(mdp.return(teacher, reward), valueOfPrefix(problem, teacher, []), 1e-12);
  }));

Deno.test("the return is the mean of Q at the first state", () =>
  holds(({ mdp, student, reward }) => {
    const [first] = mdp.actionValues(student, reward);
    assertAlmostEquals(
      first.reduce((sum, value, action) => sum + student[0][action] * value, 0),
      mdp.return(student, reward),
      1e-12,
    );
  }));

Deno.test("rewardOf inverts actionValues", () =>
  holds(({ mdp, student, reward }) => {
    const back = mdp.rewardOf(student, mdp.actionValues(student, reward));
    back.forEach((row, s) => row.forEach((value, a) => assertAlmostEquals(value, reward[s][a], 1e-12)));
  }));

Deno.test("the imitation gap is U_off at the student's Q and U_on at the teacher's Q, for every problem", () =>
  holds(({ mdp, teacher, student, reward }) => {
    const gap = mdp.return(teacher, reward) - mdp.return(student, reward);
    assertAlmostEquals(mdp.offPolicyMoment(mdp.actionValues(student, reward), teacher, student), gap, 1e-12);
    assertAlmostEquals(mdp.onPolicyMoment(mdp.actionValues(teacher, reward), teacher, student), gap, 1e-12);
  }));

Deno.test("the gap is within sup |Q| times the supremum over |f| ≤ 1, and some reward attains it", () =>
  holds(({ mdp, teacher, student, reward }) => {
    const gapOf = (r: Table) => mdp.return(teacher, r) - mdp.return(student, r);
    const sign = teacher.map((row, s) => row.map((p, a) => Math.sign(p - student[s][a])));
    for (const [visitor, other] of [[teacher, student], [student, teacher]]) {
      const supremum = mdp.twoTotalVariation(visitor, teacher, student);
      const largest = Math.max(...mdp.actionValues(other, reward).flat().map(Math.abs));
      assert(Math.abs(gapOf(reward)) <= largest * supremum);
      assertAlmostEquals(gapOf(mdp.rewardOf(other, sign)), supremum, 1e-12);
    }
  }));
