import { assertAlmostEquals, assertEquals } from "@std/assert";
import { testGpu } from "#kernels/test_gpu.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { readModel, splitCheckpoint, writeModel } from "./checkpoint.ts";
import { testTorchFile } from "./checkpoint_files/test_torch_file.ts";
import type { Decoder } from "./decoder.ts";
import { serializeSafeTensors } from "./safetensors.ts";
import { assertRefused, changeJson, type TestTensors } from "./test_checkpoints.ts";
import { tinyDecoder } from "./test_decoder.ts";

const gpu = await testGpu();
const test = (name: string, fn: (folder: string) => Promise<void>) => testInFolder(name, fn, { opensDevice: true });

const CONFIG = {
  ...{ peft_type: "LORA", base_model_name_or_path: "base", r: 2, lora_alpha: 6, lora_dropout: 0.05, bias: "none" },
  ...{ target_modules: ["q_proj"], modules_to_save: null, alpha_pattern: {}, rank_pattern: {}, use_dora: false },
  ...{ init_lora_weights: true, loftq_config: {}, task_type: "CAUSAL_LM", peft_version: "0.21.0" },
};

const wave = (length: number, frequency: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin(frequency * (i + 1) ** 2));

/** A and B of some weights, `[outputs, inputs]` by PEFT's name. */
function lowRank(weights: Readonly<Record<string, readonly [number, number]>>, rank = 2): TestTensors {
  return new Map(
    Object.entries(weights).flatMap(([name, [outputs, inputs]], i) => [
      [`base_model.model.${name}.lora_A.weight`, { shape: [rank, inputs], data: wave(rank * inputs, 0.3 + i) }],
      [`base_model.model.${name}.lora_B.weight`, { shape: [outputs, rank], data: wave(outputs * rank, 0.7 + i) }],
    ]),
  );
}

/** Writes `base` and beside it `adapter`. */
async function writeBoth(
  folder: string,
  base: Decoder,
  tensors: TestTensors,
  config: Record<string, unknown> = {},
): Promise<string> {
  await writeModel(base, `${folder}/base`);
  const adapter = `${folder}/adapter`;
  await Deno.mkdir(adapter, { recursive: true });
  await Deno.writeTextFile(`${adapter}/adapter_config.json`, JSON.stringify({ ...CONFIG, ...config }));
  await Deno.writeFile(`${adapter}/adapter_model.safetensors`, serializeSafeTensors(tensors));
  return adapter;
}

/** W + scale · B A, in float64; transposed where the weight is stored so. */
async function expectedWeights(
  base: Decoder,
  tensors: TestTensors,
  { scale, isTransposed = false }: { readonly scale: number; readonly isTransposed?: boolean },
): Promise<Map<string, readonly number[]>> {
  const weights = splitCheckpoint(base, await base.store.read());
  return new Map([...weights].map(([name, { shape: [rows, columns = 1], data }]) => {
    const module = `base_model.model.${name.replace(/\.weight$/, "")}`;
    const [a, b] = ["A", "B"].map((letter) => tensors.get(`${module}.lora_${letter}.weight`));
    if (!a || !b) return [name, [...data]];
    const [rank, inputs] = a.shape;
    const product = (o: number, i: number) =>
      Array.from({ length: rank }, (_, k) => b.data[o * rank + k] * a.data[k * inputs + i]).reduce((x, y) => x + y);
    const merged = Array.from({ length: rows * columns }, (_, at) => {
      const [row, column] = [Math.floor(at / columns), at % columns];
      return data[at] + scale * (isTransposed ? product(column, row) : product(row, column));
    });
    return [name, merged];
  }));
}

async function assertMerged(folder: string, expected: Map<string, readonly number[]>): Promise<void> {
  using merged = await readModel(gpu, folder);
  const actual = splitCheckpoint(merged, await merged.store.read());
  assertEquals([...actual.keys()], [...expected.keys()]);
  for (const [name, { data }] of actual) {
    expected.get(name)!.forEach((value, i) =>
      assertAlmostEquals(data[i], value, 2e-6 * Math.max(1, Math.abs(value)), name)
    );
  }
}

const LLAMA = {
  "model.layers.0.self_attn.q_proj": [16, 16],
  "model.layers.1.self_attn.v_proj": [8, 16],
  "model.layers.1.mlp.down_proj": [16, 40],
} as const;

test("an adapter is merged into the weights that it names, and into no others", async (folder) => {
  using base = tinyDecoder(gpu, "llama");
  const tensors = lowRank(LLAMA);
  const adapter = await writeBoth(folder, base, tensors);
  await assertMerged(adapter, await expectedWeights(base, tensors, { scale: 3 }));
});

test("rank-stabilised adapters are divided by the root of the rank, and ranks may differ by module", async (folder) => {
  using base = tinyDecoder(gpu, "llama");
  const tensors = lowRank({ "model.layers.0.self_attn.q_proj": [16, 16] }, 3);
  const adapter = await writeBoth(folder, base, tensors, { use_rslora: true, rank_pattern: { q_proj: 3 } });
  await assertMerged(adapter, await expectedWeights(base, tensors, { scale: 6 / Math.sqrt(3) }));
});

test("GPT-2's weights, stored as inputs by outputs, get the transposed product; so does a base without its prefix", async (folder) => {
  using base = tinyDecoder(gpu, "gpt2");
  const tensors = lowRank({ "transformer.h.0.attn.c_attn": [48, 16], "transformer.h.1.mlp.c_proj": [16, 24] });
  const adapter = await writeBoth(folder, base, tensors, { fan_in_fan_out: true });
  const expected = await expectedWeights(base, tensors, { scale: 3, isTransposed: true });
  await assertMerged(adapter, expected);
  const withoutPrefix = new Map([...tensors].map(([name, tensor]) => [name.replace("transformer.", ""), tensor]));
  await Deno.writeFile(`${adapter}/adapter_model.safetensors`, serializeSafeTensors(withoutPrefix));
  await assertMerged(adapter, expected);
});

test("an adapter as torch.save wrote it, in its base's folder, with a path or with the base given", async (folder) => {
  using base = tinyDecoder(gpu, "llama");
  const tensors = lowRank(LLAMA);
  const adapter = await writeBoth(folder, base, tensors);
  const expected = await expectedWeights(base, tensors, { scale: 3 });
  await Deno.remove(`${adapter}/adapter_model.safetensors`);
  await Deno.writeFile(`${adapter}/adapter_model.bin`, testTorchFile(Object.fromEntries(tensors)));
  await assertMerged(adapter, expected);
  await changeJson(`${adapter}/adapter_config.json`, { base_model_name_or_path: `${folder}/base` });
  await assertMerged(adapter, expected);
  await Deno.rename(adapter, `${folder}/base/adapter`);
  await changeJson(`${folder}/base/adapter/adapter_config.json`, { base_model_name_or_path: "base" });
  await assertMerged(`${folder}/base/adapter`, expected);
  await changeJson(`${folder}/base/adapter/adapter_config.json`, { base_model_name_or_path: "elsewhere" });
  using given = await readModel(gpu, `${folder}/base/adapter`, { base: `${folder}/base` });
  assertEquals(given.store.parameterCount, base.store.parameterCount);
});

const WRONG_SETTINGS: Readonly<Record<string, readonly [changes: Record<string, unknown>, says: string]>> = {
  "another method": [{ peft_type: "IA3" }, 'peft_type is "IA3"; this reads "LORA"'],
  "no method": [{ peft_type: undefined }, "peft_type is missing"],
  "DoRA": [{ use_dora: true }, "use_dora is true; adapters with this setting are not computed"],
  "trained biases": [{ bias: "lora_only" }, 'bias is "lora_only"'],
  "a bias of its own": [{ lora_bias: true }, "lora_bias is true"],
  "whole modules": [{ modules_to_save: ["lm_head"] }, 'modules_to_save is ["lm_head"]'],
  "scales by module": [{ alpha_pattern: { q_proj: 4 } }, 'alpha_pattern is {"q_proj":4}'],
  "a start that changes the base": [{ init_lora_weights: "pissa" }, 'init_lora_weights is "pissa"'],
  "copied layers": [{ layer_replication: [[0, 2]] }, "layer_replication is [[0,2]]"],
  "trained tokens": [{ trainable_token_indices: [5] }, "trainable_token_indices is [5]"],
  "a setting of a later PEFT": [{ use_something: { a: 1 } }, 'use_something is {"a":1}'],
  "no rank": [{ r: 0 }, "r is 0; it must be a positive number"],
  "no alpha": [{ lora_alpha: null }, "lora_alpha is null; it must be a positive number"],
};

for (const [what, [changes, says]] of Object.entries(WRONG_SETTINGS)) {
  test(`refused by its key: ${what}`, async (folder) => {
    using base = tinyDecoder(gpu, "llama");
    const adapter = await writeBoth(folder, base, lowRank(LLAMA), changes);
    await assertRefused(gpu, adapter, [`${adapter}/adapter_config.json: ${says}`]);
  });
}

test("an adapter of another base, or without all of its tensors, is refused by name", async (folder) => {
  using base = tinyDecoder(gpu, "llama");
  const adapter = `${folder}/adapter`;
  const path = `${adapter}/adapter_model.safetensors`;
  const q = "base_model.model.model.layers.0.self_attn.q_proj";
  const refused = async (tensors: TestTensors, ...says: string[]) => {
    await writeBoth(folder, base, tensors);
    await assertRefused(gpu, adapter, says.map((part) => `${path}: ${part}`));
  };
  const deeper = lowRank({ "model.layers.7.self_attn.q_proj": [16, 16] });
  await refused(deeper, "the base model has no model.layers.7.self_attn.q_proj.weight; the nearest are model.layers.");
  const wider = lowRank({ "model.layers.0.self_attn.q_proj": [20, 16] });
  await refused(wider, `${q} changes a weight of [20,16], but its base model's is [16,16]`);
  const halved = lowRank(LLAMA);
  halved.delete(`${q}.lora_B.weight`);
  await refused(halved, `no tensor ${q}.lora_B.weight; the nearest are`);
  await refused(lowRank(LLAMA, 3), `A and B of ${q} are [3,16] and [16,3]; r is 2`);
  const more = lowRank(LLAMA).set("base_model.model.lm_head.weight", { shape: [1], data: Float32Array.of(1) });
  await refused(more, "tensor base_model.model.lm_head.weight is neither A nor B of a LoRA module");
  await refused(new Map(), "it has no tensors");
});

test("a base that is nowhere is refused with what was looked for, and so is an adapter that names none", async (folder) => {
  using base = tinyDecoder(gpu, "llama");
  const missing = await writeBoth(folder, base, lowRank(LLAMA), { base_model_name_or_path: `${folder}/none` });
  const path = `${missing}/adapter_config.json`;
  await assertRefused(gpu, missing, [`${path}: base_model_name_or_path is not to be found: ${folder}/none: no such`]);
  await writeBoth(folder, base, lowRank(LLAMA), { base_model_name_or_path: null });
  await assertRefused(gpu, missing, [`${path}: base_model_name_or_path is missing`]);
  await Deno.remove(`${missing}/adapter_model.safetensors`);
  await assertRefused(gpu, missing, [
    `${missing}: no weights: neither adapter_model.safetensors nor adapter_model.bin`,
  ]);
});
