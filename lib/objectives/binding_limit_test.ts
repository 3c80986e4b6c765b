import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { EVERY_OBJECTIVE, stepOf } from "./test_every_objective.ts";

/** Tables of 640 KB and more lie in blocks of rows, critics' in several, and logits of 13 states fit at once, of 29 and 31. */
const [VOCAB, LIMIT] = [10_007, 2 ** 19];
/** Sums over the ten thousand ids are those of their blocks, and sums over states those of groups: float32 rounds them otherwise. */
const [VALUE_TOLERANCE, GRADIENT_TOLERANCE] = [2e-6, 1e-5];

/** What the steps of KD and GKD, AMMD, and MM PbKD come to. */
const OBJECTIVES = [
  ...["forward KL alone", "adaptive KL and cross-entropy", "the ratio critic", "ammd, immediate"],
  ...["critics, full moments", "the likelihood of pairs under a critic"],
];

const whole = await testGpu();
const limited = await testGpu({}, LIMIT);

for (const name of OBJECTIVES) {
  gpuTest(`${name}: a device that binds less than a table gives the same loss, measures and gradients`, async () => {
    const [expected, actual] = [whole, limited].map((gpu) => stepOf(gpu, EVERY_OBJECTIVE[name], VOCAB));
    const { loss, measures, gradients } = await expected;
    const parted = await actual;
    assertAlmostEquals(parted.loss, loss, VALUE_TOLERANCE * Math.abs(loss));
    assertEquals(Object.keys(parted.measures), Object.keys(measures));
    for (const [measure, value] of Object.entries(measures)) {
      assertAlmostEquals(parted.measures[measure], value, VALUE_TOLERANCE * Math.max(Math.abs(value), Math.abs(loss)));
    }
    const largest = Math.max(...[...gradients.values()].map(largestOf));
    assert(largest > 0, "there is no gradient");
    for (const [parameter, values] of gradients) {
      const error = largestOf(values.map((value, i) => value - parted.gradients.get(parameter)![i]));
      assert(error <= GRADIENT_TOLERANCE * largest, `${parameter}: off by ${error / largest} of the largest gradient`);
    }
  });
}

function largestOf(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
