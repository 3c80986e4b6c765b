import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { DamagedFileError } from "#lib/errors.ts";
import { SafeTensorsFile, serializeSafeTensors } from "#lib/models/safetensors.ts";
import type { Snapshot } from "#lib/training/checkpoint.ts";
import { unreadOf } from "#lib/training/test_snapshots.ts";
import { readSnapshot, writeSnapshot } from "./snapshot_format.ts";

const SMALL: Snapshot = {
  step: 7,
  parts: {
    student: {
      values: { updates: 7, best: 0.1 },
      arrays: { weight: Float32Array.of(1.5, -0, NaN), "a/b": Float32Array.of() },
    },
    random: { values: [1, "two", null], arrays: { counters: Uint32Array.of(0, 4294967295) } },
    nothing: { values: null, arrays: {} },
  },
};
/** The bytes of a snapshot's file. */
async function encodeSnapshot(snapshot: Snapshot, header: unknown): Promise<Uint8Array<ArrayBuffer>> {
  let bytes: Uint8Array<ArrayBuffer> = new Uint8Array();
  await writeSnapshot(
    {
      write: (more) => Promise.resolve(void (bytes = Uint8Array.of(...bytes, ...more))),
      replace: (at, others) => Promise.resolve(bytes.set(others, at)),
    },
    unreadOf(snapshot),
    header,
  );
  return bytes;
}

async function decodeSnapshot(bytes: Uint8Array<ArrayBuffer>, path: string) {
  const read = (start: number, length: number) => Promise.resolve(bytes.slice(start, start + length));
  return await readSnapshot({ length: bytes.length, read }, path);
}

const HEADER = { cell: "ammd, seed 10", hash: "0f" };

async function assertDamaged(bytes: Uint8Array<ArrayBuffer>, why: string) {
  const error = await assertRejects(() => decodeSnapshot(bytes, "cell.safetensors"), DamagedFileError, why);
  assertStringIncludes(error.message, "cell.safetensors: ");
  assert(!error.message.includes("\n"), error.message);
}

Deno.test("a snapshot comes back as it was, whatever it holds, and equal ones give equal bytes", async () => {
  const json = fc.jsonValue({ maxDepth: 2 });
  const name = fc.string({ unit: "binary", maxLength: 5 }).filter((text) => text.isWellFormed());
  const array = fc.oneof(
    fc.array(fc.float()).map((values) => Float32Array.from(values)),
    fc.array(fc.nat()).map((values) => Uint32Array.from(values)),
  );
  const part = fc.record({ values: json, arrays: fc.dictionary(name, array, { noNullPrototype: true }) });
  const parts = fc.dictionary(name.filter((text) => !text.includes("/")), part, { noNullPrototype: true });
  await fc.assert(
    fc.asyncProperty(fc.nat(), parts, json, async (step, parts, header) => {
      const bytes = await encodeSnapshot({ step, parts }, header);
      assertEquals(await encodeSnapshot({ step, parts }, header), bytes);
      assertEquals(await decodeSnapshot(bytes, ""), { header, snapshot: { step, parts } });
    }),
  );
});

Deno.test("numbers keep every bit, the sign of zero too, and those of arrays that are none", async () => {
  const values = [0.1, Number.MAX_VALUE, Number.MIN_VALUE, 2 ** 53 - 1, -1e-300, -0, 0];
  const data = new Float32Array(Uint32Array.of(0x7fc12345, 0x80000000, 1, 0xff800000).buffer);
  const bytes = await encodeSnapshot({ step: 1, parts: { a: { values, arrays: { data } } } }, null);
  const { a } = (await decodeSnapshot(bytes, "")).snapshot.parts;
  assertEquals(a.values, values);
  assertEquals(new Uint8Array(a.arrays.data.buffer), new Uint8Array(data.buffer));
});

Deno.test("a file cut off at any length is refused, by its name", async () => {
  const bytes = await encodeSnapshot(SMALL, HEADER);
  for (let length = 0; length < bytes.length; length++) await assertDamaged(bytes.slice(0, length), "damaged");
});

Deno.test("a file with any one bit changed is refused, and so is one with a byte more", async () => {
  const bytes = await encodeSnapshot(SMALL, HEADER);
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const changed = bytes.slice();
    changed[bit >> 3] ^= 1 << (bit & 7);
    await assertDamaged(changed, "damaged");
  }
  await assertDamaged(Uint8Array.of(...bytes, 0), "damaged");
});

Deno.test("a whole file of another program is refused", async () => {
  const arrays = new Map([["a", { shape: [1], data: Float32Array.of(1) }]]);
  await assertDamaged(serializeSafeTensors(arrays, { format: "pt" }), "does not begin as a checkpoint does");
});

Deno.test("any reader of safetensors reads the arrays, and finds the SHA-256 with its own digits as zeros", async () => {
  const bytes = await encodeSnapshot(SMALL, HEADER);
  const file = SafeTensorsFile.parse(bytes, "");
  assertEquals(file.get("student/weight").shape, [3]);
  assertEquals([...file.f32("student/weight")], [1.5, -0, NaN]);
  assertEquals([...file.u32("random/counters")], [0, 4294967295]);
  const text = String.fromCharCode(...bytes);
  const [, digest] = /"sha256":"([0-9a-f]{64})"/.exec(text)!;
  const blank = Uint8Array.from(text.replace(digest, "0".repeat(64)), (character) => character.charCodeAt(0));
  assertEquals(new Uint8Array(await crypto.subtle.digest("SHA-256", blank)).toHex(), digest);
});

Deno.test("what JSON does not have, or a name that cannot be told apart, is not written", async () => {
  const encode = (values: unknown) => encodeSnapshot({ step: 1, parts: { a: { values, arrays: {} } } }, null);
  for (const value of [NaN, Infinity]) {
    await assertRejects(() => encode({ best: value }), RangeError, `Cannot keep best: JSON has no ${value}`);
  }
  await assertRejects(() => encode([undefined]), RangeError, "Cannot keep 0: JSON has no undefined");
  const parts = { "a/b": { values: null, arrays: {} } };
  await assertRejects(() => encodeSnapshot({ step: 1, parts }, null), RangeError, "Cannot keep part a/b");
});
