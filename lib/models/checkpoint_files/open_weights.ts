import { InputError } from "#lib/errors.ts";
import { readJsonFile } from "#lib/json_file.ts";
import { RangeFile } from "./range_file.ts";
import { tensorsOfSafetensors } from "./safetensors_files.ts";
import type { StoredTensor, TensorFiles } from "./stored_tensor.ts";
import { tensorsOfTorchFile } from "./torch_file.ts";

/** Forms of weights in the wild that are not read, by their files' names. */
const OTHER_FORMS: readonly (readonly [name: RegExp, form: string])[] = [
  [/\.gguf$/, "llama.cpp's GGUF"],
  [/\.onnx(_data)?$/, "ONNX"],
  [/\.h5$/, "TensorFlow's HDF5"],
  [/\.ckpt(\.\w+)?(-\d.*)?$/, "TensorFlow's checkpoint"],
  [/\.msgpack$/, "Flax's msgpack"],
  [/\.ot$/, "rust-bert's"],
  [/\.npz$/, "NumPy's archive"],
  [/^consolidated\./, "its authors' own"],
  [/\.(pth?|bin|safetensors)$/, "a file of another name"],
];

const SHARD = /-\d+-of-\d+\.(safetensors|bin)$/;

/** The file forms of weights, the best first. */
const READERS = [
  { ending: "safetensors", read: tensorsOfSafetensors },
  { ending: "bin", read: tensorsOfTorchFile },
] as const;

/** What the files of a model's weights, or of an adapter's, are called without their ending, by ending. */
export type WeightNames = Readonly<Record<typeof READERS[number]["ending"], string>>;
export const MODEL_WEIGHTS: WeightNames = { safetensors: "model", bin: "pytorch_model" };
export const ADAPTER_WEIGHTS: WeightNames = { safetensors: "adapter_model", bin: "adapter_model" };

/**
 * Opens the weights in a folder: one file, or an index and its shards; safetensors before pickles. No values are read yet.
 *
 * @throws {InputError} in one line that names file and tensor, where there are none, or they are damaged or not whole
 */
export async function openWeights(folder: string, names: WeightNames = MODEL_WEIGHTS): Promise<TensorFiles> {
  const present = fileNames(folder);
  for (const { ending, read } of READERS) {
    const whole = `${names[ending]}.${ending}`;
    if (present.includes(whole)) return openFiles(`${folder}/${whole}`, [`${folder}/${whole}`], read);
    if (present.includes(`${whole}.index.json`)) return await openShards(folder, whole, present, read);
  }
  const wanted = READERS.map(({ ending }) => `${names[ending]}.${ending}`).join(" nor ");
  const readable = `neither ${wanted} is there, whole or as shards with an index`;
  throw new InputError(`${folder}: no weights: ${readable}${others(present)}`);
}

/** The names of a folder's files; none where there is no folder. */
export function fileNames(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].filter(({ isDirectory }) => !isDirectory).map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
    throw error;
  }
}

/** What weights of other forms there are, for a message; empty where there are none. */
export function others(present: readonly string[]): string {
  const shard = present.find((name) => SHARD.test(name));
  if (shard !== undefined) return `; ${shard} is a shard whose index is missing`;
  for (const [pattern, form] of OTHER_FORMS) {
    const found = present.find((name) => pattern.test(name));
    if (found !== undefined) return `; ${found} is in a form that is not read, ${form}`;
  }
  return "";
}

type ReadTensors = (file: RangeFile) => StoredTensor[];

function openFiles(path: string, paths: readonly string[], read: ReadTensors): TensorFiles {
  const files: RangeFile[] = [];
  const tensors = new Map<string, StoredTensor>();
  const close = () => files.forEach((file) => file[Symbol.dispose]());
  try {
    for (const each of paths) {
      const file = RangeFile.open(each);
      files.push(file);
      for (const tensor of read(file)) {
        const other = tensors.get(tensor.name);
        if (other) throw new InputError(`${path}: tensor ${tensor.name} is in ${other.path} and in ${each}`);
        tensors.set(tensor.name, tensor);
      }
    }
  } catch (error) {
    close();
    throw error;
  }
  return { path, tensors, [Symbol.dispose]: close };
}

async function openShards(
  folder: string,
  whole: string,
  present: readonly string[],
  read: ReadTensors,
): Promise<TensorFiles> {
  const path = `${folder}/${whole}.index.json`;
  const shardOf = await readIndex(path);
  const shards = [...new Set(shardOf.values())].sort();
  const missing = shards.find((shard) => !present.includes(shard));
  if (missing !== undefined) throw new InputError(`${path}: it names ${missing}, which is not there`);
  const unnamed = present.find((name) => isOfSameSet(name, shards[0]) && !shards.includes(name));
  if (unnamed !== undefined) throw new InputError(`${path}: it does not name ${unnamed}, which lies beside it`);
  const files = openFiles(path, shards.map((shard) => `${folder}/${shard}`), read);
  try {
    checkIndex(path, folder, shardOf, files);
    return files;
  } catch (error) {
    files[Symbol.dispose]();
    throw error;
  }
}

/** The file that holds each tensor, as the index says. */
async function readIndex(path: string): Promise<Map<string, string>> {
  const index = await readJsonFile(path);
  const map = (index as { weight_map?: unknown } | null)?.weight_map;
  const entries = typeof map === "object" && map !== null ? Object.entries(map) : [];
  if (entries.length === 0) throw new InputError(`${path}: weight_map must say of each tensor which file holds it`);
  for (const [name, shard] of entries) {
    if (typeof shard === "string" && /^[^/\\]+$/.test(shard) && shard !== "..") continue;
    throw new InputError(`${path}: tensor ${name} is in ${JSON.stringify(shard)}; that must be a file of this folder`);
  }
  return new Map(entries);
}

/** The index and what its files hold must be the same. */
function checkIndex(path: string, folder: string, shardOf: ReadonlyMap<string, string>, { tensors }: TensorFiles) {
  for (const [name, shard] of shardOf) {
    const found = tensors.get(name)?.path;
    if (found === `${folder}/${shard}`) continue;
    const where = found === undefined ? "which has none of that name" : `but it is in ${found}`;
    throw new InputError(`${path}: tensor ${name} should be in ${shard}, ${where}`);
  }
  const unnamed = [...tensors.values()].find(({ name }) => !shardOf.has(name));
  if (unnamed) throw new InputError(`${path}: it does not name tensor ${unnamed.name}, which is in ${unnamed.path}`);
}

/** Whether two files are shards of one set, as `model-00001-of-00003.safetensors`. */
function isOfSameSet(name: string, shard: string): boolean {
  const setOf = (each: string) => each.replace(/-\d+-of-/, "-of-");
  return SHARD.test(name) && setOf(name) === setOf(shard);
}
