import { assert, assertEquals } from "@std/assert";
import { testGpu } from "#kernels/test_gpu.ts";
import { decodeFlops, referenceGpt, trainStepFlops } from "./reference_gpt.ts";
import { referenceT5, t5TrainStepFlops } from "./reference_t5.ts";
import { median } from "./timing.ts";
import { TinyTraining } from "./tiny_training.ts";

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

Deno.test({
  name: "the reference T5 has 1.4 M parameters and takes 8.5 GFLOP a training step on 8 × (128 + 128) tokens",
  sanitizeResources: false,
  async fn() {
    using model = referenceT5(await testGpu());
    assertEquals(model.store.parameterCount, 262_144 + 2 * 196_608 + 2 * 262_144 + 2 * 128 + (2 * 2 + 2 * 3 + 2) * 128);
    assert(Math.abs(t5TrainStepFlops(model) - 8.5e9) < 0.1e9, `${t5TrainStepFlops(model)}`);
  },
});

Deno.test({
  name: "the student of the training steps writes texts as long as profile tiny's: 7 tokens, the longest of 16 some 20",
  sanitizeResources: false,
  async fn() {
    using training = await TinyTraining.open(await testGpu());
    const lengths = (await training.generate(4, 2)).map(({ response }) => response.length);
    assertEquals(lengths.length, 4 * 2 * 16);
    const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
    const longest = Array.from({ length: 8 }, (_, i) => Math.max(...lengths.slice(16 * i, 16 * (i + 1))));
    assert(mean > 5 && mean < 9, `${mean}`);
    assert(median(longest) > 12 && median(longest) < 28, `${longest}`);
  },
});
