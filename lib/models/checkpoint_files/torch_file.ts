import { elementCount } from "#kernels/runtime/tensor.ts";
import { InputError } from "#lib/errors.ts";
import { BYTES_PER_ELEMENT, type SafeTensorDType } from "../safetensors_header.ts";
import { type PickleValue, readPickle } from "./pickle.ts";
import type { RangeFile } from "./range_file.ts";
import type { StoredTensor } from "./stored_tensor.ts";
import { zipEntries, type ZipPlace } from "./zip_file.ts";

// What torch.save writes since PyTorch 1.6: a zip archive of data.pkl, a pickle that says which tensors there are, and of data/0, data/1
// and so on, the bytes of their storages. Tensors may share a storage, begin inside it, and skip elements of it (strides).

/** A state dictionary's pickle has some hundred bytes a tensor. */
const MAX_PICKLE_BYTES = 100_000_000;

const STORAGES: Readonly<Record<string, SafeTensorDType>> = {
  DoubleStorage: "F64",
  FloatStorage: "F32",
  HalfStorage: "F16",
  BFloat16Storage: "BF16",
  LongStorage: "I64",
  IntStorage: "I32",
  ShortStorage: "I16",
  CharStorage: "I8",
  ByteStorage: "U8",
  BoolStorage: "BOOL",
};

class StorageType {
  constructor(readonly dtype: SafeTensorDType) {}
}

class Storage {
  constructor(readonly dtype: SafeTensorDType, readonly place: ZipPlace) {}

  /** Elements. */
  get count(): number {
    return Math.floor(this.place.size / BYTES_PER_ELEMENT[this.dtype]);
  }
}

class Strided {
  constructor(
    readonly storage: Storage,
    /** Of the first element, in elements. */
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

const REBUILD_TENSOR = {};
const REBUILD_PARAMETER = {};
const ORDERED_DICTIONARY = {};

const KNOWN: ReadonlyMap<string, PickleValue> = new Map<string, PickleValue>([
  ["torch._utils._rebuild_tensor_v2", REBUILD_TENSOR],
  ["torch._utils._rebuild_parameter", REBUILD_PARAMETER],
  ["collections.OrderedDict", ORDERED_DICTIONARY],
  ...Object.entries(STORAGES).map(([name, dtype]) => [`torch.${name}`, new StorageType(dtype)] as const),
]);

/**
 * The tensors of a state dictionary that torch.save wrote. No code of the file is run. The caller closes the file.
 *
 * @throws {InputError} where the file is no such zip archive, or its pickle holds anything but tensors by name
 */
export function tensorsOfTorchFile(file: RangeFile): StoredTensor[] {
  const { path } = file;
  const start = file.read(0, Math.min(file.size, 2));
  if (start[0] === 0x80) {
    throw new InputError(`${path}: the form that PyTorch before 1.6 wrote; load it there and save it again`);
  }
  if (start[0] !== 0x50 || start[1] !== 0x4b) {
    throw new InputError(`${path}: no file of torch.save: it is no zip archive`);
  }
  const entries = zipEntries(file);
  const pickles = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickles.length !== 1) {
    throw new InputError(`${path}: no file of torch.save: ${pickles.length} data.pkl are in it`);
  }
  const folder = pickles[0].replace(/data\.pkl$/, "");
  requireLittleEndian(file, entries.get(`${folder}byteorder`));
  const dictionary = readDictionary(file, entries, folder);
  if (!(dictionary instanceof Map)) throw new InputError(`${path}: it holds something else than tensors by name`);
  return [...dictionary].map(([name, tensor]) => storedAs(file, name, tensor));
}

function readDictionary(file: RangeFile, entries: ReadonlyMap<string, ZipPlace>, folder: string): PickleValue {
  const where = `${file.path}: data.pkl`;
  const { begin, size } = entries.get(`${folder}data.pkl`)!;
  if (size > MAX_PICKLE_BYTES) throw new InputError(`${where} has ${size} bytes; at most ${MAX_PICKLE_BYTES} are read`);
  return readPickle(file.read(begin, size), where, {
    known: KNOWN,
    call,
    persistent(id) {
      const [kind, type, key] = Array.isArray(id) ? id : [];
      if (kind !== "storage" || !(type instanceof StorageType) || typeof key !== "string") {
        throw new InputError(`${where}: it keeps something else than the storages of tensors outside`);
      }
      const place = entries.get(`${folder}data/${key}`);
      if (!place) throw new InputError(`${where}: the storage data/${key} that it names is not in the file`);
      return new Storage(type.dtype, place);
    },
  });
}

/** What torch's own functions make of these arguments; the rest of the arguments says how gradients flow. */
function call(called: PickleValue, args: readonly PickleValue[]): PickleValue | undefined {
  if (called === ORDERED_DICTIONARY) return args.length === 0 ? new Map() : undefined;
  if (called === REBUILD_PARAMETER) return args[0] instanceof Strided ? args[0] : undefined;
  if (called !== REBUILD_TENSOR) return undefined;
  const [storage, offset, shape, strides] = args;
  const isTensor = storage instanceof Storage && isSize(offset) && isSizes(shape) && isSizes(strides) &&
    shape.length === strides.length;
  return isTensor ? new Strided(storage, offset, shape, strides) : undefined;
}

function storedAs(file: RangeFile, name: PickleValue, tensor: PickleValue): StoredTensor {
  const { path } = file;
  if (typeof name !== "string" || !(tensor instanceof Strided)) {
    const what = tensor instanceof Map ? "a dictionary" : "no tensor";
    throw new InputError(`${path}: ${String(name)} in it is ${what}; save the model's state dictionary by itself`);
  }
  const { storage, offset, shape, strides } = tensor;
  const { dtype, count, place } = storage;
  const bytes = BYTES_PER_ELEMENT[dtype];
  const last = offset + shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis], 0);
  if (elementCount(shape) > 0 ? last >= count : offset > count) {
    throw new InputError(`${path}: tensor ${name} [${shape}] lies beyond its storage of ${count} values`);
  }
  const begin = place.begin + offset * bytes;
  const readInto = isContiguous(shape, strides)
    ? (first: number, target: Uint8Array) => file.readInto(begin + first * bytes, target)
    : (first: number, target: Uint8Array) => gather(file, begin, bytes, tensor, first, target);
  return { path, name, dtype, shape, readInto };
}

/** Elements that do not lie one after the other: what lies between the first and the last of them is read. */
function gather(file: RangeFile, begin: number, bytes: number, tensor: Strided, first: number, target: Uint8Array) {
  const places = Array.from({ length: target.length / bytes }, (_, i) => placeOf(first + i, tensor));
  const least = places.reduce((a, b) => Math.min(a, b), Infinity);
  const most = places.reduce((a, b) => Math.max(a, b), -Infinity);
  if (places.length === 0) return;
  const span = file.read(begin + least * bytes, (most - least + 1) * bytes);
  places.forEach((place, i) => {
    const at = (place - least) * bytes;
    target.set(span.subarray(at, at + bytes), i * bytes);
  });
}

/** Where an element lies in its storage, by its number in row-major order. */
function placeOf(element: number, { shape, strides }: Strided): number {
  let place = 0;
  for (let axis = shape.length - 1, rest = element; axis >= 0; axis--) {
    place += (rest % shape[axis]) * strides[axis];
    rest = Math.floor(rest / shape[axis]);
  }
  return place;
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis];
  }
  return true;
}

function requireLittleEndian(file: RangeFile, place: ZipPlace | undefined): void {
  if (!place || new TextDecoder().decode(file.read(place.begin, Math.min(place.size, 16))) === "little") return;
  throw new InputError(`${file.path}: its numbers are not little-endian; save it again on another machine`);
}

function isSize(value: PickleValue): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isSizes(value: PickleValue): value is number[] {
  return Array.isArray(value) && value.every(isSize);
}
