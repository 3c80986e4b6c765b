import { assertEquals } from "@std/assert";
import { testGpu } from "#kernels/test_gpu.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { readModel, writeModel } from "./checkpoint.ts";
import { testTorchFile } from "./checkpoint_files/test_torch_file.ts";
import { serializeSafeTensors } from "./safetensors.ts";
import { assertRefused, changeJson, rewrite, shard, tensorsIn } from "./test_checkpoints.ts";
import { tinyDecoder } from "./test_decoder.ts";
import { tinyEncoderDecoder } from "./test_encoder_decoder.ts";

// What is wrong with checkpoints in the wild: one line each, which names the file and says what would be right.

const gpu = await testGpu();

interface WrongCheckpoint {
  readonly what: string;
  /** Makes a sound checkpoint (of GPT-2, in one file) wrong. */
  readonly make: (folder: string) => Promise<void>;
  /** Parts of the message; FOLDER stands for the folder's path. */
  readonly says: readonly string[];
}

const WEIGHTS = "model.safetensors";
const INDEX = "model.safetensors.index.json";
const TABLE = "transformer.wte.weight";
const BIAS = "transformer.h.1.ln_2.bias";
const shardName = (number: number) => `model-0000${number}-of-00003.safetensors`;

const withoutWeights = (...names: string[]) => async (folder: string) => {
  await Deno.remove(`${folder}/${WEIGHTS}`);
  for (const name of names) await Deno.writeTextFile(`${folder}/${name}`, "");
};
const withoutConfig = (...names: string[]) => async (folder: string) => {
  await withoutWeights(...names)(folder);
  await Deno.remove(`${folder}/config.json`);
};
const withConfig = (changes: Readonly<Record<string, unknown>>) => (folder: string) =>
  changeJson(`${folder}/config.json`, changes);
const withIndex = (change: (map: Record<string, unknown>) => void) => async (folder: string) => {
  await shard(folder, 3, WEIGHTS);
  const { weight_map: map } = JSON.parse(await Deno.readTextFile(`${folder}/${INDEX}`));
  change(map);
  await changeJson(`${folder}/${INDEX}`, { weight_map: map });
};
const withShards = (change: (folder: string) => Promise<void>) => async (folder: string) => {
  await shard(folder, 3, WEIGHTS);
  await change(folder);
};
const withBytes = (change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array) => async (folder: string) => {
  await Deno.writeFile(`${folder}/${WEIGHTS}`, change(await Deno.readFile(`${folder}/${WEIGHTS}`)));
};
const quantised = (method: string) => withConfig({ quantization_config: { quant_method: method, bits: 4 } });
const integers = async (folder: string) => {
  const tensors = new Map<
    string,
    { shape: readonly number[]; data: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> }
  >(
    await tensorsIn(folder),
  );
  const { shape, data } = tensors.get(TABLE)!;
  tensors.set(TABLE, { shape, data: Int32Array.from(data) });
  await Deno.writeFile(`${folder}/${WEIGHTS}`, serializeSafeTensors(tensors));
};
const one = { shape: [1], data: Float32Array.of(1) };

const MISSING: readonly WrongCheckpoint[] = [
  { what: "no config.json", make: withoutConfig(), says: ["FOLDER/config.json: there is no such file"] },
  {
    what: "a file of llama.cpp alone",
    make: withoutConfig("model-q4.gguf"),
    says: ["FOLDER/config.json: there is no such file; model-q4.gguf is in a form that is not read, llama.cpp's GGUF"],
  },
  {
    what: "no weights",
    make: withoutWeights(),
    says: ["FOLDER: no weights: neither model.safetensors nor pytorch_model.bin"],
  },
  ...Object.entries({
    "model.onnx": "ONNX",
    "tf_model.h5": "TensorFlow's HDF5",
    "flax_model.msgpack": "Flax's msgpack",
    "rust_model.ot": "rust-bert's",
    "consolidated.00.pth": "its authors' own",
    "weights.safetensors": "a file of another name",
  }).map(([name, form]) => ({
    what: `only ${name}`,
    make: withoutWeights(name),
    says: [`no weights: neither model.safetensors nor`, `; ${name} is in a form that is not read, ${form}`],
  })),
  {
    what: "shards without their index",
    make: withShards((folder) => Deno.remove(`${folder}/${INDEX}`)),
    says: [`FOLDER: no weights`, `; ${shardName(1)} is a shard whose index is missing`],
  },
  {
    what: "a pointer of Git LFS in place of the weights",
    make: (folder) =>
      Deno.writeTextFile(`${folder}/${WEIGHTS}`, "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
    says: [`FOLDER/${WEIGHTS}: a pointer of Git LFS, not the file itself; git lfs pull`],
  },
  {
    what: "a folder in place of the weights",
    make: async (folder) => {
      await withoutWeights()(folder);
      await Deno.mkdir(`${folder}/${WEIGHTS}`);
    },
    says: ["FOLDER: no weights"],
  },
];

const CONFIGURATIONS: readonly WrongCheckpoint[] = [
  ...["gptq", "awq", "bitsandbytes", "fp8", "mxfp4"].map((method) => ({
    what: `weights quantised by ${method}`,
    make: quantised(method),
    says: [`FOLDER/config.json: quantization_config says that the weights are quantised by "${method}"; take`],
  })),
  {
    what: "an architecture that is not built",
    make: withConfig({ model_type: "bert" }),
    says: ['FOLDER/config.json: model_type is "bert"; this reads "gpt2"'],
  },
  {
    what: "a table of other rows than config.json says",
    make: withConfig({ vocab_size: 30 }),
    says: [`FOLDER/${WEIGHTS}: ${TABLE} is [29,16], but FOLDER/config.json makes it [30,16]`],
  },
  {
    what: "fewer layers than are stored",
    make: withConfig({ n_layer: 1 }),
    says: [
      `FOLDER/${WEIGHTS}: a gpt2 model as config.json describes it has no place for tensor transformer.h.1.`,
      "(nor for 11 others)",
    ],
  },
  {
    what: "more layers than are stored",
    make: withConfig({ n_layer: 3 }),
    says: [`FOLDER/${WEIGHTS}: no tensor transformer.h.2.ln_1.weight, nor 11 others; the nearest are transformer.h.`],
  },
  {
    what: "no head though it is not tied",
    make: withConfig({ tie_word_embeddings: false }),
    says: [`FOLDER/${WEIGHTS}: no tensor lm_head.weight, which FOLDER/config.json does not tie to the embedding`],
  },
];

const TENSORS: readonly WrongCheckpoint[] = [
  {
    what: "a missing tensor",
    make: (folder) => rewrite(folder, (tensors) => void tensors.delete(BIAS)),
    says: [`FOLDER/${WEIGHTS}: no tensor ${BIAS}; the nearest are transformer.h.`],
  },
  {
    what: "a tensor that nothing takes",
    make: (folder) => rewrite(folder, (tensors) => void tensors.set("score.weight", one)),
    says: [`FOLDER/${WEIGHTS}: a gpt2 model as config.json describes it has no place for tensor score.weight;`],
  },
  {
    what: "a tensor under two of its names",
    make: (folder) => rewrite(folder, (tensors) => void tensors.set("wte.weight", tensors.get(TABLE)!)),
    says: ["has no place for tensor wte.weight;"],
  },
  {
    what: "weights of whole numbers",
    make: integers,
    says: [
      `FOLDER/${WEIGHTS}: tensor ${TABLE} is I32 but must be F32, F16 or BF16; weights that are quantised are not read`,
    ],
  },
  { what: "an empty file", make: withBytes(() => new Uint8Array()), says: [`FOLDER/${WEIGHTS}: 0 bytes are too few`] },
  {
    what: "a file that ends early",
    make: withBytes((bytes) => bytes.subarray(0, bytes.length - 5)),
    says: [`FOLDER/${WEIGHTS}: tensor transformer.`, "the file is truncated"],
  },
  {
    what: "a damaged header",
    make: withBytes((bytes) => bytes.with(20, 0xff)),
    says: [`FOLDER/${WEIGHTS}: the header is not JSON`, "this is no safetensors file"],
  },
  {
    what: "bytes after the last tensor",
    make: withBytes((bytes) => Uint8Array.from([...bytes, 1, 2])),
    says: [`FOLDER/${WEIGHTS}: 2 bytes after the last tensor; the file is damaged`],
  },
];

const SHARDS: readonly WrongCheckpoint[] = [
  {
    what: "an index that names a missing shard",
    make: withShards((folder) => Deno.remove(`${folder}/${shardName(2)}`)),
    says: [`FOLDER/${INDEX}: it names ${shardName(2)}, which is not there`],
  },
  {
    what: "a shard that the index does not name",
    make: withIndex((map) => {
      for (const [name, shard] of Object.entries(map)) if (shard === shardName(3)) delete map[name];
    }),
    says: [`FOLDER/${INDEX}: it does not name ${shardName(3)}, which lies beside it`],
  },
  {
    what: "a truncated shard",
    make: withShards(async (folder) => {
      const path = `${folder}/${shardName(2)}`;
      await Deno.truncate(path, (await Deno.stat(path)).size - 1);
    }),
    says: [`FOLDER/${shardName(2)}: tensor`, "the file is truncated"],
  },
  {
    what: "a tensor in two shards",
    make: withShards((folder) => Deno.copyFile(`${folder}/${shardName(1)}`, `${folder}/${shardName(2)}`)),
    says: [`FOLDER/${INDEX}: tensor ${TABLE} is in FOLDER/${shardName(1)} and in FOLDER/${shardName(2)}`],
  },
  {
    what: "a tensor in another shard than the index says",
    make: withIndex((map) => map[TABLE] = shardName(2)),
    says: [`FOLDER/${INDEX}: tensor ${TABLE} should be in ${shardName(2)}, but it is in FOLDER/${shardName(1)}`],
  },
  {
    what: "an index that names a tensor which no shard has",
    make: withIndex((map) => map["more.weight"] = shardName(1)),
    says: [`FOLDER/${INDEX}: tensor more.weight should be in ${shardName(1)}, which has none of that name`],
  },
  {
    what: "a tensor that the index does not name",
    make: withIndex((map) => delete map[TABLE]),
    says: [`FOLDER/${INDEX}: it does not name tensor ${TABLE}, which is in FOLDER/${shardName(1)}`],
  },
  {
    what: "an index that leads out of the folder",
    make: withIndex((map) => map[TABLE] = "../elsewhere.safetensors"),
    says: [`FOLDER/${INDEX}: tensor ${TABLE} is in "../elsewhere.safetensors"; that must be a file of this folder`],
  },
  {
    what: "an index without a map",
    make: withShards((folder) => Deno.writeTextFile(`${folder}/${INDEX}`, "[]")),
    says: [`FOLDER/${INDEX}: weight_map must say of each tensor which file holds it`],
  },
  {
    what: "a pickle that is none",
    make: async (folder) => {
      await withoutWeights()(folder);
      await Deno.writeTextFile(`${folder}/pytorch_model.bin`, "<html>");
    },
    says: ["FOLDER/pytorch_model.bin: no file of torch.save: it is no zip archive"],
  },
  {
    what: "a pickle with another tensor",
    make: async (folder) => {
      const tensors = await tensorsIn(folder);
      await withoutWeights()(folder);
      const bytes = testTorchFile({ ...Object.fromEntries(tensors), "score.weight": one });
      await Deno.writeFile(`${folder}/pytorch_model.bin`, bytes);
    },
    says: ["FOLDER/pytorch_model.bin: a gpt2 model as config.json describes it has no place for tensor score.weight;"],
  },
];

for (const { what, make, says } of [...MISSING, ...CONFIGURATIONS, ...TENSORS, ...SHARDS]) {
  testInFolder(`refused in one line: ${what}`, async (folder) => {
    using written = tinyDecoder(gpu, "gpt2");
    await writeModel(written, folder);
    await make(folder);
    await assertRefused(gpu, folder, says.map((part) => part.replaceAll("FOLDER", folder)));
  }, { opensDevice: true });
}

testInFolder(
  "refused in one line: copies of T5's embedding that differ from each other, with the table or without",
  async (folder) => {
    using written = tinyEncoderDecoder(gpu);
    await writeModel(written, folder);
    const [encoder, decoder] = ["encoder", "decoder"].map((stack) => `${stack}.embed_tokens.weight`);
    await rewrite(folder, (tensors) => {
      const { shape, data } = tensors.get("shared.weight")!;
      tensors.set(encoder, { shape, data });
      tensors.set(decoder, { shape, data: data.with(7, 1 + data[7]) });
    });
    await assertRefused(gpu, folder, [`${decoder} differs from shared.weight, which it must be equal to`]);
    await rewrite(folder, (tensors) => void tensors.delete("shared.weight"));
    await assertRefused(gpu, folder, [`${decoder} differs from ${encoder}, which it must be equal to`]);
  },
  { opensDevice: true },
);

testInFolder("reading that fails leaves no buffer behind", async (folder) => {
  using written = tinyDecoder(gpu, "gpt2");
  await writeModel(written, folder);
  await integers(folder);
  const read = () => readModel(gpu, folder).then(() => "read", () => "refused");
  await read();
  const before = gpu.liveBuffers;
  assertEquals([await read(), await read()], ["refused", "refused"]);
  assertEquals(gpu.liveBuffers, before);
}, { opensDevice: true });
