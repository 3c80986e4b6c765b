import { assert, assertEquals, assertThrows } from "@std/assert";
import { gpuTest } from "../test_gpu.ts";
import wgsl from "./gpu_test.wgsl" with { type: "text" };
import type { Gpu } from "./gpu.ts";
import { defineKernel, type Kernel } from "./kernel.ts";
import { InputImages } from "./input_images.ts";
import { PipelineCache } from "./pipeline_cache.ts";
import type { Tensor } from "./tensor.ts";
import { workgroupWgsl } from "./workgroup.ts";

const text = workgroupWgsl + wgsl;
const putKernel = defineKernel("put", text, "put");
const numberKernel = defineKernel("number", text, "number");
const multiplyKernel = defineKernel("multiply", text, "multiply");

const noEncoder = (): GPUCommandEncoder => {
  throw new Error("asked for an encoder with no image to bring up to date");
};

const groupOf = (
  cache: PipelineCache,
  kernel: Kernel,
  layout: GPUBindGroupLayout,
  tensors: Readonly<Record<string, Tensor>>,
) => cache.bindGroup(kernel, layout, tensors, 0, noEncoder);

const test = (name: string, fn: (gpu: Gpu, cache: PipelineCache) => void | Promise<void>) =>
  gpuTest(name, async (gpu) => {
    const uniforms = gpu.device.createBuffer({ size: 256, usage: GPUBufferUsage.UNIFORM });
    await fn(
      gpu,
      new PipelineCache(gpu.device, { buffer: uniforms, size: 256 }, new InputImages(gpu.device, () => 0)),
    );
    await gpu.settle();
    uniforms.destroy();
  });

test("a kernel is compiled once for each set of constants", (_, cache) => {
  const first = cache.pipeline(multiplyKernel, { WORKGROUP: 8 }, 0);
  assert(cache.pipeline(multiplyKernel, { WORKGROUP: 8 }, 0) === first);
  assert(cache.pipeline(multiplyKernel, { WORKGROUP: 16 }, 0) !== first);
  assert(cache.pipeline(numberKernel, {}, 0) !== first);
});

test("kernels with equal bindings share a layout, and thus their bind groups", (gpu, cache) => {
  const [put, number] = [cache.pipeline(putKernel, {}, 0), cache.pipeline(numberKernel, {}, 0)];
  assert(put.layout === number.layout);
  assert(cache.pipeline(multiplyKernel, {}, 0).layout !== put.layout);
  const out = gpu.allocate([8]);
  assert(groupOf(cache, putKernel, put.layout, { out }) === groupOf(cache, numberKernel, number.layout, { out }));
});

test("a bind group is made once for the same windows of the same buffers, and anew for others", (gpu, cache) => {
  const { layout } = cache.pipeline(multiplyKernel, {}, 0);
  const [x, y, out] = [gpu.allocate([512]), gpu.allocate([512]), gpu.allocate([512])];
  const group = groupOf(cache, multiplyKernel, layout, { x, out });
  assert(groupOf(cache, multiplyKernel, layout, { x: { ...x }, out }) === group);
  assert(groupOf(cache, multiplyKernel, layout, { x: y, out }) !== group);
  assert(groupOf(cache, multiplyKernel, layout, { x: out, out: x }) !== group);
  const half = groupOf(cache, multiplyKernel, layout, { x: { ...x, shape: [256] }, out });
  assert(half !== group);
  assert(groupOf(cache, multiplyKernel, layout, { x: { ...x, shape: [256], offset: 1024 }, out }) !== half);
});

test("the error for a missing binding names it", (gpu, cache) => {
  const { layout } = cache.pipeline(multiplyKernel, {}, 0);
  assertThrows(
    () => groupOf(cache, multiplyKernel, layout, { x: gpu.allocate([4]) }),
    RangeError,
    "Cannot dispatch multiply: binding out is not given",
  );
});

test("dispatches in a loop over the same tensors make no bind group and no pipeline after the first", async (gpu) => {
  const counts = { groups: 0, pipelines: 0 };
  const { device } = gpu;
  const [createBindGroup, createComputePipeline] = [device.createBindGroup, device.createComputePipeline];
  device.createBindGroup = (descriptor) => (counts.groups++, createBindGroup.call(device, descriptor));
  device.createComputePipeline = (descriptor) => (counts.pipelines++, createComputePipeline.call(device, descriptor));
  try {
    const tensors = [gpu.upload(Float32Array.of(1, 2, 3, 4)), gpu.allocate([4])];
    for (let i = 0; i < 20; i++) {
      const [x, out] = i % 2 === 0 ? tensors : tensors.toReversed();
      gpu.dispatch(multiplyKernel, {
        bindings: { x, out },
        params: { count: 4, value: i % 2 === 0 ? 2 : 0.5 },
        constants: { WORKGROUP: 4 },
        workgroups: 1,
      });
    }
    assertEquals(counts, { groups: 2, pipelines: 1 });
    assertEquals(await gpu.readAll(tensors), [Float32Array.of(1, 2, 3, 4), Float32Array.of(2, 4, 6, 8)]);
  } finally {
    Object.assign(device, { createBindGroup, createComputePipeline });
  }
});
