import { assert, assertAlmostEquals } from "@std/assert";
import { RandomStream } from "#lib/random/random_stream.ts";
import { EnumerableMdp, mean, softmax, type Table } from "../enumerable_mdp.ts";
import { holdsOnProblems } from "../test_enumerable_problems.ts";

interface Problem {
  readonly mdp: EnumerableMdp;
  /** Any table of action values. */
  readonly q: Table;
  readonly teacher: Table;
  readonly student: Table;
}

const holds = (law: (problem: Problem) => void) =>
  holdsOnProblems("reward identities", ({ table: q, ...others }) => law({ q, ...others }));

const gapOf = ({ mdp, teacher, student }: Problem, reward: Table) =>
  mdp.return(teacher, reward) - mdp.return(student, reward);
const sumsOf = (mdp: EnumerableMdp, table: Table) => mdp.discountedSums((state, action) => table[state][action]);

Deno.test("with b = student the gap of r_b is AMMD's off-policy moment, with b = teacher its on-policy moment", () =>
  holds((problem) => {
    const { mdp, q, teacher, student } = problem;
    const [ofStudent, ofTeacher] = [student, teacher].map((b) => gapOf(problem, mdp.rewardOf(b, q)));
    assertAlmostEquals(ofStudent, mdp.offPolicyMoment(q, teacher, student), 1e-12);
    assertAlmostEquals(ofTeacher, mdp.onPolicyMoment(q, teacher, student), 1e-12);
  }));

Deno.test("neither b gives the other's moment: the two are different forms", () => {
  const mdp = new EnumerableMdp({ vocabSize: 3, horizon: 3, gamma: 0.9 });
  const random = new RandomStream(1, "reward identities");
  const table = () => Array.from({ length: mdp.stateCount }, () => [0, 1, 2].map(() => random.normal()));
  const [q, teacher, student] = [table(), table().map(softmax), table().map(softmax)];
  const off = gapOf({ mdp, q, teacher, student }, mdp.rewardOf(student, q));
  assert(Math.abs(off - mdp.onPolicyMoment(q, teacher, student)) > 1e-3);
});

Deno.test("for any b the reward of a text is V_b(s_0) plus its summed advantages: r_b telescopes", () =>
  holds(({ mdp, q, teacher, student }) => {
    const mixture = teacher.map((row, state) => row.map((p, action) => (p + student[state][action]) / 2));
    for (const b of [teacher, student, mixture]) {
      const [rewards, advantages] = [sumsOf(mdp, mdp.rewardOf(b, q)), sumsOf(mdp, mdp.advantages(b, q))];
      const start = mean(q[0], b[0]);
      rewards.forEach((reward, i) => assertAlmostEquals(reward, start + advantages[i], 1e-12));
    }
  }));

Deno.test("the Bradley-Terry logit of any two texts is the difference of their summed advantages: V_b(s_0) cancels", () =>
  holds(({ mdp, q, teacher }) => {
    const [rewards, advantages] = [sumsOf(mdp, mdp.rewardOf(teacher, q)), sumsOf(mdp, mdp.advantages(teacher, q))];
    const pairs = rewards.slice(1).map((_, i) => [i, i + 1]);
    for (const [i, j] of [...pairs, [0, rewards.length - 1]]) {
      assertAlmostEquals(rewards[i] - rewards[j], advantages[i] - advantages[j], 1e-12);
    }
  }));

Deno.test("logits of pairs and gap are those of r_b for any table whose advantages are the same", () =>
  holds((problem) => {
    const { mdp, q, teacher } = problem;
    const shifted = q.map((row, state) => row.map((value) => value + Math.sin(state)));
    const [reward, other] = [q, shifted].map((table) => mdp.rewardOf(teacher, table));
    assertAlmostEquals(gapOf(problem, other), gapOf(problem, reward), 1e-12);
    const [sums, others] = [reward, other].map((table) => sumsOf(mdp, table));
    sums.forEach((sum, i) => assertAlmostEquals(others[i] - others[0], sum - sums[0], 1e-12));
  }));

Deno.test("what is added to the reward of a prompt moves neither logit nor gap, what is added to every token moves no gap here", () =>
  holds((problem) => {
    const { mdp, q, student } = problem;
    const reward = mdp.rewardOf(student, q);
    const atStart = reward.map((row, state) => row.map((value) => state === 0 ? value + 3 : value));
    assertAlmostEquals(gapOf(problem, atStart), gapOf(problem, reward), 1e-12);
    // All texts of an enumerated problem are of one length, through which alone such a constant counts.
    const everywhere = reward.map((row) => row.map((value) => value + 3));
    assertAlmostEquals(gapOf(problem, everywhere), gapOf(problem, reward), 1e-11);
    const [sums, shifted] = [reward, atStart].map((table) => sumsOf(mdp, table));
    sums.forEach((sum, i) => assertAlmostEquals(shifted[i] - shifted[0], sum - sums[0], 1e-12));
  }));
