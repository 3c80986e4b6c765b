import { assert, assertEquals, assertMatch } from "@std/assert";
import { testGpu } from "#kernels/test_gpu.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { readJsonFile } from "#lib/json_file.ts";
import { readModel, splitCheckpoint, writeGradients, writeModel } from "./checkpoint.ts";
import type { LanguageModel } from "./language_model.ts";
import { SafeTensorsFile } from "./safetensors.ts";
import { assertRefused as assertRefusedBy, rewrite } from "./test_checkpoints.ts";
import { FORMS, tinyDecoder } from "./test_decoder.ts";
import { tinyEncoderDecoder } from "./test_encoder_decoder.ts";

const gpu = await testGpu();

const test = (name: string, fn: (folder: string) => Promise<void>) => testInFolder(name, fn, { opensDevice: true });
const assertRefused = (folder: string, ...parts: string[]) => assertRefusedBy(gpu, folder, parts);

async function logitsOf(model: LanguageModel) {
  using tape = new Tape(gpu);
  const batch = {
    tokenIds: gpu.upload(Uint32Array.of(3, 1, 4, 1, 5, 9), [2, 3]),
    positions: gpu.upload(Uint32Array.of(0, 1, 2, 0, 1, 2), [2, 3]),
    spans: gpu.upload(Uint32Array.of(0, 3, 0, 3), [2, 2]),
  };
  return await gpu.read(model.logits(tape, model.hiddenStates(tape, batch)).value);
}

for (const family of FORMS) {
  for (const tiedHead of [true, false]) {
    test(`a ${family} checkpoint with a ${tiedHead ? "tied" : "separate"} head reads back with equal bits`, async (folder) => {
      using written = tinyDecoder(gpu, family, { tiedHead });
      await writeModel(written, `${folder}/a/b`);
      using read = await readModel(gpu, `${folder}/a/b`);
      assertEquals(read.config, written.config);
      assertEquals(await read.store.read(), await written.store.read());
      assertEquals(await logitsOf(read), await logitsOf(written));
      assert((await logitsOf(read)).some((value) => Math.abs(value) > 0.1));
    });
  }
}

for (const feedForward of ["relu", "gatedGelu"] as const) {
  for (const tiedHead of [true, false]) {
    const head = tiedHead ? "tied" : "separate";
    test(`a T5 checkpoint with ${feedForward} and a ${head} head reads back with equal bits`, async (folder) => {
      using written = tinyEncoderDecoder(gpu, { feedForward, tiedHead });
      await writeModel(written, folder);
      using read = await readModel(gpu, folder);
      assertEquals(read.config, written.config);
      assertEquals(await read.store.read(), await written.store.read());
    });
  }
}

test("a T5 checkpoint keeps the projections apart, under the names of transformers", async (folder) => {
  using model = tinyEncoderDecoder(gpu, { numLayers: 1 });
  await writeModel(model, folder);
  const file = await SafeTensorsFile.read(`${folder}/model.safetensors`);
  const shapes = Object.fromEntries(file.names.map((name) => [name, file.get(name).shape.join()]));
  const [attention, heads] = [["q", "k", "v"].map((part) => [part, "24,16"]), "16,24"];
  const of = (block: string, layer: string, parts: readonly (readonly string[])[]) =>
    parts.map(([part, shape]) => [`${block}.layer.${layer}.${part}.weight`, shape]);
  const feedForward = [["wi_0", "24,16"], ["wi_1", "24,16"], ["wo", "16,24"]];
  const bias = [["relative_attention_bias", "8,3"]];
  assertEquals(
    shapes,
    Object.fromEntries([
      ["shared.weight", "33,16"],
      ["lm_head.weight", "33,16"],
      ...["encoder", "decoder"].flatMap((stack) => {
        const block = `${stack}.block.0`;
        return [
          [`${stack}.final_layer_norm.weight`, "16"],
          ...of(block, "0.SelfAttention", [...attention, ["o", heads], ...bias]),
          ...(stack === "decoder" ? of(block, "1.EncDecAttention", [...attention, ["o", heads]]) : []),
          ...of(block, `${stack === "encoder" ? 1 : 2}.DenseReluDense`, feedForward),
          ...of(block, "0", [["layer_norm", "16"]]),
          ...of(block, "1", [["layer_norm", "16"]]),
          ...(stack === "decoder" ? of(block, "2", [["layer_norm", "16"]]) : []),
        ];
      }),
    ]),
  );
});

test("a LLaMA checkpoint keeps the projections apart, under the names of transformers", async (folder) => {
  using model = tinyDecoder(gpu, "llama", { numLayers: 1 });
  await writeModel(model, folder);
  const file = await SafeTensorsFile.read(`${folder}/model.safetensors`);
  const shapes = Object.fromEntries(file.names.map((name) => [name, file.get(name).shape.join()]));
  const feedForward = model.config.feedForwardSize;
  assertEquals(shapes, {
    "model.embed_tokens.weight": "33,16",
    "model.layers.0.input_layernorm.weight": "16",
    "model.layers.0.self_attn.q_proj.weight": "16,16",
    "model.layers.0.self_attn.k_proj.weight": "8,16",
    "model.layers.0.self_attn.v_proj.weight": "8,16",
    "model.layers.0.self_attn.o_proj.weight": "16,16",
    "model.layers.0.post_attention_layernorm.weight": "16",
    "model.layers.0.mlp.gate_proj.weight": `${feedForward},16`,
    "model.layers.0.mlp.up_proj.weight": `${feedForward},16`,
    "model.layers.0.mlp.down_proj.weight": `16,${feedForward}`,
    "model.norm.weight": "16",
  });
  const fused = (await model.store.read()).get("model.layers.0.self_attn.qkv_proj.weight")!;
  assertEquals(file.f32("model.layers.0.self_attn.k_proj.weight"), fused.slice(16 * 16, 24 * 16));
  assertEquals(file.f32("model.layers.0.self_attn.v_proj.weight"), fused.slice(24 * 16));
});

test("a tensor of another shape than the configuration says is refused with file, name and both shapes", async (folder) => {
  using written = tinyDecoder(gpu, "llama");
  await writeModel(written, folder);
  const path = `${folder}/config.json`;
  await Deno.writeTextFile(path, JSON.stringify({ ...await readJsonFile(path) as object, vocab_size: 34 }));
  await assertRefused(
    folder,
    `${folder}/model.safetensors: model.embed_tokens.weight is [33,16], but ${folder}/config.json makes it [34,16]`,
  );
});

test("a tensor turned round is refused though it has as many elements", async (folder) => {
  using written = tinyDecoder(gpu, "gpt2");
  await writeModel(written, folder);
  const name = "transformer.h.1.mlp.c_fc.weight";
  await rewrite(folder, (tensors) => tensors.set(name, { shape: [24, 16], data: tensors.get(name)!.data }));
  await assertRefused(folder, `${name} is [24,16]`, "makes it [16,24]");
});

test("a missing tensor is refused by its name, with the nearest ones", async (folder) => {
  using written = tinyDecoder(gpu, "gpt2");
  await writeModel(written, folder);
  await rewrite(folder, (tensors) => {
    tensors.delete("transformer.h.1.ln_2.bias");
    return tensors;
  });
  await assertRefused(folder, "model.safetensors: no tensor transformer.h.1.ln_2.bias; the nearest are transformer.h.");
});

test("a folder without its files, and a config.json that is no JSON, are refused by path", async (folder) => {
  await assertRefused(`${folder}/none`, `${folder}/none/config.json: there is no such file`);
  await Deno.writeTextFile(`${folder}/config.json`, "{");
  await assertRefused(folder, `${folder}/config.json: not JSON: `);
  using model = tinyDecoder(gpu, "gpt2");
  await writeModel(model, folder);
  await Deno.remove(`${folder}/model.safetensors`);
  await assertRefused(folder, `${folder}: no weights: neither model.safetensors nor pytorch_model.bin is there`);
});

test("the config.json written ends with a newline and names the architecture", async (folder) => {
  using model = tinyDecoder(gpu, "llama");
  await writeModel(model, folder);
  const text = await Deno.readTextFile(`${folder}/config.json`);
  assertMatch(text, /"LlamaForCausalLM"[^]*}\n$/);
});

test("gradients written under the checkpoint's names lie where the parameters do", async () => {
  for (const family of FORMS) {
    using model = tinyDecoder(gpu, family);
    const tensors = splitCheckpoint(model, await model.store.read());
    writeGradients(model, (name) => tensors.get(name)!.data);
    assertEquals(await model.store.readGradients(), await model.store.read());
  }
});
