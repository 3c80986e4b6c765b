import type { PieceType } from "./sentencepiece_model.ts";

/** A field of a protocol buffer message: a number, a float, a text or bytes. */
export type TestField = readonly [field: number, value: number | string | Uint8Array | { readonly float: number }];

const TYPES: readonly PieceType[] = ["normal", "unknown", "control", "userDefined", "unused", "byte"];

export interface TestModel {
  readonly kind?: "unigram" | "bpe";
  readonly pieces: readonly (readonly [text: string, score: number, type?: PieceType])[];
  readonly trainer?: readonly TestField[];
  readonly normalizer?: readonly TestField[];
}

/** The bytes of a SentencePiece model: the unknown piece, `<s>` and `</s>`, then these pieces. */
export function testModel({ kind = "unigram", pieces, trainer = [], normalizer = [] }: TestModel): Uint8Array {
  const all: TestModel["pieces"] = [["<unk>", 0, "unknown"], ["<s>", 0, "control"], ["</s>", 0, "control"], ...pieces];
  return testMessage([
    ...all.map(([text, score, type = "normal"]): TestField => [
      1,
      testMessage([[1, text], [2, { float: score }], [3, TYPES.indexOf(type) + 1]]),
    ]),
    [2, testMessage([[3, kind === "unigram" ? 1 : 2], ...trainer])],
    [3, testMessage(normalizer)],
  ]);
}

export function testMessage(fields: readonly TestField[]): Uint8Array {
  return concat(fields.map(([field, value]) => {
    if (typeof value === "number") return concat([varint(field * 8), varint(value)]);
    if (typeof value === "object" && "float" in value) {
      return concat([varint(field * 8 + 5), new Uint8Array(Float32Array.of(value.float).buffer)]);
    }
    const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
    return concat([varint(field * 8 + 2), varint(bytes.length), bytes]);
  }));
}

/** Rules of a charsmap: what each text becomes. A naive double array: every node's children stand in a block of 256 units of their own. */
export function testCharsmap(rules: Readonly<Record<string, string>>): Uint8Array {
  const entries = Object.entries(rules).map(([from, to]) => [new TextEncoder().encode(from), to] as const);
  const nodes = new Map<string, number>([["", 0]]);
  for (const [bytes] of entries) {
    for (let end = 1; end <= bytes.length; end++) {
      const key = bytes.slice(0, end).join();
      if (!nodes.has(key)) nodes.set(key, nodes.size);
    }
  }
  const texts: number[] = [];
  const units = new Uint32Array(256 * (nodes.size + 1));
  const blockOf = (node: number) => 256 * (node + 1);
  const positionOf = (key: string) => {
    const bytes = key.split(",");
    const parent = nodes.get(bytes.slice(0, -1).join())!;
    return blockOf(parent) ^ Number(bytes.at(-1));
  };
  // A unit's offset is from its own place to the block of its children, of which the first stands for the value.
  units[0] = offsetUnit(blockOf(0));
  for (const [key, node] of nodes) {
    if (key === "") continue;
    const at = positionOf(key);
    const value = entries.find(([bytes]) => bytes.join() === key)?.[1];
    units[at] = offsetUnit(at ^ blockOf(node)) | Number(key.split(",").at(-1)) | (value === undefined ? 0 : 0x100);
    if (value === undefined) continue;
    units[blockOf(node)] = (0x8000_0000 | texts.length) >>> 0;
    texts.push(...new TextEncoder().encode(value), 0);
  }
  return concat([
    new Uint8Array(Uint32Array.of(units.byteLength).buffer),
    new Uint8Array(units.buffer),
    Uint8Array.from(texts),
  ]);
}

function offsetUnit(offset: number): number {
  return (offset << 10) >>> 0;
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push(rest % 0x80 + 0x80);
  return Uint8Array.from([...bytes, rest]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
