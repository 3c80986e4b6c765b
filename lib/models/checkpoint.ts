import type { Gpu } from "#kernels/runtime/gpu.ts";
import { elementCount, sizeBytes, type Tensor } from "#kernels/runtime/tensor.ts";
import { InputError } from "#lib/errors.ts";
import { Decoder } from "./decoder.ts";
import { formatDecoderConfig, parseDecoderConfig } from "./decoder_config.ts";
import type { CheckpointTensor } from "./decoder_family.ts";
import { SafeTensorsFile, serializeSafeTensors } from "./safetensors.ts";

/** Reads a Hugging Face checkpoint folder: `config.json` and `model.safetensors`, GPT-2 or LLaMA. */
export async function readDecoder(gpu: Gpu, folder: string): Promise<Decoder> {
  const configPath = `${folder}/config.json`;
  const config = parseDecoderConfig(await readJson(configPath), configPath);
  const path = `${folder}/model.safetensors`;
  const file = await SafeTensorsFile.read(path);
  const decoder = new Decoder(gpu, config, () => 0);
  for (const { name, parameter, firstRow, shape } of decoder.family.checkpointTensors(config)) {
    const stored = file.names.includes(withoutPrefix(name)) ? withoutPrefix(name) : name;
    const tensor = file.get(stored);
    if (tensor.shape.join() !== shape.join()) {
      throw new InputError(`${path}: ${stored} is [${tensor.shape}], but ${configPath} makes it [${shape}]`);
    }
    gpu.write(rowsOf(decoder.store.get(parameter).value, firstRow, shape), file.f32(stored));
  }
  return decoder;
}

/** Puts gradients, under the names and shapes of the checkpoint, where backward would have. */
export function writeGradients(
  gpu: Gpu,
  decoder: Decoder,
  valuesOf: (name: string) => Float32Array<ArrayBuffer>,
): void {
  for (const { name, parameter, firstRow, shape } of decoder.family.checkpointTensors(decoder.config)) {
    gpu.write(rowsOf(decoder.store.get(parameter).gradient, firstRow, shape), valuesOf(name));
  }
}

function rowsOf(tensor: Tensor, firstRow: number, shape: readonly number[]): Tensor {
  return { ...tensor, shape, offset: tensor.offset + firstRow * sizeBytes(shape.slice(1)) };
}

/** Writes a checkpoint folder that `readDecoder` and Hugging Face's transformers read. */
export async function writeDecoder(decoder: Decoder, folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const config = JSON.stringify(formatDecoderConfig(decoder.config), null, 2);
  await Deno.writeTextFile(`${folder}/config.json`, `${config}\n`);
  const tensors = splitCheckpoint(decoder, await decoder.store.read());
  await Deno.writeFile(`${folder}/model.safetensors`, serializeSafeTensors(tensors, { format: "pt" }));
}

/** Parameters (or their gradients) under the names and shapes of the checkpoint. */
export function splitCheckpoint(
  decoder: Decoder,
  values: ReadonlyMap<string, Float32Array<ArrayBuffer>>,
): Map<string, { shape: readonly number[]; data: Float32Array<ArrayBuffer> }> {
  const valuesOf = ({ parameter, firstRow, shape }: CheckpointTensor) => {
    const start = firstRow * elementCount(shape.slice(1));
    return values.get(parameter)!.slice(start, start + elementCount(shape));
  };
  return new Map(
    decoder.family.checkpointTensors(decoder.config).map((tensor) => [
      tensor.name,
      { shape: tensor.shape, data: valuesOf(tensor) },
    ]),
  );
}

/** The original GPT-2 checkpoints leave out the model's name. */
function withoutPrefix(name: string): string {
  return name.replace(/^transformer\./, "");
}

export async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new InputError(`${path}: no such file`);
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(`${path}: not JSON: ${(error as Error).message}`);
  }
}
