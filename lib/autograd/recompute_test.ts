import { assert, assertEquals } from "@std/assert";
import { Gpu } from "#kernels/runtime/gpu.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { type LanguageModel, ONE_TEXT } from "#lib/models/language_model.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { tinyEncoderDecoder } from "#lib/models/test_encoder_decoder.ts";
import { distillation } from "#lib/objectives/distillation.ts";
import { packTrajectories, type Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { Tape } from "./tape.ts";

const gpu = await testGpu();

const TEXTS: readonly Trajectory[] = [
  { prompt: [3, 1, 4], response: [1, 5, 9, 2] },
  { prompt: [6], response: [5, 3] },
];

/** Of a student beside its teacher, on one tape: the loss, and every gradient of the student. */
async function gradientsOf(device: Gpu, make: (seed: number) => LanguageModel, recompute: boolean) {
  using student = make(1);
  using teacher = make(2);
  const objective = distillation({ distance: { kind: "jensenShannon", weight: 0.3 }, kdRatio: 0.5, temperature: 1 });
  const batch = packTrajectories(device, TEXTS, student.layout);
  using tape = new Tape(device, { learning: [student.store], recompute });
  student.store.zeroGradients();
  const { loss } = objective(tape, { student, teacher }, batch);
  tape.backward(loss);
  return { loss: await device.read(loss.value), gradients: await student.store.readGradients() };
}

const MODELS: Readonly<Record<string, (gpu: Gpu, seed: number) => LanguageModel>> = {
  gpt2: (gpu, seed) => tinyDecoder(gpu, "gpt2", { seed, numLayers: 3 }),
  llama: (gpu, seed) => tinyDecoder(gpu, "llama", { seed, numLayers: 3 }),
  // The source's keys and values are made in every block, so that gradients flow into the encoder from all of them.
  t5: (gpu, seed) => tinyEncoderDecoder(gpu, { seed, numLayers: 3, numDecoderLayers: 3 }),
};

for (const [name, make] of Object.entries(MODELS)) {
  gpuTest(`${name}: blocks that run again in backward give the same gradients to the bit`, async () => {
    const [kept, again] = [
      await gradientsOf(gpu, (seed) => make(gpu, seed), false),
      await gradientsOf(gpu, (seed) => make(gpu, seed), true),
    ];
    assertEquals(again.loss, kept.loss);
    for (const [parameter, gradient] of kept.gradients) {
      assert(gradient.some((value) => value !== 0), `${parameter} has no gradient`);
      assertEquals(again.gradients.get(parameter), gradient, parameter);
    }
  });
}

gpuTest("the buffers of a step do not grow with the blocks but by what each hands to the next", async () => {
  const layers = 6;
  const peakOf = async (numLayers: number, recompute: boolean) => {
    await using own = await Gpu.open();
    using student = tinyDecoder(own, "llama", { numLayers, hiddenSize: 64, maxPositions: 128 });
    // 32 · 128 tokens of 64 numbers: a block's result fills a buffer of the pool, and weights are small beside it.
    const texts = Array.from({ length: 32 }, () => ({ prompt: [1, 2], response: new Array<number>(127).fill(3) }));
    const batch = packTrajectories(own, texts, ONE_TEXT);
    student.store.zeroGradients();
    const before = own.peakBytes;
    using tape = new Tape(own, { learning: [student.store], recompute });
    const hidden = student.hiddenStates(tape, batch.tokens);
    assertEquals(hidden.requiresGrad, true);
    return { bytes: own.peakBytes - before, block: hidden.value.shape[0] * hidden.value.shape[1] * 4 };
  };
  const growth = async (recompute: boolean) => {
    const [few, many] = [await peakOf(2, recompute), await peakOf(2 + layers, recompute)];
    return (many.bytes - few.bytes) / layers / few.block;
  };
  const [kept, again] = [await growth(false), await growth(true)];
  assert(again <= 1.5, `${again} times a block's result`);
  assert(kept >= 6 * again, `${kept} times a block's result without`);
});

gpuTest("a tape on which nothing learns recomputes nothing", () => {
  using model = tinyDecoder(gpu, "gpt2");
  using tape = new Tape(gpu, { recompute: true });
  const batch = packTrajectories(gpu, TEXTS, ONE_TEXT);
  assertEquals(model.hiddenStates(tape, batch.tokens).requiresGrad, false);
});
