import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { weightedSum } from "#kernels/weighted_sum/weighted_sum.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import type { Ascent } from "../ascent.ts";
import { afterAscent, heldWithin, lagrangian, roomWithin } from "./confidence_set.ts";
import { valueAndGradient } from "./test_pairs.ts";

const gpu = await testGpu();
const settings = { slackPerPair: 0.05, multiplierRate: 0.5 };

Deno.test("the multiplier stays 0 while the constraint is slack, rises while it is violated, and falls back to 0", () => {
  let state = { multiplier: 0, maxLogLikelihood: -0.4 };
  const step = (logLikelihood: number) => {
    state = afterAscent(state, logLikelihood, settings);
    return state.multiplier;
  };
  assertEquals([step(-0.41), step(-0.449)], [0, 0]);
  assertAlmostEquals(step(-0.65), 0.1, 1e-12);
  assertAlmostEquals(step(-0.55), 0.15, 1e-12);
  assertAlmostEquals(step(-0.45), 0.15, 1e-12);
  assertAlmostEquals(step(-0.4), 0.125, 1e-12);
  for (let i = 0; i < 5; i++) step(-0.4);
  assertEquals(step(-0.4), 0);
});

Deno.test("the largest log-likelihood rises with what passes it, after the multiplier has seen the old one", () => {
  const state = { multiplier: 1, maxLogLikelihood: -0.4 };
  assertAlmostEquals(roomWithin(state, -0.3, settings), 0.15, 1e-12);
  const { multiplier, maxLogLikelihood } = afterAscent(state, -0.3, settings);
  assertAlmostEquals(multiplier, 1 - 0.5 * 0.15, 1e-12);
  assertEquals(maxLogLikelihood, -0.3);
  assertEquals(afterAscent(state, -0.9, settings).maxLogLikelihood, -0.4);
});

Deno.test("with slack 0 any fall below the largest log-likelihood raises the multiplier, with infinite slack none does", () => {
  const state = { multiplier: 0.3, maxLogLikelihood: -0.4 };
  assert(afterAscent(state, -0.4001, { ...settings, slackPerPair: 0 }).multiplier > 0.3);
  for (const multiplierRate of [0, 0.5]) {
    assertEquals(afterAscent(state, -9, { multiplierRate, slackPerPair: Infinity }).multiplier, 0);
  }
});

const weighted = (tape: Tape, x: Variable, weights: readonly number[]) =>
  tape.apply(weightedSum, { x, weights: tape.constant(tape.adopt(gpu.upload(Float32Array.from(weights)))) }, {});

gpuTest(
  "the Lagrangian is the gap plus the multiplier times the room, and its gradient that of both terms",
  async () => {
    const state = { multiplier: 0.8, maxLogLikelihood: -0.42 };
    const { value, gradient } = await valueAndGradient(gpu, [1, -2, 0.5], (tape, x) => {
      const [gap, logLikelihood] = [weighted(tape, x, [1, 2, 3]), weighted(tape, x, [-0.5, 0.25, 0])];
      return lagrangian(tape, { gap, logLikelihood }, state, settings);
    });
    assertAlmostEquals(value, -1.5 + 0.8 * (-1 + 0.42 + 0.05), 1e-6);
    [1 - 0.4, 2 + 0.2, 3].forEach((expected, i) => assertAlmostEquals(gradient[i], expected, 1e-6));
  },
);

gpuTest(
  "an ascent with infinite slack is the ascent itself and asks for no pairs; with a finite one it names both",
  async () => {
    using tape = new Tape(gpu);
    const x = tape.constant(tape.adopt(gpu.upload(Float32Array.of(1, -2))));
    const value = weighted(tape, x, [1, 1]);
    const ascent: Ascent = { value, measures: { d_on: value } };
    const state = { multiplier: 2, maxLogLikelihood: -0.5 };
    const unasked = () => {
      throw new Error("the likelihood was asked for");
    };
    assert(heldWithin(tape, ascent, unasked, state, { ...settings, slackPerPair: Infinity }) === ascent);
    const held = heldWithin(tape, ascent, () => weighted(tape, x, [0.5, 0.5]), state, settings);
    const [[of], [likelihood], [moment]] = await gpu.readAll([
      ...[held.value.value, held.measures.log_likelihood.value, held.measures.d_on.value],
    ]);
    assertEquals([likelihood, moment], [-0.5, -1]);
    assertAlmostEquals(of, -1 + 2 * 0.05, 1e-6);
  },
);
