import { assertAlmostEquals, assertEquals } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { fineTuning } from "./supervised.ts";
import { evaluate, logProbabilities, TEST_ACTIONS, testTexts } from "./test_objective.ts";

const gpu = await testGpu();
const batch = testTexts(gpu);

gpuTest("the cross-entropy of a model whose logits are all equal is log V", async () => {
  using student = tinyDecoder(gpu);
  gpu.clear(student.store.get("model.norm.weight").value);
  const { loss, measures } = await evaluate(gpu, fineTuning, { student }, batch);
  assertAlmostEquals(loss, Math.log(33), 1e-6);
  assertEquals(measures, { loss });
});

gpuTest("cross-entropy is the mean of −log π over the response tokens", async () => {
  using student = tinyDecoder(gpu);
  const { loss } = await evaluate(gpu, fineTuning, { student }, batch);
  const logPolicy = await logProbabilities(gpu, student, batch);
  const expected = TEST_ACTIONS.reduce((sum, action, n) => sum - logPolicy[n][action] / TEST_ACTIONS.length, 0);
  assertAlmostEquals(loss, expected, 1e-5 * loss);
});
