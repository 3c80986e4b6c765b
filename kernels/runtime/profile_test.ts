import { assert, assertEquals } from "@std/assert";
import { gpuTest } from "../test_gpu.ts";
import wgsl from "./gpu_test.wgsl" with { type: "text" };
import { Gpu } from "./gpu.ts";
import { defineKernel } from "./kernel.ts";
import { workgroupWgsl } from "./workgroup.ts";

const adapter = await navigator.gpu?.requestAdapter();
const ignore = !adapter?.features.has("timestamp-query");

const text = workgroupWgsl + wgsl;
const putKernel = defineKernel("put", text, "put");
const numberKernel = defineKernel("number", text, "number");

Deno.test({
  name: "kernelTimes counts the dispatches of each kernel, over flushes, longest first, and forgets what it told",
  ignore,
  async fn() {
    await using gpu = await Gpu.open({ profile: true });
    const out = gpu.allocate([20_000]);
    for (let flush = 0; flush < 3; flush++) {
      for (let i = 0; i < 5; i++) {
        gpu.dispatch(putKernel, { bindings: { out }, params: { count: i, value: 1 }, workgroups: 1 });
      }
      gpu.dispatch(numberKernel, { bindings: { out }, params: { count: 20_000, value: 0 }, workgroups: 20_000 });
      gpu.flush();
    }
    const times = await gpu.kernelTimes();
    assertEquals(times.map(({ kernel, dispatches }) => [kernel, dispatches]).sort(), [["number", 3], ["put", 15]]);
    assert(times.every(({ elapsedMs }) => elapsedMs > 0));
    assert(times[0].elapsedMs >= times[1].elapsedMs);
    assertEquals(await gpu.kernelTimes(), []);
  },
});

Deno.test({
  name: "dispatches beyond those that one flush can time run untimed",
  ignore,
  async fn() {
    await using gpu = await Gpu.open({ profile: true });
    const count = 2100;
    const out = gpu.allocate([count]);
    for (let i = 0; i < count; i++) {
      gpu.dispatch(putKernel, { bindings: { out }, params: { count: i, value: i }, workgroups: 1 });
    }
    assert((await gpu.read(out)).every((value, i) => value === i));
    assertEquals((await gpu.kernelTimes()).map(({ dispatches }) => dispatches), [2048]);
  },
});

gpuTest("kernelTimes without profiling is empty", async (gpu) => {
  const out = gpu.allocate([1]);
  gpu.dispatch(putKernel, { bindings: { out }, params: { count: 0, value: 1 }, workgroups: 1 });
  assertEquals(await gpu.kernelTimes(), []);
});
