import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "#lib/errors.ts";
import { SafeTensorsFile, serializeSafeTensors } from "./safetensors.ts";

const checkpoint = decodeURIComponent(
  new URL("../verification/fixtures/gpt2/model.safetensors", import.meta.url).pathname,
);

/** A file with this header, given as text or as an object, and so many bytes of data. */
function fileOf(header: unknown, dataBytes = 0): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

function withHeaderLength(length: bigint): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(64);
  new DataView(file.buffer).setBigUint64(0, length, true);
  return file;
}

const tensor = (begin: number, end: number, shape = [(end - begin) / 4], dtype = "F32") => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});
const parse = (bytes: Uint8Array<ArrayBuffer>) => SafeTensorsFile.parse(bytes, "m.safetensors");

function assertRefused(bytes: Uint8Array<ArrayBuffer>, ...parts: string[]) {
  const { message } = assertThrows(() => parse(bytes), InputError);
  for (const part of ["m.safetensors: ", ...parts]) assertStringIncludes(message, part);
  assert(!message.includes("\n"), message);
}

// python -c 'import numpy as np, base64; from safetensors.numpy import save; print(base64.b64encode(save({
//   "weights": np.array([[1.5, -2, 0.1], [3e38, 1e-40, -0.0]], dtype=np.float32), "half": np.array([1/3, 65504, -6e-8],
//   dtype=np.float16), "ids": np.array([[-100, 7]], dtype=np.int64), "scalar": np.array(3, dtype=np.int32)},
//   metadata={"format": "np"})).decode())'    # safetensors 0.8.0
const recorded = Uint8Array.from(
  atob(
    "EAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJucCJ9LCJpZHMiOnsiZHR5cGUiOiJJNjQiLCJzaGFwZSI6WzEsMl0sImRhdGFfb2Zmc2V0" +
      "cyI6WzAsMTZdfSwid2VpZ2h0cyI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMiwzXSwiZGF0YV9vZmZzZXRzIjpbMTYsNDBdfSwic2NhbGFyIjp7ImR0" +
      "eXBlIjoiSTMyIiwic2hhcGUiOltdLCJkYXRhX29mZnNldHMiOls0MCw0NF19LCJoYWxmIjp7ImR0eXBlIjoiRjE2Iiwic2hhcGUiOlszXSwiZGF0YV9v" +
      "ZmZzZXRzIjpbNDQsNTBdfX0gIJz/////////BwAAAAAAAAAAAMA/AAAAwM3MzD3msWF/whYBAAAAAIADAAAAVTX/ewGA",
  ),
  (character) => character.charCodeAt(0),
);

Deno.test("a file that Python's safetensors wrote reads as the values that went in", () => {
  const file = parse(recorded);
  assertEquals(file.names, ["ids", "weights", "scalar", "half"]);
  assertEquals(file.get("weights").shape, [2, 3]);
  assertEquals(file.get("scalar").shape, []);
  assertEquals([...file.f32("weights")], [1.5, -2, 0.1, 3e38, 1e-40, -0].map(Math.fround));
  assertEquals([...file.f32("half")], [0.333251953125, 65504, -(2 ** -24)]);
  assertEquals([...file.i32("ids")], [-100, 7]);
  assertEquals([...file.i32("scalar")], [3]);
});

Deno.test("every half and bfloat16 value converts to the float32 that its bits say", () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, index) => index);
  const file = fileOf(
    { half: tensor(0, 131072, [65536], "F16"), brain: tensor(131072, 262144, [65536], "BF16") },
    262144,
  );
  file.set(new Uint8Array(bits.buffer), file.length - 262144);
  file.set(new Uint8Array(bits.buffer), file.length - 131072);
  const half = parse(file).f32("half");
  const brain = parse(file).f32("brain");
  const value = (bits: number, exponentBits: number, fractionBits: number) => {
    const sign = bits >> 15 ? -1 : 1;
    const exponent = (bits >> fractionBits) & (2 ** exponentBits - 1);
    const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
    const bias = 2 ** (exponentBits - 1) - 1;
    if (exponent === 2 ** exponentBits - 1) return fraction ? NaN : sign * Infinity;
    return sign * (exponent ? (1 + fraction) * 2 ** (exponent - bias) : fraction * 2 ** (1 - bias));
  };
  for (let index = 0; index < 65536; index++) {
    if (!Object.is(half[index], value(index, 5, 10))) assertEquals(half[index], value(index, 5, 10), `half ${index}`);
    if (!Object.is(brain[index], value(index, 8, 7))) assertEquals(brain[index], value(index, 8, 7), `bfloat ${index}`);
  }
});

const someTensor = fc.tuple(
  fc.array(fc.nat(4), { maxLength: 3 }),
  fc.boolean(),
  fc.infiniteStream(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
).map(([shape, float, values]) => {
  const bits = Int32Array.from(values.take(shape.reduce((product, size) => product * size, 1)));
  return { shape, data: float ? new Float32Array(bits.buffer) : bits };
});
const someName = fc.oneof(fc.string({ unit: "grapheme" }), fc.nat(20).map(String), fc.constant("__proto__"))
  .filter((name) => name !== "__metadata__");
const someTensors = fc.uniqueArray(fc.tuple(someName, someTensor), { selector: ([name]) => name, maxLength: 5 });

Deno.test("what is written is read back bit for bit, whatever the names, shapes and values", () => {
  fc.assert(fc.property(someTensors, (tensors) => {
    const file = parse(serializeSafeTensors(new Map(tensors), { format: "pt" }));
    assertEquals([...file.names].sort(), tensors.map(([name]) => name).sort());
    for (const [name, { shape, data }] of tensors) {
      assertEquals(file.get(name).shape, shape);
      assertEquals(file.get(name).bytes, new Uint8Array(data.buffer));
      const read = data instanceof Float32Array ? file.f32(name) : file.i32(name);
      assertEquals(new Uint8Array(read.buffer), new Uint8Array(data.buffer));
    }
  }));
});

Deno.test("equal tensors give equal bytes, with the data on a boundary of eight", () => {
  fc.assert(fc.property(someTensors, (tensors) => {
    const bytes = serializeSafeTensors(new Map(tensors));
    assertEquals(serializeSafeTensors(new Map(tensors)), bytes);
    assertEquals(new DataView(bytes.buffer).getBigUint64(0, true) % 8n, 0n);
  }));
});

Deno.test("the header keeps the order given and its spaces fill up to the data", () => {
  const bytes = serializeSafeTensors(
    new Map([
      ["b", { shape: [1, 2], data: Float32Array.of(1, 2) }],
      ["1", { shape: [], data: Int32Array.of(-1) }],
    ]),
    { format: "pt" },
  );
  const header = '{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},' +
    '"1":{"dtype":"I32","shape":[],"data_offsets":[8,12]}}';
  const padded = header.padEnd(144, " ");
  assertEquals(new TextDecoder().decode(bytes.subarray(8, -12)), padded);
  assertEquals([...bytes.subarray(-12)], [0, 0, 128, 63, 0, 0, 0, 64, 255, 255, 255, 255]);
});

Deno.test("a window of a larger array is written without the rest", () => {
  const data = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
  assertEquals([...parse(serializeSafeTensors(new Map([["a", { shape: [2], data }]]))).f32("a")], [2, 3]);
});

Deno.test("values read are a copy: writing to them leaves the file as it was", () => {
  const file = parse(recorded);
  file.f32("weights")[0] = 9;
  assertEquals(file.f32("weights")[0], 1.5);
});

Deno.test("a tensor whose data does not have the size of its shape is not written", () => {
  const wrong = new Map([["a", { shape: [3], data: Float32Array.of(1, 2) }]]);
  assertThrows(() => serializeSafeTensors(wrong), RangeError, "tensor a of shape [3] with 2 values");
});

Deno.test("a truncated file is refused wherever it was cut", () => {
  for (let length = 0; length < recorded.length; length++) assertRefused(recorded.slice(0, length), "truncated");
});

Deno.test("a file with bytes after the last tensor is refused", () => {
  assertRefused(fileOf({ a: tensor(0, 8) }, 11), "3 bytes after the last tensor");
});

Deno.test("a header longer than the file is refused", () => {
  assertRefused(withHeaderLength(57n), "the header has 57 bytes but only 56 follow");
});

Deno.test("an oversized header is refused", () => {
  assertRefused(withHeaderLength(100_000_001n), "oversized header of 100000001 bytes");
  assertRefused(withHeaderLength(2n ** 64n - 1n), "oversized header");
});

Deno.test("a header that is no JSON object is refused", () => {
  assertRefused(fileOf('{"a":'), "the header is not JSON");
  assertRefused(fileOf('{"\u0000":1}'), "the header is not JSON");
  assertRefused(fileOf("[]"), "must be a JSON object");
  const notUtf8 = fileOf('{"a":1}');
  notUtf8[10] = 0xff;
  assertRefused(notUtf8, "the header is not JSON");
});

Deno.test("a tensor without a known dtype, a shape or a pair of offsets is refused", () => {
  assertRefused(fileOf({ a: 1 }), "tensor a", "dtype undefined");
  assertRefused(fileOf({ a: tensor(0, 4, [1], "F33") }, 4), "tensor a", '"F33"', "F32");
  assertRefused(fileOf({ a: tensor(0, 4, [1], "toString") }, 4), "tensor a", '"toString"');
  assertRefused(fileOf({ a: tensor(0, 4, [-1]) }, 4), "tensor a", "shape [-1]");
  assertRefused(fileOf({ a: tensor(0, 4, [0.5]) }, 4), "tensor a", "shape [0.5]");
  assertRefused(fileOf({ a: { dtype: "F32", shape: [1], data_offsets: [0] } }, 4), "tensor a", "data_offsets [0]");
});

Deno.test("offsets that overlap, leave a hole, run backwards or pass the end are refused", () => {
  assertRefused(fileOf({ a: tensor(0, 8), b: tensor(4, 12) }, 12), "tensor b begins at byte 4", "overlaps");
  assertRefused(fileOf({ a: tensor(0, 8), b: tensor(0, 8) }, 8), "tensor b begins at byte 0", "overlaps");
  assertRefused(fileOf({ a: tensor(0, 8), b: tensor(12, 16) }, 16), "tensor b begins at byte 12", "hole");
  assertRefused(fileOf({ a: tensor(8, 0, [2]) }, 8), "tensor a", "data_offsets [8,0]");
  assertRefused(fileOf({ a: tensor(0, 8) }, 4), "tensor a ends at byte 8 of 4");
});

Deno.test("tensors may stand in the header in another order than in the data", () => {
  const file = fileOf({ b: tensor(4, 8), none: tensor(4, 4), a: tensor(0, 4) }, 8);
  file[file.length - 4] = 1;
  assertEquals(parse(file).names, ["a", "none", "b"]);
  assertEquals([...parse(file).f32("b")], [2 ** -149]);
});

Deno.test("a size that is not that of shape and dtype is refused", () => {
  assertRefused(fileOf({ a: tensor(0, 8, [3]) }, 8), "tensor a has 8 bytes but F32 [3] takes 12");
  assertRefused(fileOf({ a: tensor(0, 8, [4], "F64") }, 8), "tensor a has 8 bytes but F64 [4] takes 32");
});

Deno.test("a name that occurs twice is refused, however it is escaped", () => {
  const entry = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}';
  assertRefused(fileOf(`{"a":${entry},"b":${entry},"a":${entry}}`), "tensor a twice");
  assertRefused(fileOf(`{"a" : ${entry},"\\u0061":${entry}}`), "tensor a twice");
  assertEquals(parse(fileOf(`{"shape":${entry},"\\"{":${entry},"a":${entry}}`)).names, ["shape", '"{', "a"]);
});

Deno.test("asking for another dtype than the tensor's is refused", () => {
  const file = parse(recorded);
  assertThrows(() => file.f32("ids"), InputError, "m.safetensors: tensor ids is I64 but must be F32, F16 or BF16");
  assertThrows(() => file.i32("half"), InputError, "m.safetensors: tensor half is F16 but must be I32 or I64");
});

Deno.test("an I64 value beyond 32 bits is refused, not cut", () => {
  const file = fileOf({ a: tensor(0, 8, [1], "I64") }, 8);
  file[file.length - 4] = 1;
  assertThrows(() => parse(file).i32("a"), InputError, "tensor a holds 4294967296");
});

Deno.test("a missing tensor is refused with the nearest names", () => {
  const names = ["h.0.ln_1.bias", "h.0.ln_1.weight", "h.0.ln_2.weight", "h.1.ln_1.weight", "wte.weight"];
  const file = parse(
    serializeSafeTensors(new Map(names.map((name) => [name, { shape: [0], data: new Float32Array() }]))),
  );
  assertThrows(
    () => file.get("h.0.ln_1.weigth"),
    InputError,
    "m.safetensors: no tensor h.0.ln_1.weigth; the nearest are h.0.ln_1.weight, h.0.ln_2.weight, h.1.ln_1.weight",
  );
  assertThrows(() => parse(fileOf({})).f32("a"), InputError, "no tensor a; it has none at all");
});

Deno.test("a file that is not there is refused by its path", async () => {
  await assertRejects(
    () => SafeTensorsFile.read("no/such.safetensors"),
    InputError,
    "no/such.safetensors: no such file",
  );
});

Deno.test("a GPT-2 checkpoint of Hugging Face reads, and its tensors write to the same values", async () => {
  const file = await SafeTensorsFile.read(checkpoint);
  assertEquals(file.names.length, 28);
  const { dtype, shape } = file.get("transformer.h.0.attn.c_attn.weight");
  assertEquals([dtype, ...shape], ["F32", 16, 48]);
  const tensors = new Map(file.names.map((name) => [name, { shape: file.get(name).shape, data: file.f32(name) }]));
  const written = serializeSafeTensors(tensors, { format: "pt" });
  assertEquals(written, await Deno.readFile(checkpoint));
});
