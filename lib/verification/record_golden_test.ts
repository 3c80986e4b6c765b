import { assert, assertEquals } from "@std/assert";
import { testGpu } from "#kernels/test_gpu.ts";
import { writeModel } from "#lib/models/checkpoint.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { SafeTensorsFile } from "#lib/models/safetensors.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { tinyEncoderDecoder } from "#lib/models/test_encoder_decoder.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { verifyCheckpoint } from "./checkpoint.ts";
import { recordGolden } from "./record_golden.ts";

const gpu = await testGpu();
const TEXTS = [
  { prompt: [3, 1, 4], response: [1, 5] },
  { prompt: [9], response: [2, 6, 5, 3] },
];

async function write(folder: string, model: LanguageModel, texts = TEXTS) {
  await writeModel(model, folder);
  const { tensors, json } = await recordGolden(gpu, model, texts);
  await Deno.writeFile(`${folder}/golden.safetensors`, tensors);
  await Deno.writeTextFile(`${folder}/golden.json`, JSON.stringify(json));
}

const MODELS = {
  gpt2: () => tinyDecoder(gpu, "gpt2"),
  llama: () => tinyDecoder(gpu, "llama", { tiedHead: false }),
  t5: () => tinyEncoderDecoder(gpu, {}),
};

for (const [name, make] of Object.entries(MODELS)) {
  testInFolder(
    `what is recorded of a ${name} model agrees when it is read back, and not with another model`,
    async (folder) => {
      using model = make();
      await write(folder, model);
      const checks = await verifyCheckpoint(gpu, folder);
      const of = (status: string) => checks.filter((check) => check.status === status).map(({ name }) => name);
      const rows = name === "t5" ? [0, 1] : [2, 3];
      assertEquals(of("ok"), ["logits", ...rows.map((row) => `greedy continuation of row ${row}`), "loss"]);
      assertEquals(of("skipped"), ["gradient norm", "gradients", "AdamW step"]);

      const [scaled] = model.store.parameters.values();
      const values = (await model.store.read()).get(scaled.name)!;
      model.store.writeRows(scaled.name, 0, values.map((value) => 1.1 * value));
      await writeModel(model, folder);
      const failed = (await verifyCheckpoint(gpu, folder)).filter(({ status }) => status === "FAIL");
      assert(failed.some(({ name }) => name === "logits"), JSON.stringify(failed));
    },
    { opensDevice: true },
  );
}

Deno.test({
  name: "at most four texts are recorded, each prompt of a decoder once more alone",
  sanitizeResources: false,
  async fn() {
    using model = tinyDecoder(gpu, "llama");
    const texts = Array.from({ length: 6 }, (_, i) => ({ prompt: [i + 1], response: [7] }));
    const { tensors } = await recordGolden(gpu, model, texts);
    const file = SafeTensorsFile.parse(tensors, "golden");
    assertEquals(file.get("logits").shape, [8, 2, model.config.vocabSize]);
    assertEquals([...file.i32("labels")], [-100, 7, -100, 7, -100, 7, -100, 7, ...Array(8).fill(-100)]);
  },
});
