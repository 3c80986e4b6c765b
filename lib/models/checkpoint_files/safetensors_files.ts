import {
  BYTES_PER_ELEMENT,
  type HeaderEntry,
  headerLength,
  LENGTH_BYTES,
  parseWholeHeader,
} from "../safetensors_header.ts";
import { RangeFile } from "./range_file.ts";
import type { StoredTensor } from "./stored_tensor.ts";

/** The tensors of a safetensors file, by its header alone. The caller closes the file. */
export function tensorsOfSafetensors(file: RangeFile): StoredTensor[] {
  const { path, size } = file;
  const length = headerLength(file.read(0, Math.min(size, LENGTH_BYTES)), size, path);
  const dataStart = LENGTH_BYTES + length;
  return parseWholeHeader(file.read(LENGTH_BYTES, length), size - dataStart, path)
    .map((entry) => storedAt(file, dataStart, entry));
}

function storedAt(file: RangeFile, dataStart: number, { name, dtype, shape, begin }: HeaderEntry): StoredTensor {
  return {
    path: file.path,
    name,
    dtype,
    shape,
    readInto: (first, bytes) => file.readInto(dataStart + begin + first * BYTES_PER_ELEMENT[dtype], bytes),
  };
}
