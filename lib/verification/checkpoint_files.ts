import { elementCount } from "#kernels/runtime/tensor.ts";
import { InputError } from "#lib/errors.ts";
import { readJsonFile } from "#lib/json_file.ts";
import { RangeFile } from "#lib/models/checkpoint_files/range_file.ts";
import { tensorsOfSafetensors } from "#lib/models/checkpoint_files/safetensors_files.ts";
import { floatsOf, type StoredTensor } from "#lib/models/checkpoint_files/stored_tensor.ts";
import { tensorsOfTorchFile } from "#lib/models/checkpoint_files/torch_file.ts";
import { BYTES_PER_ELEMENT } from "#lib/models/safetensors_header.ts";
import { isFile } from "#lib/results/storage.ts";
import { type Check, checkTokens } from "./check.ts";

/** Files that `pickles.json` lists, each with what is in it or what is wrong with it. */
interface RecordedPickles {
  readonly readable?: Readonly<Record<string, string>>;
  readonly read_or_refused_by_name?: Readonly<Record<string, string>>;
  readonly to_be_refused?: Readonly<Record<string, string>>;
  /** The name of the file that code in a pickle would make. */
  readonly marker?: string;
}

/** Checks what a folder records of files beside its weights: pickles to be read or refused, and 16-bit values. */
export async function checkFiles(folder: string): Promise<Check[]> {
  const [pickles, edges] = [`${folder}/pickles.json`, `${folder}/edge_values.safetensors`];
  return [
    ...(isFile(edges) ? checkEdgeValues(edges) : []),
    ...(isFile(pickles) ? checkPickles(folder, await readJsonFile(pickles) as RecordedPickles) : []),
  ];
}

/** Values of 16 bits (`stored`) become the recorded `float32`, to the bit. */
function checkEdgeValues(path: string): Check[] {
  using file = RangeFile.open(path);
  const tensors = new Map(tensorsOfSafetensors(file).map((tensor) => [tensor.name, tensor]));
  const stored = tensors.get("stored")!;
  const bitsOf = (name: string) => [...new Uint32Array(floatsOf(tensors.get(name)!).buffer)];
  const halves = [...new Uint16Array(bytesOf(stored).buffer)];
  const recordedHalves = [...new Uint32Array(bytesOf(tensors.get("bits")!).buffer)];
  return [
    checkTokens(`${stored.dtype} bits of edge values`, halves, recordedHalves),
    checkTokens(`${stored.dtype} edge values as float32, by their bits`, bitsOf("stored"), bitsOf("float32")),
  ];
}

function checkPickles(folder: string, recorded: RecordedPickles): Check[] {
  const { readable = {}, read_or_refused_by_name: either = {}, to_be_refused: hostile = {} } = recorded;
  const checks = [
    ...Object.keys(readable).map((name) => checkReadable(folder, name)),
    ...Object.keys(either).map((name) => {
      const outcome = readTorchFile(folder, name);
      return check(`${name}: read or refused`, outcome instanceof Error ? !isNamed(outcome, name) : false, outcome);
    }),
    ...Object.entries(hostile).map(([name, reason]) => {
      const outcome = readTorchFile(folder, name);
      const names = reason.match(/\b[a-z]+\.\w+/g) ?? [];
      const isRefused = outcome instanceof Error && isNamed(outcome, name) &&
        (names.length === 0 || names.some((each) => outcome.message.includes(each)));
      return check(`${name}: refused (${reason})`, !isRefused, outcome);
    }),
  ];
  const places = [".", folder, `${folder}/odd`].map((place) => `${place}/${recorded.marker}`);
  return [...checks, check("no pickle has run code", places.some(isFile), `${recorded.marker} is there`)];
}

/** A file whose tensors lie beside it as safetensors has their bytes; of others it is enough that they are read. */
function checkReadable(folder: string, name: string): Check {
  const values = `${folder}/${name.replace(/\.bin$/, ".safetensors")}`;
  const outcome = readTorchFile(folder, name);
  // A dictionary in a dictionary may be refused: it is no state dictionary.
  if (outcome instanceof Error) return check(`${name}: read`, !/ is a dictionary/.test(outcome.message), outcome);
  if (!isFile(values)) return check(`${name}: read`, outcome.size === 0, "it has no tensors");
  using file = RangeFile.open(values);
  const differing = tensorsOfSafetensors(file).filter((tensor) => {
    const own = outcome.get(tensor.name);
    return own?.dtype !== tensor.dtype || own.shape !== tensor.shape.join() || own.bytes !== bytesOf(tensor).join();
  });
  return check(`${name}: ${outcome.size} tensors to the bit`, differing.length > 0, differing[0]?.name ?? "");
}

interface ReadTensor {
  readonly dtype: string;
  readonly shape: string;
  readonly bytes: string;
}

function readTorchFile(folder: string, name: string): Map<string, ReadTensor> | Error {
  try {
    using file = RangeFile.open(`${folder}/${name}`);
    return new Map(
      tensorsOfTorchFile(file).map((tensor) => [
        tensor.name,
        { dtype: tensor.dtype, shape: tensor.shape.join(), bytes: bytesOf(tensor).join() },
      ]),
    );
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

function bytesOf(tensor: StoredTensor): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(elementCount(tensor.shape) * BYTES_PER_ELEMENT[tensor.dtype]);
  tensor.readInto(0, bytes);
  return bytes;
}

function isNamed(error: Error, name: string): boolean {
  return error.message.includes(name);
}

function check(name: string, failed: boolean, outcome: unknown): Check {
  if (!failed) return { name, status: "ok", error: 0, tolerance: 0 };
  return { name, status: "FAIL", note: outcome instanceof Error ? outcome.message : `it is ${String(outcome)}` };
}
