import { assert, assertEquals } from "@std/assert";
import { serializeSafeTensors } from "#lib/models/safetensors.ts";
import { runProgram, testInFolder } from "./test_run.ts";

const STORIES = decodeURIComponent(new URL("../../lib/tokenizers/testdata/stories260K", import.meta.url).pathname);

/** Writes an adapter of the queries of stories260K, of which B has this size. */
async function writeAdapter(folder: string, size: number): Promise<void> {
  const wave = (scale: number, phase: number) =>
    Float32Array.from({ length: 128 }, (_, i) => scale * Math.sin(i + phase));
  const tensors = new Map<string, { shape: readonly number[]; data: Float32Array<ArrayBuffer> }>();
  for (let layer = 0; layer < 5; layer++) {
    const name = `base_model.model.model.layers.${layer}.self_attn.q_proj`;
    tensors.set(`${name}.lora_A.weight`, { shape: [2, 64], data: wave(0.125, layer) });
    tensors.set(`${name}.lora_B.weight`, { shape: [64, 2], data: wave(size, layer) });
  }
  await Deno.mkdir(folder);
  await Deno.writeFile(`${folder}/adapter_model.safetensors`, serializeSafeTensors(tensors));
  const config = { peft_type: "LORA", base_model_name_or_path: "roneneldan/elsewhere", r: 2, lora_alpha: 4 };
  await Deno.writeTextFile(`${folder}/adapter_config.json`, JSON.stringify(config));
}

testInFolder(
  "an adapter generates with the tokenizer of the base that is named with it, and its weights merged in",
  async (folder) => {
    await writeAdapter(`${folder}/zero`, 0);
    await writeAdapter(`${folder}/other`, 2);
    const write = async (model: string) => {
      const { status, printed, reported } = await runProgram(
        "generate",
        model,
        "Once upon a time",
        "--max-new-tokens",
        "24",
      );
      assertEquals(status, 0, reported);
      return printed;
    };
    const [base, same, other] = [
      await write(STORIES),
      await write(`${STORIES}+${folder}/zero`),
      await write(`${STORIES}+${folder}/other`),
    ];
    assertEquals(same, base);
    assert(other !== base && other !== "", other);
  },
);

testInFolder("an evaluation records adapter and base", async (folder) => {
  await writeAdapter(`${folder}/adapter`, 0.5);
  await Deno.mkdir(`${folder}/data`);
  await Deno.writeTextFile(`${folder}/data/story.txt`, "Once upon a time, there was a little dog.\n");
  const flags = ["--data", `${folder}/data`, "--out", `${folder}/out`];
  const { status, reported } = await runProgram("evaluate", `${STORIES}+${folder}/adapter`, ...flags);
  assertEquals(status, 0, reported);
  const files = [...Deno.readDirSync(`${folder}/out`)].map(({ name }) => name).filter((name) => name.endsWith(".json"));
  const texts = await Promise.all(files.map((name) => Deno.readTextFile(`${folder}/out/${name}`)));
  const { model } = texts.map((text) => JSON.parse(text)).find((each) => each.model !== undefined);
  assertEquals(Object.keys(model.files), ["adapter_config.json", "adapter_model.safetensors"]);
  assert(Object.keys(model.base.files).includes("model.safetensors"));
});
