import { InputError } from "#lib/errors.ts";
import { locate, type LocatedModel } from "#lib/hub/locate.ts";
import { isFile } from "#lib/results/storage.ts";
import { excerpt } from "#lib/visible_text.ts";
import { ADAPTER_WEIGHTS, openWeights } from "./checkpoint_files/open_weights.ts";
import { floatsOf, type StoredTensor, type TensorFiles } from "./checkpoint_files/stored_tensor.ts";
import { type LoraConfig, readLoraConfig } from "./lora_config.ts";
import type { ModelConfig } from "./model_config.ts";
import { nearestTo } from "./safetensors.ts";
import { namesOf, underOtherNames } from "./stored_tensors.ts";

/** A low-rank change of one weight (Hu et al. 2021, arXiv 2106.09685): W + scale · B A. */
export interface LoraModule {
  /** The adapter's own name of the weight, without the last part. */
  readonly name: string;
  readonly rank: number;
  /** `"r I"` */
  readonly a: Float32Array<ArrayBuffer>;
  /** `"O r"` */
  readonly b: Float32Array<ArrayBuffer>;
  readonly inputs: number;
  readonly outputs: number;
  /** α / r, or α / √r */
  readonly scale: number;
}

/** A LoRA adapter as PEFT stores it: what it adds to the weights of its base model. */
export interface LoraAdapter {
  readonly path: string;
  readonly config: LoraConfig;
  /** By name; A and B are stored under it with `.lora_A.weight` and `.lora_B.weight` behind. */
  readonly modules: ReadonlyMap<string, LoraModule>;
}

const STORED_NAME = /^(.+)\.lora_(A|B)(?:\.default)?\.weight$/;
/** What PEFT puts before the base model's names. */
const WRAPPER = "base_model.model.";

export function isAdapterFolder(folder: string): boolean {
  return isFile(`${folder}/adapter_config.json`);
}

/** Reads `adapter_config.json` and `adapter_model.safetensors` (or `.bin`). @throws {InputError} for what is not computed here */
export async function readLoraAdapter(folder: string): Promise<LoraAdapter> {
  const config = await readLoraConfig(`${folder}/adapter_config.json`);
  using files = await openWeights(folder, ADAPTER_WEIGHTS);
  const modules = new Map<string, LoraModule>();
  for (const { path, name } of files.tensors.values()) {
    const [, module] = STORED_NAME.exec(name) ?? [];
    if (module === undefined || !module.startsWith(WRAPPER)) {
      throw new InputError(`${path}: tensor ${name} is neither A nor B of a LoRA module, as …lora_A.weight is`);
    }
    if (!modules.has(module)) modules.set(module, readModule(module, files, config));
  }
  if (modules.size === 0) throw new InputError(`${files.path}: it has no tensors`);
  return { path: files.path, config, modules };
}

function readModule(name: string, { path, tensors }: TensorFiles, config: LoraConfig): LoraModule {
  const part = (letter: "A" | "B"): StoredTensor => {
    const names = [`${name}.lora_${letter}.weight`, `${name}.lora_${letter}.default.weight`];
    const found = names.map((each) => tensors.get(each)).find((tensor) => tensor !== undefined);
    if (!found) throw new InputError(`${path}: no tensor ${names[0]}; ${nearestTo(names[0], [...tensors.keys()])}`);
    if (found.shape.length === 2) return found;
    throw new InputError(`${path}: ${found.name} is [${found.shape}]; it must be a matrix`);
  };
  const [a, b] = [part("A"), part("B")];
  const [rank, inputs] = a.shape;
  const [outputs, rankOfB] = b.shape;
  if (rank !== rankOfB || (rank !== config.rank && !config.hasRankPattern)) {
    throw new InputError(`${path}: A and B of ${name} are [${a.shape}] and [${b.shape}]; r is ${config.rank}`);
  }
  const scale = config.alpha / (config.isRankStabilized ? Math.sqrt(rank) : rank);
  return { name, rank, a: floatsOf(a), b: floatsOf(b), inputs, outputs, scale };
}

/**
 * The module that changes each weight of a model, by the names of its checkpoint.
 *
 * @throws {InputError} if a module changes none of them, or one of another shape
 */
export function modulesByWeight(
  { path, config: { isTransposed }, modules }: LoraAdapter,
  model: ModelConfig,
): Map<string, LoraModule> {
  const { prefixes, tensors } = namesOf(model);
  const byWeight = new Map([...modules.values()].map((each) => [`${each.name.slice(WRAPPER.length)}.weight`, each]));
  const found = new Map<string, LoraModule>();
  for (const { name, shape } of tensors) {
    const stored = underOtherNames(name, prefixes).find((each) => byWeight.has(each));
    if (stored === undefined) continue;
    const module = byWeight.get(stored)!;
    const own = isTransposed ? [module.inputs, module.outputs] : [module.outputs, module.inputs];
    if (own.join() !== shape.join()) {
      throw new InputError(`${path}: ${module.name} changes a weight of [${own}], but its base model's is [${shape}]`);
    }
    found.set(name, module);
    byWeight.delete(stored);
  }
  const [strange] = byWeight.keys();
  if (strange === undefined) return found;
  throw new InputError(
    `${path}: the base model has no ${strange}; ${nearestTo(strange, tensors.map(({ name }) => name))}`,
  );
}

/** Adds to rows of a weight of the base model, in place; the name is the checkpoint's. */
export type Merge = (name: string, firstRow: number, values: Float32Array<ArrayBuffer>) => void;

/** Adds the adapter to the weights of its base model as they are read: W + scale · B A in float32, as PEFT merges. */
export function mergerInto(adapter: LoraAdapter, model: ModelConfig): Merge {
  const { isTransposed } = adapter.config;
  const factors = new Map(
    [...modulesByWeight(adapter, model)].map(([name, module]) => [name, factorsOf(module, isTransposed)]),
  );
  return (name, firstRow, values) => {
    const found = factors.get(name);
    if (found) addProduct(found, firstRow, values);
  };
}

/** A product `"M r"` times `"r N"` of a weight's shape. */
interface Factors {
  readonly left: Float32Array;
  readonly right: Float32Array;
  readonly rank: number;
  readonly columns: number;
  readonly scale: number;
}

function factorsOf({ rank, a, b, inputs, outputs, scale }: LoraModule, isTransposed: boolean): Factors {
  return isTransposed
    ? { left: transposed(a, inputs), right: transposed(b, rank), rank, columns: outputs, scale }
    : { left: b, right: a, rank, columns: inputs, scale };
}

/** The rows of a matrix of that many columns as columns. */
function transposed(matrix: Float32Array, columns: number): Float32Array {
  const rows = matrix.length / columns;
  return Float32Array.from(matrix, (_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]);
}

function addProduct({ left, right, rank, columns, scale }: Factors, firstRow: number, values: Float32Array): void {
  const sums = new Float64Array(columns);
  for (let at = 0, row = firstRow; at < values.length; at += columns, row++) {
    sums.fill(0);
    for (let k = 0; k < rank; k++) {
      const factor = left[row * rank + k];
      for (let c = 0; c < columns; c++) sums[c] += factor * right[k * columns + c];
    }
    for (let c = 0; c < columns; c++) values[at + c] += Math.fround(scale * sums[c]);
  }
}

/** Where the whole of a model is: of an adapter its base, else the model itself. @throws {InputError} as `locateBase` does */
export async function wholeModelOf(model: LocatedModel): Promise<LocatedModel> {
  if (!isAdapterFolder(model.folder)) return model;
  return model.base ?? await locateBase(await readLoraConfig(`${model.folder}/adapter_config.json`), model.folder);
}

/**
 * An adapter's base model: a folder of its name that the adapter lies in or beside, a path from the working folder, or what the hub's
 * cache has.
 *
 * @throws {InputError} where none of them is there
 */
export async function locateBase({ baseName }: LoraConfig, folder: string): Promise<LocatedModel> {
  const path = `${folder}/adapter_config.json`;
  if (baseName === undefined) {
    throw new InputError(`${path}: base_model_name_or_path is missing; it must say which model the adapter changes`);
  }
  const around = [`${folder}/..`, `${folder}/../..`].map((each) => `${each}/${baseName}`);
  try {
    const beside = /^[^/\\]+$/.test(baseName) ? around.find((each) => isFile(`${each}/config.json`)) : undefined;
    return beside === undefined ? await locate(baseName) : { folder: beside };
  } catch (error) {
    if (!(error instanceof InputError || isRefusal(error))) throw error;
    const reason = error instanceof InputError
      ? error.message
      : `${excerpt(baseName)}: this process may not look for it`;
    throw new InputError(
      `${path}: base_model_name_or_path is not to be found: ${reason}; name the adapter with its base, as in BASE+ADAPTER`,
    );
  }
}

/** Whether Deno did not permit what failed. */
function isRefusal(error: unknown): boolean {
  return [error, (error as { cause?: unknown }).cause].some((each) => each instanceof Deno.errors.NotCapable);
}
