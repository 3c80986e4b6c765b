import { assert, assertEquals } from "@std/assert";
import { testGpu } from "#kernels/test_gpu.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { readModel, writeModel } from "./checkpoint.ts";
import { testTorchFile } from "./checkpoint_files/test_torch_file.ts";
import { Decoder } from "./decoder.ts";
import type { LanguageModel } from "./language_model.ts";
import { serializeSafeTensors } from "./safetensors.ts";
import { changeJson, rewrite, shard, tensorsIn, type TestTensors } from "./test_checkpoints.ts";
import { FORMS, TINY, tinyDecoder } from "./test_decoder.ts";
import { tinyEncoderDecoder } from "./test_encoder_decoder.ts";

// Checkpoints as they lie about: each is read as the model that was written.

const gpu = await testGpu();
const test = (name: string, fn: (folder: string) => Promise<void>) => testInFolder(name, fn, { opensDevice: true });

async function assertReadsAs(folder: string, written: LanguageModel): Promise<void> {
  using read = await readModel(gpu, folder);
  assertEquals(read.config, written.config);
  assertEquals(await read.store.read(), await written.store.read());
}

for (const form of ["model.safetensors", "pytorch_model.bin"] as const) {
  for (const count of [1, 3]) {
    test(`${count} shards of ${form} with their index`, async (folder) => {
      using written = tinyDecoder(gpu, "llama");
      await writeModel(written, folder);
      await shard(folder, count, form);
      await assertReadsAs(folder, written);
    });
  }
}

test("shards beside another set of shards, which an earlier export left", async (folder) => {
  using written = tinyDecoder(gpu, "gpt2");
  await writeModel(written, folder);
  await shard(folder, 2, "model.safetensors");
  await Deno.writeTextFile(`${folder}/model-00003-of-00005.safetensors`, "");
  await assertReadsAs(folder, written);
});

test("pytorch_model.bin, and beside it model.safetensors, which is the one that is read", async (folder) => {
  using written = tinyDecoder(gpu, "gpt2");
  await writeModel(written, folder);
  const tensors = await tensorsIn(folder);
  await Deno.writeTextFile(`${folder}/pytorch_model.bin`, "not looked at");
  await assertReadsAs(folder, written);
  await Deno.remove(`${folder}/model.safetensors`);
  await Deno.writeFile(`${folder}/pytorch_model.bin`, testTorchFile(Object.fromEntries(tensors)));
  await assertReadsAs(folder, written);
});

/** Tensors whose names begin otherwise. */
const renamed = (tensors: TestTensors, from: string, to: string): TestTensors =>
  new Map([...tensors].map(([name, tensor]) => [name.startsWith(from) ? to + name.slice(from.length) : name, tensor]));

for (const form of FORMS) {
  test(`${form}'s names under every beginning that its files have`, async (folder) => {
    using written = tinyDecoder(gpu, form);
    await writeModel(written, folder);
    const tensors = await tensorsIn(folder);
    const [own, ...others] = written.family.checkpointNames.prefixes;
    assert([...tensors.keys()].every((name) => name.startsWith(own) || name === "lm_head.weight"));
    assert(others.length > 0);
    for (const other of others) {
      await Deno.writeFile(`${folder}/model.safetensors`, serializeSafeTensors(renamed(tensors, own, other)));
      await assertReadsAs(folder, written);
    }
  });
}

test("masks and frequencies that hold no weights are passed over", async (folder) => {
  const one = { shape: [1], data: Float32Array.of(1) };
  for (
    const [family, buffers] of [
      ["gpt2", ["transformer.h.0.attn.bias", "transformer.h.1.attn.masked_bias"]],
      ["llama", ["model.layers.0.self_attn.rotary_emb.inv_freq"]],
    ] as const
  ) {
    using written = tinyDecoder(gpu, family);
    await writeModel(written, folder);
    await rewrite(folder, (tensors) => buffers.forEach((name) => tensors.set(name, one)));
    await assertReadsAs(folder, written);
  }
});

for (const [family, table] of [["gpt2", "transformer.wte.weight"], ["llama", "model.embed_tokens.weight"]] as const) {
  test(`a tied head of ${family} that is stored too, and one that is stored alone`, async (folder) => {
    using written = tinyDecoder(gpu, family);
    await writeModel(written, folder);
    await rewrite(folder, (tensors) => void tensors.set("lm_head.weight", tensors.get(table)!));
    await assertReadsAs(folder, written);
    await rewrite(folder, (tensors) => void tensors.delete(table));
    await assertReadsAs(folder, written);
  });

  test(`a head of ${family} that is stored with other values is its own, whatever config.json says`, async (folder) => {
    using written = tinyDecoder(gpu, family, { tiedHead: false });
    await writeModel(written, folder);
    await changeJson(`${folder}/config.json`, { tie_word_embeddings: true });
    await assertReadsAs(folder, written);
  });
}

test("T5's embedding under any of its names, and a head of its own though config.json ties it", async (folder) => {
  using written = tinyEncoderDecoder(gpu, { tiedHead: true, scaledHead: true });
  await writeModel(written, folder);
  const copies = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight"];
  await rewrite(folder, (tensors) => copies.forEach((name) => tensors.set(name, tensors.get("shared.weight")!)));
  await assertReadsAs(folder, written);
  await rewrite(folder, (tensors) => void tensors.delete("shared.weight"));
  await assertReadsAs(folder, written);
  using untied = tinyEncoderDecoder(gpu, { tiedHead: false, scaledHead: true });
  await writeModel(untied, folder);
  await changeJson(`${folder}/config.json`, { tie_word_embeddings: true });
  await assertReadsAs(folder, untied);
});

test("the bias of distances to the source, which T5's first checkpoints hold and T5 never reads", async (folder) => {
  using written = tinyEncoderDecoder(gpu);
  await writeModel(written, folder);
  const name = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";
  await rewrite(folder, (tensors) => void tensors.set(name, { shape: [8, 3], data: new Float32Array(24) }));
  await assertReadsAs(folder, written);
});

test("a tensor of several pieces lands where it should, row by row", async (folder) => {
  let drawn = 0;
  const config = { ...TINY.gpt2, vocabSize: 40_001, hiddenSize: 64, headSize: 32 };
  using written = new Decoder(gpu, config, () => drawn++ % 9973);
  await writeModel(written, folder);
  using read = await readModel(gpu, folder);
  const name = "transformer.wte.weight";
  const [expected, actual] = [(await written.store.read()).get(name)!, (await read.store.read()).get(name)!];
  assertEquals([actual.length, actual.findIndex((value, i) => value !== expected[i])], [40_001 * 64, -1]);
});

for (const [dtype, halfOf] of [["F16", float16], ["BF16", bfloat16]] as const) {
  test(`weights stored as ${dtype} become exactly the numbers they stand for`, async (folder) => {
    using written = tinyDecoder(gpu, "llama");
    await writeModel(written, folder);
    const tensors = await tensorsIn(folder);
    await Deno.writeFile(`${folder}/model.safetensors`, serialize16(tensors, dtype, halfOf));
    using read = await readModel(gpu, folder);
    const expected = new Map(
      [...await written.store.read()].map(([name, values]) => [name, values.map((value) => halfOf(value).value)]),
    );
    assertEquals(await read.store.read(), expected);
  });
}

interface Half {
  readonly bits: number;
  /** What the bits stand for. */
  readonly value: number;
}

function float16(value: number): Half {
  const half = Float16Array.of(value);
  return { bits: new Uint16Array(half.buffer)[0], value: half[0] };
}

/** Cut off, not rounded. */
function bfloat16(value: number): Half {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0] >>> 16;
  return { bits, value: new Float32Array(Uint32Array.of(bits << 16).buffer)[0] };
}

function serialize16(tensors: TestTensors, dtype: string, halfOf: (value: number) => Half): Uint8Array {
  let at = 0;
  const header = Object.fromEntries([...tensors].map(([name, { shape, data }]) => {
    const begin = at;
    at += 2 * data.length;
    return [name, { dtype, shape, data_offsets: [begin, at] }];
  }));
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = new Uint8Array(BigUint64Array.of(BigInt(json.length)).buffer);
  const values = [...tensors.values()].flatMap(({ data }) => [...data].map((value) => halfOf(value).bits));
  return Uint8Array.from([...length, ...json, ...new Uint8Array(Uint16Array.from(values).buffer)]);
}
