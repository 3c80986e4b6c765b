import { assertEquals } from "@std/assert";
import { gpuTest } from "../test_gpu.ts";
import { ReadBack } from "./read_back.ts";

gpuTest("more than one buffer can take is read in as few parts as can be, in order", async (gpu) => {
  const tensors = [[1, 2, 3, 4, 5], [6, 7], [8, 9, 10], [11]].map((values) => gpu.upload(Uint32Array.from(values)));
  const parts: number[][][] = [];
  for (const readBack of ReadBack.inTurn(gpu.device, tensors, 20)) {
    const commands = gpu.device.createCommandEncoder();
    readBack.copy(commands);
    gpu.device.queue.submit([commands.finish()]);
    parts.push((await readBack.values()).map((values) => [...values]));
  }
  assertEquals(parts, [[[1, 2, 3, 4, 5]], [[6, 7], [8, 9, 10]], [[11]]]);
  const before = gpu.awaits;
  assertEquals(
    (await gpu.readAll(tensors)).flatMap((values) => [...values]),
    Array.from({ length: 11 }, (_, i) => i + 1),
  );
  assertEquals(await gpu.readAll([]), []);
  assertEquals(gpu.awaits - before, 1);
});
