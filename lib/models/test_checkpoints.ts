import { assert, assertRejects } from "@std/assert";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { InputError } from "#lib/errors.ts";
import { readModel, type ReadOptions } from "./checkpoint.ts";
import { testTorchFile } from "./checkpoint_files/test_torch_file.ts";
import { SafeTensorsFile, serializeSafeTensors } from "./safetensors.ts";

export type TestTensors = Map<string, { shape: readonly number[]; data: Float32Array<ArrayBuffer> }>;

/** The tensors of a folder's `model.safetensors`. */
export async function tensorsIn(folder: string): Promise<TestTensors> {
  const file = await SafeTensorsFile.read(`${folder}/model.safetensors`);
  return new Map(file.names.map((name) => [name, { shape: file.get(name).shape, data: file.f32(name) }]));
}

/** Changes the tensors of a checkpoint on disk. */
export async function rewrite(folder: string, change: (tensors: TestTensors) => TestTensors | void): Promise<void> {
  const tensors = await tensorsIn(folder);
  await Deno.writeFile(`${folder}/model.safetensors`, serializeSafeTensors(change(tensors) ?? tensors));
}

/** Changes a file of JSON. */
export async function changeJson(path: string, changes: Readonly<Record<string, unknown>>): Promise<void> {
  await Deno.writeTextFile(path, JSON.stringify({ ...JSON.parse(await Deno.readTextFile(path)), ...changes }));
}

/**
 * Puts shards and their index in place of `model.safetensors`: tensor number i in shard i % count.
 *
 * @param form whether they are what torch.save writes
 */
export async function shard(folder: string, count: number, form: "model.safetensors" | "pytorch_model.bin") {
  const tensors = [...await tensorsIn(folder)];
  await Deno.remove(`${folder}/model.safetensors`);
  const [stem, ending] = form.split(".");
  const nameOf = (i: number) => {
    const [number, of] = [i + 1, count].map((each) => String(each).padStart(5, "0"));
    return `${stem}-${number}-of-${of}.${ending}`;
  };
  for (let i = 0; i < count; i++) {
    const own = new Map(tensors.filter((_, at) => at % count === i));
    const bytes = ending === "bin" ? testTorchFile(Object.fromEntries(own)) : serializeSafeTensors(own);
    await Deno.writeFile(`${folder}/${nameOf(i)}`, bytes);
  }
  const weightMap = Object.fromEntries(tensors.map(([name], at) => [name, nameOf(at % count)]));
  await Deno.writeTextFile(`${folder}/${form}.index.json`, JSON.stringify({ metadata: {}, weight_map: weightMap }));
}

/** Reading must fail with one line that holds these parts. */
export async function assertRefused(
  gpu: Gpu,
  folder: string,
  parts: readonly string[],
  options?: ReadOptions,
): Promise<void> {
  const { message } = await assertRejects(() => readModel(gpu, folder, options), InputError);
  assert(!message.includes("\n"), message);
  for (const part of parts) assert(message.includes(part), `"${message}" lacks "${part}"`);
}
