import { assert, assertEquals, assertThrows } from "@std/assert";
import { gpuTest } from "../test_gpu.ts";
import wgsl from "./gpu_test.wgsl" with { type: "text" };
import type { Gpu } from "./gpu.ts";
import { defineKernel } from "./kernel.ts";
import type { Tensor } from "./tensor.ts";
import { workgroupWgsl } from "./workgroup.ts";

const multiplyKernel = defineKernel("multiply", workgroupWgsl + wgsl, "multiply");

/** A new tensor of value · x. */
function multiply(gpu: Gpu, x: Tensor, value: number): Tensor {
  const [count] = x.shape;
  const out = gpu.allocate(x.shape);
  gpu.dispatch(multiplyKernel, {
    bindings: { x, out },
    params: { count, value },
    workgroups: Math.ceil(count / gpu.tuning.rowWorkgroup),
  });
  return out;
}

const floats = (...values: number[]) => Float32Array.from(values);

gpuTest("what is uploaded is read back to the bit, as f32 and as u32", async (gpu) => {
  const numbers = floats(1.5, -0, 3.4028234e38, 1e-45, -Infinity, NaN);
  const indices = Uint32Array.of(0, 1, 0x7fc00000, 0xffffffff, 7);
  const read = await gpu.read(gpu.upload(numbers, [2, 3]));
  assert(read instanceof Float32Array);
  assertEquals(new Uint32Array(read.buffer, read.byteOffset, 6), new Uint32Array(numbers.buffer));
  const readIndices = await gpu.read(gpu.upload(indices));
  assert(readIndices instanceof Uint32Array);
  assertEquals(readIndices, indices);
});

gpuTest("an upload of nothing, or of another number of values than its shape has, is refused", (gpu) => {
  assertThrows(() => gpu.upload(new Float32Array()), RangeError, "Cannot upload [0]: it has no elements");
  assertThrows(() => gpu.upload(new Float32Array(0), [3, 0]), RangeError, "Cannot upload [3,0]: it has no elements");
  assertThrows(() => gpu.upload(floats(1, 2, 3), [2, 2]), RangeError, "Cannot upload 3 values as [2,2]");
});

gpuTest("an upload does not overwrite a released tensor that encoded work still reads", async (gpu) => {
  const outs: Tensor[] = [];
  for (let i = 0; i < 20; i++) {
    const x = gpu.upload(new Float32Array(100).fill(i));
    outs.push(multiply(gpu, x, 2));
    gpu.release(x);
  }
  const values = await gpu.readAll(outs);
  assertEquals(values.map((value) => value[99]), values.map((_, i) => 2 * i));
  outs.forEach((out) => gpu.release(out));
});

gpuTest("write changes a tensor after what was encoded before it, and before what comes later", async (gpu) => {
  const x = gpu.upload(floats(1, 2, 3));
  const before = multiply(gpu, x, 10);
  gpu.write(x, floats(4, 5, 6));
  const after = multiply(gpu, x, 10);
  assertEquals(await gpu.readAll([before, after, x]), [floats(10, 20, 30), floats(40, 50, 60), floats(4, 5, 6)]);
  assertThrows(() => gpu.write(x, floats(1)), RangeError, "Cannot write 1 values to [3]");
});

gpuTest("copy and clear keep their places among the dispatches", async (gpu) => {
  const x = gpu.upload(floats(1, 2, 3, 4));
  const kept = gpu.allocate([2, 2]);
  gpu.copy(x, kept);
  gpu.clear(x);
  const zeros = multiply(gpu, x, 5);
  gpu.copy(kept, x);
  const fives = multiply(gpu, x, 5);
  assertEquals(await gpu.readAll([zeros, fives, kept]), [
    floats(0, 0, 0, 0),
    floats(5, 10, 15, 20),
    floats(1, 2, 3, 4),
  ]);
});

gpuTest("copy refuses tensors of two sizes", (gpu) => {
  const [three, four] = [gpu.allocate([3]), gpu.allocate([4])];
  assertThrows(() => gpu.copy(four, three), RangeError, "Cannot copy [4] over [3]: the element counts differ");
});

gpuTest("copy and clear touch their window of a shared buffer only", async (gpu) => {
  const whole = gpu.upload(floats(0, 1, 2, 3, 4, 5, 6, 7));
  const window = (first: number, count: number) => ({ ...whole, shape: [count], offset: 4 * first });
  gpu.clear(window(1, 2));
  gpu.copy(gpu.upload(floats(8, 9)), window(4, 2));
  assertEquals(await gpu.read(whole), floats(0, 0, 0, 3, 8, 9, 6, 7));
  assertEquals(await gpu.read(window(3, 3)), floats(3, 8, 9));
});

gpuTest("readAll gives every tensor its own values and type, with one wait", async (gpu) => {
  const tensors = [
    gpu.upload(floats(1, 2, 3)),
    gpu.upload(Uint32Array.of(9)),
    gpu.upload(new Float32Array(1001).fill(5)),
  ];
  const awaits = gpu.awaits;
  const [first, second, third] = await gpu.readAll(tensors);
  assertEquals(gpu.awaits, awaits + 1);
  assertEquals([first, second], [floats(1, 2, 3), Uint32Array.of(9)]);
  assertEquals([third.length, third[0], third[1000]], [1001, 5, 5]);
  assertEquals(await gpu.readAll([]), []);
});

gpuTest("throttle awaits only once the work is four submits ahead", async (gpu) => {
  await gpu.settle();
  const { awaits } = gpu;
  const counts: number[] = [];
  for (let i = 0; i < 6; i++) {
    gpu.release(multiply(gpu, gpu.upload(floats(i)), 1));
    await gpu.throttle();
    counts.push(gpu.awaits - awaits);
  }
  assertEquals(counts, [0, 0, 0, 1, 2, 3]);
  await gpu.settle();
});

gpuTest("a tensor over the device's limit is refused with its bytes and the limit", (gpu) => {
  const { maxStorageBufferBindingSize, maxBufferSize } = gpu.device.limits;
  const limit = Math.min(maxStorageBufferBindingSize, maxBufferSize);
  const count = Math.floor(limit / 4) + 1;
  assertThrows(
    () => gpu.allocate([count, 2]),
    RangeError,
    `Cannot allocate [${count},2] f32: its ${8 * count} bytes are over this device's limit of ${limit} for one binding`,
  );
  assertThrows(() => gpu.allocate([NaN]), RangeError, "Cannot allocate [NaN]");
});

gpuTest("a loop of uploads, dispatches and releases makes no buffer after its second round", async (gpu) => {
  const round = () => {
    const x = gpu.upload(new Float32Array(777).fill(1));
    const y = multiply(gpu, x, 3);
    const z = multiply(gpu, y, 3);
    for (const tensor of [x, y, z]) gpu.release(tensor);
    gpu.flush();
  };
  round();
  round();
  const [live, peak] = [gpu.liveBuffers, gpu.peakBytes];
  for (let i = 0; i < 30; i++) round();
  assertEquals([gpu.liveBuffers, gpu.peakBytes], [live, peak]);
  await gpu.settle();
});
