import { assertAlmostEquals, assertEquals } from "@std/assert";
import { gpuTest } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { newModel } from "#lib/models/checkpoint.ts";
import { llama } from "#lib/models/llama.ts";
import { t5Config } from "#lib/models/t5_config.ts";
import { fineTuning } from "#lib/objectives/supervised.ts";
import { packTrajectories, releaseBatch, type Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { surprisesOf, windowsOf } from "./surprise.ts";

const SIZES = { vocabSize: 36, hiddenSize: 16, numLayers: 2, numHeads: 2, maxPositions: 128 };
const random = new RandomStream(3, "test");
const idsOf = (count: number) => Array.from({ length: count }, () => random.integer(SIZES.vocabSize));
/** Of many lengths, together of more states than are computed at once below. */
const TEXTS: readonly Trajectory[] = [70, 3, 1, 50, 90, 12].map((count, i) => (
  { prompt: idsOf(i + 1), response: idsOf(count) }
));

for (const config of [llama.smallConfig(SIZES), t5Config(SIZES)]) {
  gpuTest(
    `the surprise of texts is cross-entropy summed, whatever is computed at once: ${config.family}`,
    async (gpu) => {
      const normal = new RandomStream(1, "parameters");
      using model = newModel(gpu, config, () => normal.normal());
      const done: number[] = [];
      const all = await surprisesOf(gpu, model, TEXTS, { batchSize: 4, progress: (count) => done.push(count) });
      const parts = await surprisesOf(gpu, model, TEXTS, { batchSize: 6, logitBytes: 64 * 4 * SIZES.vocabSize });
      assertEquals(done, [4, 6]);
      for (const [i, text] of TEXTS.entries()) {
        const batch = packTrajectories(gpu, [text], model.layout);
        using tape = new Tape(gpu);
        const { loss } = fineTuning(tape, { student: model }, batch);
        const [mean] = await gpu.read(loss.value);
        releaseBatch(gpu, batch);
        const expected = mean * text.response.length;
        for (const value of [all[i], parts[i]]) assertAlmostEquals(value, expected, 1e-4 * expected);
      }
    },
  );
}

Deno.test("windows of a text overlap by the token that the next one begins with, and count every other token once", () => {
  const ids = Array.from({ length: 11 }, (_, i) => i);
  assertEquals(windowsOf(ids, 4), [
    { prompt: [0], response: [1, 2, 3, 4] },
    { prompt: [4], response: [5, 6, 7, 8] },
    { prompt: [8], response: [9, 10] },
  ]);
  assertEquals(windowsOf(ids, Infinity), [{ prompt: [0], response: ids.slice(1) }]);
  assertEquals(windowsOf(ids.slice(0, 5), 4), [{ prompt: [0], response: [1, 2, 3, 4] }]);
  assertEquals([windowsOf([7], 4), windowsOf([], 4)], [[], []]);
});
