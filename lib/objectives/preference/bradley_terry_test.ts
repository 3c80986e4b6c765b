import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import { ONE_TEXT } from "#lib/models/language_model.ts";
import { softmax } from "../enumerable_mdp.ts";
import { Dual, gradientOf, sum } from "../test_dual.ts";
import { advantageLogits, advantagesOf, logLikelihood, pairAccuracy, rewardLogits } from "./bradley_terry.ts";
import { packPairs } from "./pair_batch.ts";
import type { TextReward } from "./returns.ts";
import {
  assertClose,
  byText,
  logSigmoidOf,
  meanOf,
  PAIRS,
  RESPONSES,
  someRewards,
  sumsOf,
  TOKENS,
  valueAndGradient,
} from "./test_pairs.ts";

const gpu = await testGpu();
const GAMMA = 0.9;
const VOCAB = 11;
const batch = packPairs(gpu, PAIRS, ONE_TEXT, { gamma: GAMMA });
const everyToken: TextReward = { gamma: GAMMA, rewarded: "everyToken" };
const lastToken: TextReward = { gamma: GAMMA, rewarded: "lastToken" };

const likelihoodOf = (reward: TextReward) => (tape: Tape, rewards: Variable) =>
  logLikelihood(tape, rewardLogits(tape, rewards, batch, reward), batch);

for (const [name, reward] of Object.entries({ everyToken, lastToken })) {
  gpuTest(`the log-likelihood of token rewards and its gradient equal the definition in float64: ${name}`, async () => {
    const rewards = someRewards(3).map((value) => 2 * value);
    const expected = (values: readonly Dual[]) => {
      const last = byText(values).map((tokens) => tokens.at(-1)!.times(GAMMA ** (tokens.length - 1)));
      return meanOf(reward === everyToken ? sumsOf(values, GAMMA) : last, logSigmoidOf);
    };
    const { value, gradient } = await valueAndGradient(gpu, rewards, likelihoodOf(reward));
    assertAlmostEquals(value, expected(rewards.map((each) => new Dual(each))).value, 1e-6);
    assertClose(gradient, gradientOf(expected, rewards));
  });
}

gpuTest(
  "a constant of the prompt leaves the likelihood as it is, one of the token does not, through lengths",
  async () => {
    const undiscounted = likelihoodOf({ ...everyToken, gamma: 1 });
    const rewards = someRewards(3);
    const { value: plain } = await valueAndGradient(gpu, rewards, undiscounted);
    // c(x) spread evenly over the tokens of both texts of the prompt.
    const withPrompt = byText(rewards).flatMap((tokens, text) =>
      tokens.map((each) => each + [0.7, -1.2, 3][text >> 1] / tokens.length)
    );
    assertAlmostEquals((await valueAndGradient(gpu, withPrompt, undiscounted)).value, plain, 1e-6);
    const withToken = rewards.map((each) => each + 0.5);
    assert(Math.abs((await valueAndGradient(gpu, withToken, undiscounted)).value - plain) > 0.05);
  },
);

gpuTest("rewards of hundreds leave likelihood and gradient finite", async () => {
  const { value, gradient } = await valueAndGradient(gpu, someRewards(3).map((r) => 300 * r), likelihoodOf(everyToken));
  assert(Number.isFinite(value) && value < -10, `${value}`);
  assert(gradient.every(Number.isFinite));
});

const tableOf = (seed: number) => Array.from({ length: TOKENS * VOCAB }, (_, i) => Math.fround(Math.sin(seed * i + 2)));
const rowsOf = <T>(table: readonly T[]) =>
  Array.from({ length: TOKENS }, (_, n) => table.slice(n * VOCAB, (n + 1) * VOCAB));

gpuTest("the likelihood in advantage form and its gradient equal the definition in float64", async () => {
  const [q, logits] = [tableOf(5), tableOf(7)];
  const b = rowsOf(logits).map(softmax);
  const taken = RESPONSES.flat();
  const expected = (values: readonly Dual[]) => {
    const advantages = rowsOf(values).map((row, n) =>
      row[taken[n]].minus(sum(row.map((value, action) => value.times(b[n][action]))))
    );
    return meanOf(sumsOf(advantages, GAMMA), logSigmoidOf);
  };
  const { value, gradient } = await valueAndGradient(gpu, q, (tape, values) => {
    const policy = { logits: tape.constant(tape.adopt(gpu.upload(Float32Array.from(logits), [TOKENS, VOCAB]))) };
    return logLikelihood(
      tape,
      advantageLogits(tape, advantagesOf(tape, values, policy, batch), batch, everyToken),
      batch,
    );
  }, [TOKENS, VOCAB]);
  assertAlmostEquals(value, expected(q.map((each) => new Dual(each))).value, 1e-6);
  // Of the 143 numbers, those of two rows.
  const some = Array.from({ length: 2 * VOCAB }, (_, i) => i + 4 * VOCAB);
  const partial = (x: readonly Dual[]) => expected(q.map((each, i) => x[some.indexOf(i)] ?? new Dual(each)));
  assertClose(some.map((i) => gradient[i]), gradientOf(partial, some.map((i) => q[i])));
});

gpuTest("no gradient of the likelihood flows into b, and what is added to a row of Q changes nothing", async () => {
  const likelihood = (tape: Tape, values: Variable, logits: Variable) =>
    logLikelihood(tape, advantageLogits(tape, advantagesOf(tape, values, { logits }, batch), batch, everyToken), batch);
  const constant = (tape: Tape, table: readonly number[]) =>
    tape.constant(tape.adopt(gpu.upload(Float32Array.from(table), [TOKENS, VOCAB])));
  const shape = [TOKENS, VOCAB];
  const ofB = await valueAndGradient(
    gpu,
    tableOf(7),
    (tape, logits) => likelihood(tape, constant(tape, tableOf(5)), logits),
    shape,
  );
  assert(ofB.gradient.every((each) => each === 0));
  const shifted = tableOf(5).map((value, i) => value + Math.floor(i / VOCAB) / 4);
  const ofShifted = await valueAndGradient(
    gpu,
    shifted,
    (tape, values) => likelihood(tape, values, constant(tape, tableOf(7))),
    shape,
  );
  assertAlmostEquals(ofShifted.value, ofB.value, 1e-5);
});

Deno.test("accuracy counts pairs that logits order as labels do, and halves where either is undecided", () => {
  assertEquals(pairAccuracy([2, -1, 0.1, -3], [1, 0, 0, 1]), 0.5);
  assertEquals(pairAccuracy([2, -1], [0.8, 0.1]), 1);
  assertEquals(pairAccuracy([0, 2], [1, 0.5]), 0.5);
  assertThrows(() => pairAccuracy([], []), RangeError, "Cannot compare 0 logits with 0 labels");
  assertThrows(() => pairAccuracy([1], [1, 0]), RangeError, "Cannot compare 1 logits with 2 labels");
});
