import { assertAlmostEquals, assertThrows } from "@std/assert";
import { embedding } from "#kernels/embedding/embedding.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { EnumerableMdp, softmax } from "../enumerable_mdp.ts";
import { actionLogProb } from "../states.ts";
import { tabularBatch } from "../tabular_critic.ts";
import { leaveOneOutAdvantages, textPolicyGradient } from "./leave_one_out.ts";
import { returnsOf } from "./returns.ts";
import { assertClose, valueAndGradient } from "./test_pairs.ts";

const gpu = await testGpu();

async function advantagesOf(returns: readonly number[], textsPerPrompt: number): Promise<number[]> {
  using tape = new Tape(gpu);
  const constant = tape.constant(tape.adopt(gpu.upload(Float32Array.from(returns))));
  return [...await gpu.read(leaveOneOutAdvantages(tape, constant, textsPerPrompt).value)];
}

gpuTest("advantages are returns less the mean of the prompt's others, and 0 in sum", async () => {
  const returns = [1, 4, -2, 0, 0.5, 7];
  assertClose(await advantagesOf(returns, 3), [0, 4.5, -4.5, -3.75, -3, 6.75]);
  assertClose(await advantagesOf(returns, 2), [-3, 3, -2, 2, -6.5, 6.5]);
});

gpuTest("what is added to all returns of a prompt leaves their advantages as they are", async () => {
  const returns = [1, 4, -2, 0, 0.5, 7];
  const shifted = returns.map((value, b) => value + (b < 3 ? 10 : -20));
  assertClose(await advantagesOf(shifted, 3), await advantagesOf(returns, 3), 1e-6);
});

gpuTest("one text per prompt, and texts that do not divide among prompts, are refused", () => {
  using tape = new Tape(gpu);
  const returns = tape.constant(tape.adopt(gpu.upload(new Float32Array(6))));
  const refuses = (textsPerPrompt: number, message: string) =>
    assertThrows(() => leaveOneOutAdvantages(tape, returns, textsPerPrompt), RangeError, message);
  refuses(1, "Cannot leave one text out of 1 per prompt: there must be at least 2");
  refuses(1.5, "Cannot leave one text out of 1.5 per prompt");
  refuses(4, "Cannot divide 6 texts among prompts of 4");
});

gpuTest(
  "in expectation over the texts of a prompt the loss falls as the mean return rises, over all pairs of texts",
  async () => {
    const mdp = new EnumerableMdp({ vocabSize: 2, horizon: 2, gamma: 0.9 });
    const random = new RandomStream(0, "leave one out");
    const table = () => Array.from({ length: mdp.stateCount }, () => [random.normal(), random.normal()]);
    const [logits, reward] = [table(), table()];
    const policyOf = (flat: readonly number[]) =>
      [0, 1, 2].map((state) => softmax(flat.slice(2 * state, 2 * state + 2)));
    const probabilities = mdp.probabilities(policyOf(logits.flat()));
    const expected = Array<number>(6).fill(0);
    for (const [i, first] of probabilities.entries()) {
      for (const [j, second] of probabilities.entries()) {
        const loss = (tape: Tape, parameters: Variable) => {
          const rows = tabularBatch(tape, mdp, [i, j].map((index) => ({ index, weight: 0.5 })));
          const rewards = [i, j].flatMap((index) =>
            mdp.trajectories[index].map((action, t) => reward[mdp.states[index][t]][action])
          );
          const texts = {
            rewards: tape.constant(tape.adopt(gpu.upload(Float32Array.from(rewards)))),
            rowSpans: rows.rowSpans,
          };
          const returns = returnsOf(tape, texts, { gamma: mdp.gamma, rewarded: "everyToken" });
          const atStates = tape.apply(embedding, { table: parameters, ids: tape.constant(rows.states) }, {});
          return textPolicyGradient(
            tape,
            actionLogProb(tape, atStates, rows),
            rows,
            leaveOneOutAdvantages(tape, returns, 2),
          );
        };
        const { gradient } = await valueAndGradient(gpu, logits.flat(), loss, [mdp.stateCount, 2]);
        gradient.forEach((value, k) => expected[k] += first * second * value);
      }
    }
    const meanReturn = (flat: readonly number[]) => mdp.return(policyOf(flat), reward);
    logits.flat().forEach((value, k) => {
      const at = (shifted: number) => meanReturn(logits.flat().with(k, shifted));
      assertAlmostEquals(expected[k], -(at(value + 1e-5) - at(value - 1e-5)) / 2e-5, 1e-5, `logit ${k}`);
    });
  },
);
