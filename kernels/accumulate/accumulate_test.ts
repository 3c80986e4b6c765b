import { assertEquals, assertThrows } from "@std/assert";
import { gpuTest } from "../test_gpu.ts";
import { accumulate } from "./accumulate.ts";

gpuTest("accumulate adds in place, for sizes that no workgroup divides", async (gpu) => {
  for (const size of [1, 7, 300]) {
    const values = Float32Array.from({ length: size }, (_, i) => i);
    const sums = gpu.upload(values);
    accumulate(gpu, sums, gpu.upload(values.map((value) => 2 * value)));
    assertEquals(await gpu.read(sums), values.map((value) => 3 * value));
  }
});

gpuTest("accumulate leaves what lies past the end of a window as it is, whatever the terms hold there", async (gpu) => {
  for (const count of [1, 2, 3, 5, 7]) {
    const whole = gpu.upload(new Float32Array(8));
    const terms = gpu.upload(new Float32Array(8).fill(9));
    accumulate(gpu, { ...whole, shape: [count] }, { ...terms, shape: [count] });
    assertEquals(await gpu.read(whole), Float32Array.from({ length: 8 }, (_, i) => i < count ? 9 : 0));
  }
});

gpuTest("accumulate refuses tensors of different sizes", (gpu) => {
  assertThrows(
    () => accumulate(gpu, gpu.allocate([3]), gpu.allocate([4])),
    RangeError,
    "Cannot accumulate [4] into [3]",
  );
});
