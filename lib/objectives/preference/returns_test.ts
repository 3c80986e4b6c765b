import { assert, assertAlmostEquals } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { Dual, gradientOf, sum } from "../test_dual.ts";
import { meanReturn, returnGap, type TextReward } from "./returns.ts";
import { assertClose, byText, RESPONSES, someRewards, sumsOf, valueAndGradient } from "./test_pairs.ts";

const gpu = await testGpu();
const reward: TextReward = { gamma: 0.9, rewarded: "everyToken" };
/** The first texts as the teacher's, the second as the student's. */
const spans = byText(RESPONSES.flatMap((text, b) => text.map(() => b))).map((texts, b) => {
  const first = RESPONSES.slice(0, b).flat().length;
  return [first, first + texts.length];
});
const spansOf = (side: 0 | 1) => gpu.upload(Uint32Array.from(spans.filter((_, b) => b % 2 === side).flat()), [3, 2]);
const [teacher, student] = [spansOf(0), spansOf(1)];

const gap = (tape: Tape, rewards: Variable) =>
  returnGap(tape, { teacher: { rewards, rowSpans: teacher }, student: { rewards, rowSpans: student } }, reward);

gpuTest(
  "the gap of returns and its gradient equal the definition in float64, a mean over texts of any length",
  async () => {
    const expected = (values: readonly Dual[]) => {
      const sums = sumsOf(values, 0.9);
      const meanOf = (side: number) => sum(sums.filter((_, b) => b % 2 === side)).over(3);
      return meanOf(0).minus(meanOf(1));
    };
    const rewards = someRewards(3);
    const { value, gradient } = await valueAndGradient(gpu, rewards, gap);
    assertAlmostEquals(value, expected(rewards.map((each) => new Dual(each))).value, 1e-6);
    assertClose(gradient, gradientOf(expected, rewards));
  },
);

gpuTest("a return of the last token alone is its reward by its discount", async () => {
  const rewards = someRewards(5);
  const ofTeacher = (tape: Tape, values: Variable) =>
    meanReturn(tape, { rewards: values, rowSpans: teacher }, { ...reward, rewarded: "lastToken" });
  const { value } = await valueAndGradient(gpu, rewards, ofTeacher);
  const last = byText(rewards).filter((_, b) => b % 2 === 0).map((tokens) =>
    0.9 ** (tokens.length - 1) * tokens.at(-1)!
  );
  assertAlmostEquals(value, last.reduce((total, each) => total + each) / 3, 1e-6);
});

gpuTest("a constant of the prompt leaves the gap as it is, one of the token does not, through lengths", async () => {
  const rewards = someRewards(3);
  const { value: plain } = await valueAndGradient(gpu, rewards, gap);
  // c(x) at the first token, which is not discounted, of both texts of each prompt.
  const withPrompt = byText(rewards).flatMap((tokens, b) => tokens.with(0, tokens[0] + [0.7, -1.2, 3][b >> 1]));
  assertAlmostEquals((await valueAndGradient(gpu, withPrompt, gap)).value, plain, 1e-6);
  const withToken = rewards.map((each) => each + 0.5);
  assert(Math.abs((await valueAndGradient(gpu, withToken, gap)).value - plain) > 0.05);
});
