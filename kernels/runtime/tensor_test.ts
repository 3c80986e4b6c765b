import { assert, assertEquals, assertThrows } from "@std/assert";
import { elementCount, reshape, sizeBytes, type Tensor } from "./tensor.ts";

const tensor: Tensor = { shape: [2, 3, 4], dtype: "u32", buffer: {} as GPUBuffer, offset: 256 };

Deno.test("elementCount is the product of the axes, 1 for a scalar and 0 for an empty axis", () => {
  assertEquals([[2, 3, 4], [7], [], [3, 0]].map(elementCount), [24, 7, 1, 0]);
  assertEquals(sizeBytes([2, 3, 4]), 96);
});

Deno.test("reshape is the same window of the same buffer under another shape", () => {
  const flat = reshape(tensor, [24]);
  assert(flat.buffer === tensor.buffer);
  assertEquals([flat.shape, flat.dtype, flat.offset], [[24], "u32", 256]);
});

Deno.test("reshape refuses another number of elements", () => {
  assertThrows(
    () => reshape(tensor, [5, 5]),
    RangeError,
    "Cannot reshape [2,3,4] to [5,5]: the element counts differ",
  );
});
