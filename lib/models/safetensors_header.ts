import { elementCount } from "#kernels/runtime/tensor.ts";
import { InputError } from "#lib/errors.ts";

// The head of a safetensors file: the header's length (u64), then the header (JSON: name → dtype, shape, data_offsets).

export const BYTES_PER_ELEMENT = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
} as const;

export type SafeTensorDType = keyof typeof BYTES_PER_ELEMENT;

/** The header's limit in the format's own implementation. */
const MAX_HEADER_BYTES = 100_000_000;
export const LENGTH_BYTES = 8;
/** The header's entry that is no tensor: texts by name. */
export const METADATA = "__metadata__";

export interface HeaderEntry {
  readonly name: string;
  readonly dtype: SafeTensorDType;
  readonly shape: readonly number[];
  /** First byte and byte after the last, counted from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

/**
 * The bytes of the header, as the file's first eight give them.
 *
 * @param fileBytes of the whole file
 * @throws {InputError} if the file has fewer than it says of itself
 */
export function headerLength(start: Uint8Array, fileBytes: number, path: string): number {
  if (start.length < LENGTH_BYTES) {
    throw new InputError(`${path}: ${start.length} bytes are too few for a safetensors file; it is truncated`);
  }
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw new InputError(
      `${path}: oversized header of ${length} bytes, the limit is ${MAX_HEADER_BYTES}; this is no safetensors file`,
    );
  }
  if (LENGTH_BYTES + Number(length) > fileBytes) {
    throw new InputError(
      `${path}: the header has ${length} bytes but only ${fileBytes - LENGTH_BYTES} follow; the file is truncated`,
    );
  }
  return Number(length);
}

/**
 * The tensors that a header names, in the order of their bytes, which fill the rest of the file without holes.
 *
 * @param dataBytes after the header
 * @throws {InputError} naming file and tensor, as `parseHeader` does, or where they do not fill it
 */
export function parseWholeHeader(header: Uint8Array, dataBytes: number, path: string): HeaderEntry[] {
  const entries = parseHeader(header, path).sort((a, b) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  for (const entry of entries) {
    const where = `${path}: tensor ${entry.name}`;
    if (entry.begin !== end) {
      const problem = entry.begin < end ? "overlaps the one before, which ends" : "leaves a hole after byte";
      throw new InputError(`${where} begins at byte ${entry.begin} and ${problem} at ${end}; the file is damaged`);
    }
    if (entry.end > dataBytes) {
      throw new InputError(`${where} ends at byte ${entry.end} of ${dataBytes}: the file is truncated`);
    }
    end = entry.end;
  }
  if (end !== dataBytes) {
    throw new InputError(`${path}: ${dataBytes - end} bytes after the last tensor; the file is damaged`);
  }
  return entries;
}

/**
 * The tensors that a header names, in its order.
 *
 * @throws {InputError} naming file and tensor, if the header is not JSON or an entry contradicts itself
 */
function parseHeader(header: Uint8Array, path: string): HeaderEntry[] {
  let text: string;
  let object: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(header);
    object = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${path}: the header is not JSON (${(error as Error).message}); this is no safetensors file`);
  }
  if (!isObject(object)) throw new InputError(`${path}: the header must be a JSON object of tensors`);
  const duplicate = firstDuplicate(topLevelKeys(text));
  if (duplicate !== undefined) throw new InputError(`${path}: the header names tensor ${duplicate} twice`);
  return Object.entries(object)
    .filter(([name]) => name !== METADATA)
    .map(([name, entry]) => parseEntry(name, entry, `${path}: tensor ${name}`));
}

function parseEntry(name: string, entry: unknown, where: string): HeaderEntry {
  const { dtype, shape, data_offsets } = isObject(entry) ? entry : {};
  if (typeof dtype !== "string" || !Object.hasOwn(BYTES_PER_ELEMENT, dtype)) {
    const known = Object.keys(BYTES_PER_ELEMENT).join(", ");
    throw new InputError(`${where} has dtype ${JSON.stringify(dtype)} but must have one of ${known}`);
  }
  if (!isSizes(shape)) {
    throw new InputError(`${where} has shape ${JSON.stringify(shape)} but must have a list of sizes`);
  }
  if (!isSizes(data_offsets) || data_offsets.length !== 2 || data_offsets[0] > data_offsets[1]) {
    throw new InputError(
      `${where} has data_offsets ${JSON.stringify(data_offsets)} but must have [first byte, byte after the last]`,
    );
  }
  const [begin, end] = data_offsets;
  const expected = elementCount(shape) * BYTES_PER_ELEMENT[dtype as SafeTensorDType];
  if (end - begin !== expected) {
    throw new InputError(`${where} has ${end - begin} bytes but ${dtype} [${shape}] takes ${expected}`);
  }
  return { name, dtype: dtype as SafeTensorDType, shape, begin, end };
}

/** The keys of a JSON object's text, repeated ones too: JSON.parse keeps only the last of them. */
function topLevelKeys(json: string): string[] {
  const keys: string[] = [];
  let depth = 0;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"\s*:?|[{}[\]]/g)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    else if (depth === 1 && token.endsWith(":")) keys.push(JSON.parse(token.slice(0, -1)));
  }
  return keys;
}

function firstDuplicate(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name).size);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
