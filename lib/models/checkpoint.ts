import type { Gpu } from "#kernels/runtime/gpu.ts";
import { elementCount, sizeBytes, type Tensor } from "#kernels/runtime/tensor.ts";
import { InputError } from "#lib/errors.ts";
import { readTextStrictly } from "#lib/text_file.ts";
import type { CheckpointTensor } from "./checkpoint_tensor.ts";
import { Decoder } from "./decoder.ts";
import { EncoderDecoder } from "./encoder_decoder.ts";
import type { LanguageModel } from "./language_model.ts";
import { formatModelConfig, type ModelConfig, parseModelConfig } from "./model_config.ts";
import { SafeTensorsFile, serializeSafeTensors } from "./safetensors.ts";

/** A model of the configuration, decoder or encoder-decoder. @param normalSource draws from N(0, 1) for the initial parameters. */
export function newModel(gpu: Gpu, config: ModelConfig, normalSource: () => number): LanguageModel {
  return "startId" in config ? new EncoderDecoder(gpu, config, normalSource) : new Decoder(gpu, config, normalSource);
}

/** Reads a Hugging Face checkpoint folder: `config.json` and `model.safetensors`, of any architecture that `parseModelConfig` knows. */
export async function readModel(gpu: Gpu, folder: string): Promise<LanguageModel> {
  const configPath = `${folder}/config.json`;
  const config = parseModelConfig(await readJson(configPath), configPath);
  const path = `${folder}/model.safetensors`;
  const file = await SafeTensorsFile.read(path);
  const model = newModel(gpu, config, () => 0);
  const [prefix] = model instanceof Decoder ? model.family.checkpointNames.prefixes : [""];
  for (const { name, parameter, firstRow, shape } of model.checkpointTensors()) {
    const bare = name.startsWith(prefix) ? name.slice(prefix.length) : name;
    const stored = file.names.includes(bare) ? bare : name;
    const tensor = file.get(stored);
    if (tensor.shape.join() !== shape.join()) {
      throw new InputError(`${path}: ${stored} is [${tensor.shape}], but ${configPath} makes it [${shape}]`);
    }
    gpu.write(rowsOf(model.store.get(parameter).value, firstRow, shape), file.f32(stored));
  }
  return model;
}

/** Puts gradients, under the names and shapes of the checkpoint, where backward would have. */
export function writeGradients(
  gpu: Gpu,
  model: LanguageModel,
  valuesOf: (name: string) => Float32Array<ArrayBuffer>,
): void {
  for (const { name, parameter, firstRow, shape } of model.checkpointTensors()) {
    gpu.write(rowsOf(model.store.get(parameter).gradient, firstRow, shape), valuesOf(name));
  }
}

function rowsOf(tensor: Tensor, firstRow: number, shape: readonly number[]): Tensor {
  return { ...tensor, shape, offset: tensor.offset + firstRow * sizeBytes(shape.slice(1)) };
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
  const tensors = splitCheckpoint(model, await model.store.read());
  await Deno.writeFile(`${folder}/model.safetensors`, serializeSafeTensors(tensors, { format: "pt" }));
}

/** Parameters (or their gradients) under the names and shapes of the checkpoint. */
export function splitCheckpoint(
  model: LanguageModel,
  values: ReadonlyMap<string, Float32Array<ArrayBuffer>>,
): Map<string, { shape: readonly number[]; data: Float32Array<ArrayBuffer> }> {
  const valuesOf = ({ parameter, firstRow, shape }: CheckpointTensor) => {
    const start = firstRow * elementCount(shape.slice(1));
    return values.get(parameter)!.slice(start, start + elementCount(shape));
  };
  return new Map(
    model.checkpointTensors().map((tensor) => [
      tensor.name,
      { shape: tensor.shape, data: valuesOf(tensor) },
    ]),
  );
}

export async function readJson(path: string): Promise<unknown> {
  const text = await readTextStrictly(path);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(`${path}: not JSON: ${(error as Error).message}`);
  }
}
