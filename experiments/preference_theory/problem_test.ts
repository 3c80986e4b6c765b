import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { added, dot, norm, scaled, times } from "./linear_algebra.ts";
import { bestPolicy, drawProblem, namedBlindDirections, returnOf, subOptimality } from "./problem.ts";
import { blindDirections } from "./recovery.ts";
import { normals, PREFERRED, PROBLEM, testSettings } from "./test_problem.ts";

Deno.test("policies are distributions over the texts of each prompt, the preferred reward has length 1 where it is visible", () => {
  const { teacher, student, texts, mdp } = PROBLEM;
  assertEquals(texts.map(({ length }) => length), [27, 27, 27]);
  for (const row of [...teacher, ...student]) {
    assertEquals(row.length, mdp.trajectories.length);
    assertAlmostEquals(row.reduce((sum, p) => sum + p, 0), 1, 1e-12);
  }
  assertAlmostEquals(norm(PREFERRED), 1, 1e-12);
});

Deno.test("coordinates of visible directions keep every difference of two texts of a prompt", () => {
  const { textFeatures, texts, preferred } = PROBLEM;
  textFeatures.forEach((ofPrompt, x) =>
    ofPrompt.forEach((text, i) => {
      const whole = dot(added(text, ofPrompt[0], -1), preferred);
      assertAlmostEquals(dot(added(texts[x][i], texts[x][0], -1), PREFERRED), whole, 1e-12);
    })
  );
});

Deno.test("the blind directions are those that have names, of problems of several sizes", () => {
  for (const sizes of [{}, { vocabSize: 2, horizon: 3, prompts: 2 }, { horizon: 4, prompts: 1, gamma: 1 }]) {
    const settings = testSettings(sizes);
    const problem = drawProblem(settings, 20);
    const { visible, blind, shown, unnamed } = blindDirections(problem);
    assertEquals(visible + blind, problem.featureNames.length);
    assertEquals(shown.size, settings.prompts + 2);
    for (const [name, length] of shown) assert(length < 1e-12, `${name}: ${length}`);
    // With one prompt or two words features repeat each other: there is more that is blind than has a name.
    if (settings.prompts === 3) assert(blind === shown.size && unnamed < 1e-12, `${blind} ${unnamed}`);
    else assert(blind >= shown.size);
  }
});

Deno.test("rewards that differ in blind directions alone pay every policy the same advantage over another", () => {
  const { preferred, visible, teacher, student } = PROBLEM;
  const gapOf = (weights: readonly number[]) => {
    const own = times(visible, weights);
    return returnOf(PROBLEM, teacher, own) - returnOf(PROBLEM, student, own);
  };
  for (const { direction } of namedBlindDirections(PROBLEM)) {
    assertAlmostEquals(gapOf(added(preferred, direction, 5)), gapOf(preferred), 1e-12);
  }
});

Deno.test("sub-optimality is the return that is missing: 0 for the best policy, above 0 for others", () => {
  const best = bestPolicy(PROBLEM, PREFERRED);
  assertEquals(subOptimality(PROBLEM, best, PREFERRED), 0);
  for (const policy of [PROBLEM.teacher, PROBLEM.student]) {
    const missing = returnOf(PROBLEM, best, PREFERRED) - returnOf(PROBLEM, policy, PREFERRED);
    assertAlmostEquals(subOptimality(PROBLEM, policy, PREFERRED), missing, 1e-12);
    assert(missing > 0);
  }
  for (const weights of normals(20, PREFERRED.length, "rewards")) {
    assert(subOptimality(PROBLEM, PROBLEM.teacher, weights) >= 0);
    assertAlmostEquals(
      subOptimality(PROBLEM, PROBLEM.teacher, scaled(weights, 3)),
      3 * subOptimality(PROBLEM, PROBLEM.teacher, weights),
      1e-12,
    );
  }
});
