import type { Gpu } from "#kernels/runtime/gpu.ts";
import { elementCount } from "#kernels/runtime/tensor.ts";
import { readJsonFile } from "#lib/json_file.ts";
import { InputError } from "#lib/errors.ts";
import { fileNames, openWeights, others } from "./checkpoint_files/open_weights.ts";
import { floatPieces, type StoredTensor } from "./checkpoint_files/stored_tensor.ts";
import type { CheckpointTensor } from "./checkpoint_tensor.ts";
import { Decoder } from "./decoder.ts";
import { EncoderDecoder } from "./encoder_decoder.ts";
import type { LanguageModel } from "./language_model.ts";
import {
  isAdapterFolder,
  locateBase,
  type LoraAdapter,
  type Merge,
  mergerInto,
  readLoraAdapter,
} from "./lora_adapter.ts";
import type { ModelOptions } from "./model_weights.ts";
import { loraOf, readAdapterInto } from "./lora_folder.ts";
import { formatModelConfig, type ModelConfig, parseModelConfig } from "./model_config.ts";
import { safeTensorsPieces } from "./safetensors.ts";
import { findTensors } from "./stored_tensors.ts";

/**
 * A model of the configuration, decoder or encoder-decoder.
 *
 * @param normalSource draws from N(0, 1) for the initial parameters; without it they are 0
 */
export function newModel(
  gpu: Gpu,
  config: ModelConfig,
  normalSource?: () => number,
  options?: ModelOptions,
): LanguageModel {
  return "startId" in config
    ? new EncoderDecoder(gpu, config, normalSource, options)
    : new Decoder(gpu, config, normalSource, options);
}

export interface ReadOptions extends ModelOptions {
  /** The folder of an adapter's base model, if that is not where the adapter says. */
  readonly base?: string;
  /** Whether an adapter stays beside the base model's weights, to be trained on; default it is merged into them. */
  readonly keepAdapter?: boolean;
}

/**
 * Reads a model from a folder as the Hugging Face hub has it: `config.json` of any architecture that `parseModelConfig` knows, and
 * weights in one file or in shards, safetensors or what torch.save writes. A folder of a LoRA adapter gives the base model with the
 * adapter merged into it. Values go to the GPU piece by piece: beside them some MB are in memory.
 *
 * @throws {InputError} in one line, where a file is missing, damaged, contradicts another, or is of a form that is not read
 */
export async function readModel(gpu: Gpu, folder: string, options: ReadOptions = {}): Promise<LanguageModel> {
  if (!isAdapterFolder(folder)) return await readWeights(gpu, folder, options);
  const adapter = await readLoraAdapter(folder);
  return await readWeights(gpu, options.base ?? (await locateBase(adapter.config, folder)).folder, options, adapter);
}

async function readWeights(
  gpu: Gpu,
  folder: string,
  options: ReadOptions,
  adapter?: LoraAdapter,
): Promise<LanguageModel> {
  const configPath = `${folder}/config.json`;
  const stated = await readConfig(folder, configPath);
  using files = await openWeights(folder);
  const { config, tensors } = findTensors(stated, files, configPath);
  const kept = options.keepAdapter ? adapter : undefined;
  const merge = adapter && !kept ? mergerInto(adapter, config) : undefined;
  const model = newModel(gpu, config, undefined, kept ? { ...options, lora: loraOf(kept, config) } : options);
  try {
    if (kept) readAdapterInto(model, kept);
    for (const [tensor, stored] of tensors) await writeStored(gpu, model, tensor, stored, merge);
  } catch (error) {
    model[Symbol.dispose]();
    throw error;
  }
  return model;
}

async function readConfig(folder: string, path: string): Promise<ModelConfig> {
  const names = fileNames(folder);
  if (names.length > 0 && !names.includes("config.json")) {
    throw new InputError(`${path}: there is no such file${others(names)}`);
  }
  return parseModelConfig(await readJsonFile(path), path);
}

async function writeStored(
  gpu: Gpu,
  model: LanguageModel,
  { name, parameter, firstRow }: CheckpointTensor,
  stored: StoredTensor,
  merge: Merge | undefined,
): Promise<void> {
  for (const piece of floatPieces(stored)) {
    merge?.(name, piece.firstRow, piece.values);
    model.weights.writeRows(parameter, firstRow + piece.firstRow, piece.values);
    await gpu.throttle();
  }
}

/** Puts gradients, under the names and shapes of the checkpoint, where backward would have. */
export function writeGradients(
  model: LanguageModel,
  valuesOf: (name: string) => Float32Array<ArrayBuffer>,
): void {
  for (const { name, parameter, firstRow } of model.checkpointTensors()) {
    model.store.writeGradientRows(parameter, firstRow, valuesOf(name));
  }
}

/**
 * Writes a checkpoint folder that `readModel` and Hugging Face's transformers read.
 *
 * @param ids special tokens by transformers' names, as in `{ eos_token_id: 5 }`: what the model itself does not know
 */
export async function writeModel(
  model: LanguageModel,
  folder: string,
  ids: Readonly<Record<string, number | null>> = {},
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const config = JSON.stringify({ ...formatModelConfig(model.config), ...ids }, null, 2);
  await Deno.writeTextFile(`${folder}/config.json`, `${config}\n`);
  const tensors = splitCheckpoint(model, await model.weights.read());
  await Deno.writeFile(
    `${folder}/model.safetensors`,
    ReadableStream.from(safeTensorsPieces(tensors, { format: "pt" })),
  );
}

/** Parameters (or their gradients) under the names and shapes of the checkpoint: parts of the values given, not copies. */
export function splitCheckpoint(
  model: LanguageModel,
  values: ReadonlyMap<string, Float32Array<ArrayBuffer>>,
): Map<string, { shape: readonly number[]; data: Float32Array<ArrayBuffer> }> {
  const valuesOf = ({ parameter, firstRow, shape }: CheckpointTensor) => {
    const start = firstRow * elementCount(shape.slice(1));
    return values.get(parameter)!.subarray(start, start + elementCount(shape));
  };
  return new Map(
    model.checkpointTensors().map((tensor) => [
      tensor.name,
      { shape: tensor.shape, data: valuesOf(tensor) },
    ]),
  );
}
