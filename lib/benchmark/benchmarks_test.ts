import { assert, assertEquals } from "@std/assert";
import { testGpu } from "#kernels/test_gpu.ts";
import { decodeFlops, referenceGpt, trainStepFlops } from "./reference_gpt.ts";
import { median } from "./timing.ts";

Deno.test("median is the middle value, or the mean of the two in the middle", () => {
  assertEquals(median([5, 1, 3]), 3);
  assertEquals(median([4, 1, 3, 2]), 2.5);
});

Deno.test({
  name:
    "the reference GPT has 1.07 M parameters and takes 7.3 GFLOP a training step, 2.1 MFLOP and more a decoded token",
  sanitizeResources: false,
  async fn() {
    using model = referenceGpt(await testGpu());
    assertEquals(model.store.parameterCount, 1_071_872);
    assert(Math.abs(trainStepFlops(model) - 7.3e9) < 0.1e9, `${trainStepFlops(model)}`);
    assertEquals(decodeFlops(model, 0), 2 * (1_071_872 - 128 * 128 - 4 * (4 * 128 + 384 + 128 + 512 + 128) - 256));
    assertEquals(decodeFlops(model, 10) - decodeFlops(model, 0), 4 * 4 * 10 * 128);
  },
});
