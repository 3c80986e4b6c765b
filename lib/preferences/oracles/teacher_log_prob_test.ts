import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { logProbabilities } from "#lib/objectives/test_objective.ts";
import { packTrajectories, releaseBatch, type Trajectory } from "#lib/objectives/trajectory_batch.ts";
import type { Contest } from "../contest.ts";
import { teacherLogProb } from "./teacher_log_prob.ts";

const gpu = await testGpu();

const contest = (prompt: number[], first: number[], second: number[]): Contest => ({
  ...{ prompt, texts: [first, second], writers: ["teacher", "student"], references: [] },
});
const CONTESTS = [
  contest([3, 1, 4], [1, 5, 9, 2], [6]),
  contest([8], [7, 2], [1, 1, 1]),
  contest([2, 7, 1, 8, 2], [8], [5, 3, 5, 8, 9]),
];

/** log π of each token of a text by float64 from the logits. */
async function tokenLogProbs(model: LanguageModel, text: Trajectory): Promise<number[]> {
  const batch = packTrajectories(gpu, [text], model.layout);
  const rows = await logProbabilities(gpu, model, batch);
  releaseBatch(gpu, batch);
  return text.response.map((action, t) => rows[t][action]);
}

gpuTest(
  "the difference is that of the summed log-probabilities, or of their means per token, in batches of any size",
  async () => {
    using teacher = tinyDecoder(gpu);
    for (const perToken of [false, true]) {
      const expected: number[] = [];
      for (const { prompt, texts } of CONTESTS) {
        const [first, second] = await Promise.all(texts.map(async (response) => {
          const logProbs = await tokenLogProbs(teacher, { prompt, response });
          return logProbs.reduce((sum, value) => sum + value, 0) / (perToken ? logProbs.length : 1);
        }));
        expected.push(first - second);
      }
      for (const batchSize of [1, 4, 5, 64]) {
        const differences = await teacherLogProb(gpu, teacher, { perToken, batchSize }).differences(CONTESTS);
        differences.forEach((difference, i) => assertAlmostEquals(difference!, expected[i], 1e-4));
      }
    }
    assertEquals(await teacherLogProb(gpu, teacher, { perToken: false, batchSize: 4 }).differences([]), []);
  },
);

gpuTest("where all tokens are equally likely the sum prefers the shorter text, and the mean neither", async () => {
  using teacher = tinyDecoder(gpu);
  gpu.clear(teacher.store.get("model.norm.weight").value);
  const of = (perToken: boolean) => teacherLogProb(gpu, teacher, { perToken, batchSize: 4 }).differences(CONTESTS);
  const lengths = CONTESTS.map(({ texts: [first, second] }) => second.length - first.length);
  (await of(false)).forEach((difference, i) => assertAlmostEquals(difference!, lengths[i] * Math.log(33), 1e-5));
  for (const difference of await of(true)) assertAlmostEquals(difference!, 0, 1e-6);
});

gpuTest(
  "two runs give the same bits, nothing of them stays on the device, and a stop ends them between two batches",
  async () => {
    using teacher = tinyDecoder(gpu);
    const oracle = teacherLogProb(gpu, teacher, { perToken: false, batchSize: 2 });
    const first = await oracle.differences(CONTESTS);
    const bytes = gpu.peakBytes;
    for (let run = 0; run < 4; run++) assertEquals(await oracle.differences(CONTESTS), first);
    assertEquals(gpu.peakBytes, bytes);
    assert(first.every((difference) => difference !== 0));
    const stop = AbortSignal.abort(new RangeError("enough"));
    await assertRejects(() => oracle.differences(CONTESTS, stop), RangeError, "enough");
  },
);

gpuTest("it says the same to the bit where the logits of some states fit at once", async () => {
  const parts = await testGpu({ logitsBytes: 4 * 33 * 9 });
  const differencesOn = async (device: typeof gpu) => {
    using teacher = tinyDecoder(device);
    return await teacherLogProb(device, teacher, { perToken: false, batchSize: 64 }).differences(CONTESTS);
  };
  assertEquals(await differencesOn(parts), await differencesOn(gpu));
});
