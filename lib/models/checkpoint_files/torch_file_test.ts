import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { elementCount } from "#kernels/runtime/tensor.ts";
import { InputError } from "#lib/errors.ts";
import { isFile } from "#lib/results/storage.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { SafeTensorsFile } from "../safetensors.ts";
import { BYTES_PER_ELEMENT } from "../safetensors_header.ts";
import { RangeFile } from "./range_file.ts";
import { floatsOf, type StoredTensor } from "./stored_tensor.ts";
import { concat, testTorchFile, testZip } from "./test_torch_file.ts";
import { tensorsOfTorchFile } from "./torch_file.ts";

const TESTDATA = decodeURIComponent(new URL("./testdata/", import.meta.url).pathname);

function bytesOf({ dtype, shape, readInto }: StoredTensor): Uint8Array {
  const bytes = new Uint8Array(elementCount(shape) * BYTES_PER_ELEMENT[dtype]);
  readInto(0, bytes);
  return bytes;
}

/** The message in which a file is refused. */
function refusalOf(path: string): string {
  using file = RangeFile.open(path);
  const { message } = assertThrows(() => tensorsOfTorchFile(file), InputError);
  assert(!message.includes("\n") && message.startsWith(path), message);
  return message.slice(path.length + 2);
}

Deno.test("tensors of every type, views, an empty one and a scalar have the bytes that PyTorch wrote as safetensors", async () => {
  using file = RangeFile.open(`${TESTDATA}views_and_types.bin`);
  const expected = await SafeTensorsFile.read(`${TESTDATA}views_and_types.safetensors`);
  const tensors = tensorsOfTorchFile(file);
  assertEquals(tensors.map(({ name }) => name).sort(), [...expected.names].sort());
  for (const tensor of tensors) {
    const { dtype, shape, bytes } = expected.get(tensor.name);
    assertEquals([tensor.dtype, tensor.shape, bytesOf(tensor)], [dtype, shape, bytes], tensor.name);
  }
});

Deno.test("any part of a strided view is what stands there in the whole", () => {
  using file = RangeFile.open(`${TESTDATA}views_and_types.bin`);
  const views = tensorsOfTorchFile(file).filter(({ shape }) => shape.length === 2 && elementCount(shape) > 0);
  assert(views.length > 5);
  for (const view of views) {
    const [whole, size] = [bytesOf(view), BYTES_PER_ELEMENT[view.dtype]];
    for (let first = 0; first < elementCount(view.shape); first++) {
      const part = new Uint8Array(Math.min(3 * size, whole.length - first * size));
      view.readInto(first, part);
      assertEquals(part, whole.slice(first * size, first * size + part.length), `${view.name} from ${first}`);
    }
  }
});

const TO_BE_REFUSED = {
  hostile: "data.pkl: it names posix.system; tensors and dictionaries alone are read, and no code is run",
  hostile_exec: "data.pkl: it names builtins.exec;",
  hostile_getattr: "data.pkl: it names builtins.getattr;",
  hostile_stack_global: "data.pkl: it names posix.system;",
  legacy: "the form that PyTorch before 1.6 wrote",
  deflated: "deflated/data.pkl in it is compressed",
  nested: "state_dict in it is a dictionary; save the model's state dictionary by itself",
  storage_too_short: "tensor a [4,6] lies beyond its storage of 10 values",
  shape_too_large: "tensor a [244,6] lies beyond its storage of 24 values",
  storage_missing: "data.pkl: the storage data/9 that it names is not in the file",
  unknown_opcode: "data.pkl: opcode 0xff at byte 5 is none of those that build tensors and dictionaries",
};

for (const [name, message] of Object.entries(TO_BE_REFUSED)) {
  Deno.test(`${name}.bin is refused in one line, and no code of it runs`, () => {
    const refusal = refusalOf(`${TESTDATA}${name}.bin`);
    assert(refusal.startsWith(message), refusal);
    for (const folder of [".", TESTDATA]) assertEquals(isFile(`${folder}/hostile-pickle-ran`), false);
  });
}

const SMALL = {
  a: { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
  "b.c": { shape: [1], data: Float32Array.of(-0.5) },
};

for (const archive of [{}, { wide: true }, { comment: "PK\x05\x06 of a comment" }, { wide: true, comment: "x" }]) {
  testInFolder(`an archive written ${JSON.stringify(archive)} is read`, async (folder) => {
    await Deno.writeFile(`${folder}/m.bin`, testTorchFile(SMALL, archive));
    using file = RangeFile.open(`${folder}/m.bin`);
    const tensors = tensorsOfTorchFile(file);
    assertEquals(tensors.map(({ name, dtype, shape }) => [name, dtype, shape]), [["a", "F32", [2, 3]], ["b.c", "F32", [
      1,
    ]]]);
    assertEquals(tensors.map(floatsOf), [SMALL.a.data, SMALL["b.c"].data]);
  });
}

testInFolder("an archive cut off anywhere is refused, at its size as well as at any other", async (folder) => {
  const whole = testTorchFile(SMALL);
  for (let length = 0; length < whole.length; length += 7) {
    await Deno.writeFile(`${folder}/m.bin`, whole.subarray(0, length));
    refusalOf(`${folder}/m.bin`);
  }
});

testInFolder("archives that are none of torch.save's are refused by what they hold", async (folder) => {
  const path = `${folder}/m.bin`;
  const refused = async (files: Record<string, string>) => {
    const entries = Object.entries(files).map(([name, content]) => [name, concat([content])]);
    await Deno.writeFile(path, testZip(Object.fromEntries(entries)));
    return refusalOf(path);
  };
  assertEquals(await refused({ "a/other": "" }), "no file of torch.save: 0 data.pkl are in it");
  assertEquals(await refused({ "a/data.pkl": "", "b/data.pkl": "" }), "no file of torch.save: 2 data.pkl are in it");
  assertEquals(await refused({ "a/data.pkl": "\x80\x02" }), "data.pkl: it is truncated");
  assertEquals(await refused({ "a/data.pkl": "." }), "data.pkl: it takes from an empty stack");
  assertEquals(await refused({ "a/data.pkl": "K\x05." }), "it holds something else than tensors by name");
  assertEquals(
    await refused({ "a/data.pkl": "}X\x01\0\0\0aK\x05s." }).then((message) => message.slice(0, 18)),
    "a in it is no tens",
  );
  assertEquals(
    await refused({ "a/data.pkl": "ctorch._utils\n_rebuild_tensor_v2\n)R." }),
    "data.pkl: it makes something of other arguments than tensors have",
  );
  const big = await refused({ "a/data.pkl": "}.", "a/byteorder": "big" });
  assertEquals(big, "its numbers are not little-endian; save it again on another machine");
});

testInFolder("whatever bytes of a file are changed, it is read or refused in one line", async (folder) => {
  const original = await Deno.readFile(`${TESTDATA}views_and_types.bin`);
  const path = `${folder}/m.bin`;
  const changes = fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(changes, (some) => {
      const bytes = original.slice();
      for (const [at, value] of some) bytes[at] = value;
      Deno.writeFileSync(path, bytes);
      using file = RangeFile.open(path);
      try {
        for (const tensor of tensorsOfTorchFile(file)) bytesOf(tensor);
      } catch (error) {
        assert(error instanceof InputError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});
