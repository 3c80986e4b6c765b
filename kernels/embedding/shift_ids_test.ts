import { assertEquals } from "@std/assert";
import { gpuTest } from "../test_gpu.ts";
import { shiftIds } from "./shift_ids.ts";

gpuTest("shiftIds adds the offset to every id of any shape", async (gpu) => {
  for (const shape of [[1], [3, 7], [2, 1], [5, 400]]) {
    const ids = Uint32Array.from({ length: shape.reduce((product, size) => product * size) }, (_, i) => i * i % 977);
    const shifted = shiftIds(gpu, gpu.upload(ids, shape), 2);
    assertEquals([shifted.shape, shifted.dtype], [shape, "u32"]);
    assertEquals([...await gpu.read(shifted)], [...ids].map((id) => id + 2));
  }
});
