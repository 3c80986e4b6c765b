import { assert, assertEquals } from "@std/assert";
import { gpuTest, testGpu } from "../test_gpu.ts";
import { Gpu } from "./gpu.ts";
import { IMAGE_WIDTH } from "./image_formats.ts";
import { mostImageBytes } from "./input_images.ts";
import wgsl from "./input_images_test.wgsl" with { type: "text" };
import { defineKernel } from "./kernel.ts";
import type { Tensor } from "./tensor.ts";

const sumKernel = defineKernel("images.sum", wgsl, "sum");
const sumIdsKernel = defineKernel("images.sumIds", wgsl, "sumIds");
const scaleKernel = defineKernel("images.scale", wgsl, "scale");

/** Forces the use of images on any adapter; all of them can read images. */
const tunings = [{ inputs: "image" }] as const;

const grid = (count: number) => ({ constants: { WORKGROUP: 64 }, workgroups: Math.ceil(count / 64) });
const numbered = (count: number) => Float32Array.from({ length: count }, (_, i) => i % 1013);

function scale(gpu: Gpu, numbers: Tensor, out: Tensor, factor: number): void {
  const count = numbers.shape[0];
  gpu.dispatch(scaleKernel, { bindings: { numbers, out }, params: { count, factor }, ...grid(count) });
}

gpuTest("every form of element is read from its place, in windows of a row, of several and of one unfinished", {
  tunings,
}, async (gpu) => {
  for (const count of [4, 60, 4 * IMAGE_WIDTH, 4 * IMAGE_WIDTH + 4, 11 * IMAGE_WIDTH + 12]) {
    const [x, ids, out] = [
      gpu.upload(numbered(count)),
      gpu.upload(Uint32Array.from(numbered(count))),
      gpu.allocate([count]),
    ];
    const params = { count, factor: 0 };
    const expected = numbered(count).map((value) => 7 * value);
    gpu.dispatch(sumKernel, { bindings: { vecs: x, pairs: x, numbers: x, out }, params, ...grid(count) });
    assertEquals(await gpu.read(out), expected);
    gpu.dispatch(sumIdsKernel, { bindings: { idVecs: ids, idPairs: ids, ids, out }, params, ...grid(count) });
    assertEquals(await gpu.read(out), expected);
    for (const tensor of [x, ids, out]) gpu.release(tensor);
  }
});

gpuTest(
  "an image follows every way to write its buffer: dispatch, upload, write, copy and clear",
  { tunings },
  async (gpu) => {
    const count = 3 * IMAGE_WIDTH + 8;
    const [a, b, c] = [gpu.upload(numbered(count)), gpu.allocate([count]), gpu.allocate([count])];
    const read = async (numbers: Tensor) => {
      scale(gpu, numbers, c, 1);
      return await gpu.read(c);
    };
    scale(gpu, a, b, 2);
    scale(gpu, b, a, 2); // a was read from its image before
    assertEquals(await read(a), numbered(count).map((value) => 4 * value));
    gpu.write(a, numbered(count));
    assertEquals(await read(a), numbered(count));
    gpu.copy(b, a);
    assertEquals(await read(a), numbered(count).map((value) => 2 * value));
    gpu.clear(a);
    assertEquals(await read(a), new Float32Array(count));
    gpu.release(a);
    const again = gpu.upload(numbered(count)); // takes the buffer of a, and thus its image
    assertEquals(await read(again), numbered(count));
    for (const tensor of [again, b, c]) gpu.release(tensor);
  },
);

gpuTest(
  "windows of one buffer have images of their own, and a write to one leaves the others as they are",
  { tunings },
  async (gpu) => {
    const [rows, width] = [4, 64];
    const whole = gpu.upload(numbered(rows * width));
    const row = (i: number): Tensor => ({ ...whole, shape: [width], offset: 4 * width * i });
    const out = gpu.allocate([width]);
    const read = async (i: number) => {
      scale(gpu, row(i), out, 1);
      return await gpu.read(out);
    };
    for (let i = 0; i < rows; i++) {
      assertEquals(
        await read(i),
        numbered(rows * width).slice(i * width, (i + 1) * width),
      );
    }
    gpu.write(row(2), new Float32Array(width).fill(-1));
    assertEquals(await read(1), numbered(rows * width).slice(width, 2 * width));
    assertEquals(await read(2), new Float32Array(width).fill(-1));
    for (const tensor of [whole, out]) gpu.release(tensor);
  },
);

gpuTest("only what was written since is copied, and nothing where nothing was", { tunings }, async (gpu) => {
  const copied: number[] = [];
  const prototype = GPUCommandEncoder.prototype;
  const { copyBufferToTexture } = prototype;
  prototype.copyBufferToTexture = function (source, target, size) {
    const [width, height = 1] = size as number[];
    copied.push(width * height);
    return copyBufferToTexture.call(this, source, target, size);
  };
  try {
    const count = 4 * IMAGE_WIDTH;
    const [x, out] = [gpu.upload(numbered(count)), gpu.allocate([count])];
    scale(gpu, x, out, 1);
    assertEquals(copied.splice(0), [count]);
    scale(gpu, x, out, 1);
    assertEquals(copied.splice(0), []);
    gpu.write({ ...x, shape: [64], offset: 4 * (IMAGE_WIDTH - 64) }, new Float32Array(64));
    scale(gpu, x, out, 1);
    assertEquals(copied.splice(0), [64]);
    gpu.write({ ...x, shape: [128], offset: 4 * (IMAGE_WIDTH - 64) }, new Float32Array(128));
    scale(gpu, x, out, 1);
    assertEquals(copied.splice(0), [64, 64]);
    const expected = numbered(count).fill(0, IMAGE_WIDTH - 64, IMAGE_WIDTH + 64);
    assertEquals(await gpu.read(out), expected);
    for (const tensor of [x, out]) gpu.release(tensor);
  } finally {
    prototype.copyBufferToTexture = copyBufferToTexture;
  }
});

gpuTest("a loop over steps makes no image after the second, though its tensors change sizes within a class", {
  tunings,
}, async (gpu) => {
  const step = (count: number) => {
    const [x, out] = [gpu.upload(numbered(count)), gpu.allocate([count])];
    scale(gpu, x, out, 1);
    for (const tensor of [x, out]) gpu.release(tensor);
  };
  for (const count of [1000, 900, 1000]) {
    step(count);
    await gpu.settle();
  }
  const live = gpu.liveImages;
  for (const count of [1000, 950, 1020, 800]) {
    step(count);
    await gpu.settle();
  }
  assertEquals(gpu.liveImages, live);
});

Deno.test("where images would take over half of what buffers take, tensors share them, and each reads its own", async () => {
  await using gpu = await Gpu.open({ tuning: { inputs: "image", leastImageBytes: 0, mostUncopiedBytes: 0 } });
  const count = 4 * IMAGE_WIDTH;
  const tensors = Array.from({ length: 12 }, (_, i) => gpu.upload(numbered(count).map((value) => value + i)));
  const outs = tensors.map(() => gpu.allocate([count]));
  for (let round = 0; round < 2; round++) {
    tensors.forEach((x, i) => scale(gpu, x, outs[i], 1));
    const values = await gpu.readAll(outs);
    values.forEach((value, i) => assertEquals(value, numbered(count).map((each) => each + i)));
  }
  const [a, b] = tensors;
  gpu.dispatch(sumKernel, {
    bindings: { vecs: a, pairs: b, numbers: a, out: outs[0] },
    params: { count, factor: 0 },
    ...grid(count),
  });
  assertEquals(await gpu.read(outs[0]), numbered(count).map((value) => 5 * value + 2 * (value + 1)));
  const bufferBytes = (tensors.length + outs.length) * 4 * count;
  assert(gpu.peakBytes > bufferBytes && gpu.peakBytes <= 1.6 * bufferBytes, `${gpu.peakBytes} for ${bufferBytes}`);
});

Deno.test("images of parts take no more than buffers do: they are replaced by others of their kind, or given up for other kinds", async () => {
  await using gpu = await Gpu.open({ tuning: { inputs: "image", leastImageBytes: 0, mostUncopiedBytes: 0 } });
  const [rows, width] = [12, 4 * IMAGE_WIDTH];
  const whole = gpu.upload(numbered(rows * width));
  const row = (i: number): Tensor => ({ ...whole, shape: [width], offset: 4 * width * i });
  const out = gpu.allocate([width]);
  const read = async (i: number, times: number) => {
    if (times === 1) scale(gpu, row(i), out, 1);
    else {
      const bindings = { vecs: row(i), pairs: row(i), numbers: row(i), out };
      gpu.dispatch(sumKernel, { bindings, params: { count: width, factor: 0 }, ...grid(width) });
    }
    const expected = numbered(rows * width).slice(i * width, (i + 1) * width).map((value) => times * value);
    assertEquals(await gpu.read(out), expected, `row ${i}`);
  };
  // As numbers all rows fit; as vectors and pairs too, they would take three times what the buffers do.
  for (const times of [1, 7, 1, 7]) for (let i = 0; i < rows; i++) await read(i, times);
  const bufferBytes = 4 * width * (rows + 1);
  assert(gpu.peakBytes > 1.8 * bufferBytes, `${gpu.peakBytes} for ${bufferBytes}`);
  // Of an image that is given up, the texture is there until commands that read it are submitted.
  assert(gpu.peakBytes <= 2 * bufferBytes + 3 * 4 * width, `${gpu.peakBytes} for ${bufferBytes}`);
});

Deno.test("what images may take: as much as buffers up to 2 GiB, then that until half of the buffers is more", () => {
  const gib = 2 ** 30;
  assertEquals([1, 2, 3, 4, 6].map((buffers) => mostImageBytes(buffers * gib) / gib), [1, 2, 2, 2, 3]);
});

Deno.test("a small input that has changed is read from its buffer, unless another has to be copied anyway", async () => {
  await using gpu = await Gpu.open({ tuning: { inputs: "image", leastImageBytes: 4096, mostUncopiedBytes: 1024 } });
  const [large, small, out] = [gpu.upload(numbered(2048)), gpu.upload(numbered(128)), gpu.allocate([128])];
  const images: number[] = [];
  const dispatch = async (expected: number) => {
    const bindings = { vecs: large, pairs: small, numbers: small, out };
    gpu.dispatch(sumKernel, { bindings, params: { count: 128, factor: 0 }, ...grid(128) });
    const values = await gpu.read(out);
    assertEquals(values[5], expected);
    images.push(gpu.liveImages);
  };
  gpu.write(small, new Float32Array(128).fill(1));
  scale(gpu, large, gpu.allocate([2048]), 1);
  await dispatch(5 + 6); // as numbers, the large input has an image; as vecs it has none yet, so all are copied
  gpu.write(small, new Float32Array(128).fill(2));
  await dispatch(5 + 12);
  gpu.write(large, new Float32Array(2048).fill(1));
  await dispatch(1 + 12);
  assertEquals(images, [4, 4, 4]);
});

gpuTest("below the least size, and on adapters that prefer buffers, no image is made", async () => {
  const counts: number[] = [];
  for (const tuning of [{ inputs: "image", leastImageBytes: 4096 }, { inputs: "buffer" }] as const) {
    const gpu = await testGpu(tuning);
    for (const count of [512, 1024]) {
      const [x, out] = [gpu.upload(numbered(count)), gpu.allocate([count])];
      scale(gpu, x, out, 3);
      assertEquals(await gpu.read(out), numbered(count).map((value) => 3 * value));
    }
    counts.push(gpu.liveImages);
  }
  assertEquals(counts, [1, 0]);
});
