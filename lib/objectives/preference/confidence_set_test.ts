import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { weightedSum } from "#kernels/weighted_sum/weighted_sum.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import type { Critic } from "#lib/models/critic.ts";
import { type Ascent, negatedSum } from "../ascent.ts";
import { AdamW } from "#lib/training/adam_w.ts";
import { fitPreferences, meanLogLikelihood } from "#lib/training/fit_preferences.ts";
import { updateStep } from "#lib/training/update_step.ts";
import { afterAscent, heldWithin, lagrangian, roomWithin } from "./confidence_set.ts";
import { meanReturn } from "./returns.ts";
import { rewardHead, tokenRewards } from "./reward_head.ts";
import { likelihoodUnder, ORACLE_REWARD, oraclePairs, sigmoid, WEIGHTS } from "./test_oracle.ts";
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

const oracle = oraclePairs(gpu, 1, 60, sigmoid);
const likelihoodOf = (head: Critic) => meanLogLikelihood(gpu, likelihoodUnder(head), [oracle]);

/** The head of maximum likelihood. */
async function likeliestHead(): Promise<Critic> {
  const head = rewardHead(gpu, { featureSize: WEIGHTS.length });
  const run = { learner: head, logLikelihood: likelihoodUnder(head), training: [oracle], heldOut: [oracle] };
  await fitPreferences(gpu, run, { steps: 120, learningRate: 0.05, betas: [0.9, 0.99], lookEvery: 20, patience: 3 });
  return head;
}

/**
 * Ascends on the mean return of some texts from a reward, held within the confidence set around it.
 *
 * @returns by how much the reward of the last steps is less likely than that of the first, nats per pair
 */
async function ascendFrom(start: Critic, slackPerPair: number): Promise<number> {
  using head = rewardHead(gpu, { featureSize: WEIGHTS.length });
  head.store.copyFrom(start.store);
  const maxLogLikelihood = await likelihoodOf(head);
  using optimizer = new AdamW(gpu, head.store, { betas: [0, 0.99], eps: 1e-8, weightDecay: 0 });
  const held = { slackPerPair, multiplierRate: 40 };
  let state = { multiplier: 0, maxLogLikelihood };
  const lost: number[] = [];
  for (let step = 0; step < 120; step++) {
    const measures = await updateStep(gpu, [{ optimizer, learningRate: 0.005 }], [(tape) => {
      const rewards = tokenRewards(tape, head, tape.constant(oracle.features));
      const gap = meanReturn(tape, { rewards, rowSpans: oracle.rowSpans }, ORACLE_REWARD);
      const logLikelihood = () => likelihoodUnder(head)(tape, oracle);
      return negatedSum(tape, [heldWithin(tape, { value: gap, measures: {} }, logLikelihood, state, held)], "loss");
    }]);
    for (const tensor of Object.values(measures)) gpu.release(tensor);
    const now = await likelihoodOf(head);
    state = afterAscent(state, now, held);
    if (step >= 80) lost.push(maxLogLikelihood - now);
  }
  return lost.reduce((sum, each) => sum + each) / lost.length;
}

gpuTest(
  "an ascent stays at the likeliest reward with slack 0, gives up the slack where it is finite, and all without bound",
  async () => {
    using start = await likeliestHead();
    const [none, some, all] = [
      await ascendFrom(start, 0),
      await ascendFrom(start, 0.05),
      await ascendFrom(start, Infinity),
    ];
    assert(none < 0.01, `${none} with slack 0`);
    assert(some > 0.03 && some < 0.07, `${some} with slack 0.05`);
    assert(all > 0.15, `${all} with infinite slack`);
  },
);
