import { elementCount } from "#kernels/runtime/tensor.ts";

/** Further ways to write an archive, each of which readers of torch.save's files meet. */
export interface TestArchive {
  /** Sizes and places of 64 bits, as in archives over 4 GiB. */
  readonly wide?: boolean;
  /** Bytes after the archive's end that belong to it. */
  readonly comment?: string;
}

export interface TestTensors {
  readonly [name: string]: { readonly shape: readonly number[]; readonly data: Float32Array<ArrayBuffer> };
}

/** What torch.save would write of a state dictionary: an archive `archive/` of data.pkl and a storage for each tensor. */
export function testTorchFile(tensors: TestTensors, archive: TestArchive = {}): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(tensors);
  return testZip({
    "archive/data.pkl": testStateDictionary(tensors),
    "archive/byteorder": new TextEncoder().encode("little"),
    ...Object.fromEntries(entries.map(([, { data }], i) => [`archive/data/${i}`, new Uint8Array(data.buffer)])),
  }, archive);
}

const text = (value: string) => concat(["X", u32(value.length), value]);
const int = (value: number) => concat(["J", u32(value)]);
const tuple = (values: readonly Part[]) => concat(["(", ...values, "t"]);
const EMPTY = "ccollections\nOrderedDict\n)R";

/** The pickle of an OrderedDict of tensors, in protocol 2. */
function testStateDictionary(tensors: TestTensors): Uint8Array<ArrayBuffer> {
  const items = Object.entries(tensors).flatMap(([name, { shape }], i) => {
    const strides = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
    const id = tuple([
      text("storage"),
      "ctorch\nFloatStorage\n",
      text(String(i)),
      text("cpu"),
      int(elementCount(shape)),
    ]);
    const args = tuple([concat([id, "Q"]), int(0), tuple(shape.map(int)), tuple(strides.map(int)), "\x89", EMPTY]);
    return [text(name), "ctorch._utils\n_rebuild_tensor_v2\n", args, "R"];
  });
  return concat(["\x80\x02", EMPTY, "(", ...items, "u."]);
}

/** A zip archive of these files as they are. */
export function testZip(
  files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>,
  { wide = false, comment = "" }: TestArchive = {},
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const directory: Uint8Array<ArrayBuffer>[] = [];
  let at = 0;
  for (const [name, bytes] of Object.entries(files)) {
    const local = concat([
      u32(0x04034b50),
      u16(0, 0, 0, 0, 0),
      u32(0, bytes.length, bytes.length),
      u16(name.length, 5),
      name,
      "extra",
    ]);
    const sizes = wide ? [0xffffffff, 0xffffffff] : [bytes.length, bytes.length];
    const extra = wide ? concat([u16(0x7075, 2), "up", u16(1, 24), u64(bytes.length, bytes.length, at)]) : concat([]);
    directory.push(concat([
      ...[u32(0x02014b50), u16(0, 0, 0, 0, 0, 0), u32(0, ...sizes), u16(name.length, extra.length, 0, 0, 0), u32(0)],
      ...[u32(wide ? 0xffffffff : at), name, extra],
    ]));
    parts.push(local, bytes);
    at += local.length + bytes.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const end64 = [
    ...[u32(0x06064b50), u64(44), u16(45, 45), u32(0, 0), u64(parts.length / 2, parts.length / 2, size, at)],
    ...[u32(0x07064b50, 0), u64(at + size), u32(1)],
  ];
  const place = wide ? [0xffffffff, 0xffffffff] : [size, at];
  const end = [
    u32(0x06054b50),
    u16(0, 0, parts.length / 2, parts.length / 2),
    u32(...place),
    u16(comment.length),
    comment,
  ];
  return concat([...parts, ...directory, ...(wide ? end64 : []), ...end]);
}

type Part = string | Uint8Array<ArrayBuffer>;

/** Texts are taken as Latin-1, a byte a character. */
export function concat(parts: readonly Part[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => typeof part === "string" ? latin1(part) : [...part]));
}

function latin1(value: string): number[] {
  return Array.from(value, (character) => character.charCodeAt(0));
}

const u16 = (...values: number[]) => new Uint8Array(Uint16Array.from(values).buffer);
const u32 = (...values: number[]) => new Uint8Array(Uint32Array.from(values).buffer);
const u64 = (...values: number[]) => new Uint8Array(BigUint64Array.from(values.map(BigInt)).buffer);
