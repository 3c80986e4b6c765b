import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { gpuTest } from "../test_gpu.ts";
import wgsl from "./gpu_test.wgsl" with { type: "text" };
import { GpuMemoryError } from "./device_errors.ts";
import { Gpu } from "./gpu.ts";
import { defineKernel } from "./kernel.ts";
import { workgroupWgsl } from "./workgroup.ts";
import brokenWgsl from "./broken_test.wgsl" with { type: "text" };

const text = workgroupWgsl + wgsl;
const putKernel = defineKernel("put", text, "put");
const numberKernel = defineKernel("number", text, "number");
const multiplyKernel = defineKernel("multiply", text, "multiply");
const reduceKernel = defineKernel("reduce", text, "reduce");

gpuTest("the error for a missing binding or parameter names it and the kernel", (gpu) => {
  const [x, out] = [gpu.allocate([4]), gpu.allocate([4])];
  assertThrows(
    () => gpu.dispatch(multiplyKernel, { bindings: { out }, params: { count: 4, value: 1 }, workgroups: 1 }),
    RangeError,
    "Cannot dispatch multiply: binding x is not given",
  );
  assertThrows(
    () => gpu.dispatch(multiplyKernel, { bindings: { x, out }, params: { count: 4 }, workgroups: 1 }),
    RangeError,
    "Cannot dispatch multiply: parameter value is not given",
  );
});

gpuTest("one count of workgroups above the limit of a dimension reaches every row once", async (gpu) => {
  const limit = gpu.device.limits.maxComputeWorkgroupsPerDimension;
  for (const count of [limit, limit + 1, 2 * limit + 17]) {
    const out = gpu.allocate([count]);
    gpu.clear(out);
    gpu.dispatch(numberKernel, { bindings: { out }, params: { count, value: 0 }, workgroups: count });
    const rows = await gpu.read(out);
    assert(rows.every((row, i) => row === i), `${count} rows`);
    gpu.release(out);
  }
});

gpuTest("a grid given by its dimensions is refused above the limit", (gpu) => {
  const limit = gpu.device.limits.maxComputeWorkgroupsPerDimension;
  assertThrows(
    () => gpu.dispatch(putKernel, { bindings: {}, workgroups: [1, limit + 1] }),
    RangeError,
    `Cannot dispatch put: [1,${limit + 1},1] workgroups are over this device's limit of ${limit}`,
  );
});

gpuTest("a dispatch of no workgroups does nothing", async (gpu) => {
  const out = gpu.upload(Float32Array.of(7));
  gpu.dispatch(putKernel, { bindings: { out }, params: { count: 0, value: 1 }, workgroups: 0 });
  assertEquals(await gpu.read(out), Float32Array.of(7));
});

gpuTest("every one of 10,000 dispatches in a flush sees its own parameters", async (gpu) => {
  const count = 10_000;
  const out = gpu.allocate([count]);
  gpu.clear(out);
  for (let i = 0; i < count; i++) {
    gpu.dispatch(putKernel, { bindings: { out }, params: { count: i, value: i + 0.5 }, workgroups: 1 });
  }
  const values = await gpu.read(out);
  assert(values.every((value, i) => value === i + 0.5));
  gpu.release(out);
});

gpuTest("WORKGROUP is the adapter's row workgroup unless given", async (gpu) => {
  const x = gpu.upload(new Float32Array(256).fill(1));
  const sizeOf = async (constants: Record<string, number>) => {
    const out = gpu.allocate([3]);
    gpu.dispatch(reduceKernel, { bindings: { x, out }, constants, workgroups: 1 });
    return (await gpu.read(out))[2];
  };
  assertEquals([await sizeOf({}), await sizeOf({ WORKGROUP: 32 })], [gpu.tuning.rowWorkgroup, 32]);
});

gpuTest("workgroupSum and workgroupMax reach every lane, for workgroups from 1 to 256", async (gpu) => {
  for (const size of [1, 2, 8, 32, 64, 256]) {
    const values = Float32Array.from({ length: size }, (_, i) => -1 - (i * 37) % size);
    const out = gpu.allocate([3]);
    gpu.dispatch(reduceKernel, {
      bindings: { x: gpu.upload(values), out },
      constants: { WORKGROUP: size },
      workgroups: 1,
    });
    assertEquals([...await gpu.read(out)], [-size * (size + 1) / 2, -1, size]);
  }
});

Deno.test("an error in WGSL is thrown by the next read, naming the kernel, and by all that wait after it", async () => {
  await using gpu = await Gpu.open();
  const broken = defineKernel("brokenNorm", brokenWgsl);
  const out = gpu.upload(Float32Array.of(1));
  gpu.dispatch(broken, { bindings: { out }, workgroups: 1 });
  const error = await assertRejects(() => gpu.read(out), Error, "brokenNorm");
  assert(error.message.startsWith("GPU error: ") && error.message.includes("undeclared"));
  for (const wait of [() => gpu.read(out), () => gpu.settle(), () => gpu.throttle(), () => gpu.kernelTimes()]) {
    await assertRejects(wait, Error, "brokenNorm");
  }
});

Deno.test("a GPU without memory left is an error of its own, which says what buffers were to take", async () => {
  await using gpu = await Gpu.open();
  const out = gpu.allocate([2 ** 20]);
  const error = new GPUOutOfMemoryError("not enough memory left");
  gpu.device.dispatchEvent(new GPUUncapturedErrorEvent("uncapturederror", { error }));
  const said = await assertRejects(() => gpu.read(out), GpuMemoryError);
  assertEquals(said.message, "the GPU has no memory left: its buffers were to take 0.00 GiB");
});

Deno.test("a lost device is an error of the next wait", async () => {
  const gpu = await Gpu.open();
  const out = gpu.upload(Float32Array.of(1));
  gpu.device.destroy();
  await gpu.device.lost;
  await assertRejects(() => gpu.read(out), Error, "GPU device lost");
  await gpu[Symbol.asyncDispose]();
});
