import { assert, assertEquals, assertThrows } from "@std/assert";
import { DeviceLimitError } from "#kernels/runtime/device_errors.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { elementCount, type Shape, type Tensor } from "#kernels/runtime/tensor.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { type Initializer, normal, ones, type ParameterSpec, ParameterStore, zeros } from "./parameter_store.ts";

const gpu = await testGpu();
const spec = (name: string, shape: Shape, decayed = false, initial: Initializer = zeros): ParameterSpec => ({
  name,
  shape,
  decayed,
  initial,
});

/** 1, 2, 3, …: a source whose order of drawing shows. */
function counting(): () => number {
  let drawn = 0;
  return () => ++drawn;
}

/** The GPU with another binding limit, which lists what is allocated and released. */
function watchedGpu(bindingLimit = gpu.bindingLimit) {
  const allocated: Tensor[] = [];
  const released: Tensor[] = [];
  const watched = {
    bindingLimit,
    allocateLasting: (shape: Shape) => {
      const tensor = gpu.allocateLasting(shape);
      allocated.push(tensor);
      return tensor;
    },
    release: (tensor: Tensor) => {
      released.push(tensor);
      gpu.release(tensor);
    },
    write: gpu.write.bind(gpu),
    clear: gpu.clear.bind(gpu),
    copy: gpu.copy.bind(gpu),
    readAll: gpu.readAll.bind(gpu),
  };
  return { gpu: watched as unknown as Gpu, allocated, released };
}

const mixed = [
  spec("norm", [5], false, ones),
  spec("matrix", [3, 7], true, normal(0.5)),
  spec("bias", [65], false, normal(2)),
  spec("table", [10, 13], true, normal(1)),
];

gpuTest("parameters hold their initial values, drawn in the order of the specs", async () => {
  using store = new ParameterStore(gpu, mixed, counting());
  const values = await store.read();
  assertEquals([...values.keys()], ["norm", "matrix", "bias", "table"]);
  assertEquals([...values.get("norm")!], [1, 1, 1, 1, 1]);
  assertEquals([...values.get("matrix")!], Array.from({ length: 21 }, (_, i) => 0.5 * (i + 1)));
  assertEquals([...values.get("bias")!], Array.from({ length: 65 }, (_, i) => 2 * (i + 22)));
  assertEquals([...values.get("table")!], Array.from({ length: 130 }, (_, i) => i + 87));
  assertEquals(store.parameterCount, 5 + 21 + 65 + 130);
});

gpuTest("without a source of initial values every parameter is 0, and nothing is drawn", async () => {
  const fails: Initializer = () => {
    throw new Error("no initial values are asked for");
  };
  using store = new ParameterStore(gpu, mixed.map((each) => ({ ...each, initial: fails })));
  const values = await store.read();
  assertEquals([...values.values()].map(({ length }) => length), [5, 21, 65, 130]);
  for (const each of values.values()) assert(each.every((value) => value === 0));
});

gpuTest(
  "one flat buffer holds the decayed parameters first, each on a boundary of 256 bytes, padded with zeros",
  async () => {
    using store = new ParameterStore(gpu, mixed, counting());
    assertEquals(store.segments.length, 1);
    const [{ values, decayedCount }] = store.segments;
    const places = ["matrix", "table", "norm", "bias"].map((name) => store.get(name).value);
    assertEquals(places.map(({ offset }) => offset), [0, 256, 1024, 1280]);
    assertEquals(places.map(({ shape }) => elementCount(shape)), [21, 130, 5, 65]);
    assertEquals(decayedCount, 64 + 192);
    assertEquals(values.shape, [64 + 192 + 64 + 128]);
    const flat = await gpu.read(values);
    assertEquals([...flat.subarray(21, 64)], Array(43).fill(0));
    assertEquals(flat[64], 87);
    assertEquals([...flat.subarray(256 + 5, 256 + 64)], Array(59).fill(0));
  },
);

gpuTest("gradients have the layout of the values, start at zero and are made when first asked for", async () => {
  const watched = watchedGpu();
  const store = new ParameterStore(watched.gpu, mixed, counting());
  assertEquals(watched.allocated.length, 1);
  const gradient = store.get("table").gradient;
  assertEquals(watched.allocated.length, 2);
  assertEquals([gradient.offset, ...gradient.shape], [store.get("table").value.offset, 10, 13]);
  assert(gradient.buffer === store.get("norm").gradient.buffer && gradient.buffer !== store.get("norm").value.buffer);
  assertEquals(watched.allocated.length, 2);
  gpu.write(gradient, new Float32Array(130).fill(3));
  const read = await store.readGradients();
  assert(read.get("table")!.every((value) => value === 3) && read.get("bias")!.every((value) => value === 0));
  store.zeroGradients();
  assert((await store.readGradients()).get("table")!.every((value) => value === 0));
  store[Symbol.dispose]();
  assertEquals(watched.released.map(({ buffer }) => buffer), watched.allocated.map(({ buffer }) => buffer));
});

gpuTest("a store that never learned releases its values only", () => {
  const watched = watchedGpu();
  new ParameterStore(watched.gpu, mixed, counting())[Symbol.dispose]();
  assertEquals([watched.allocated.length, watched.released.length], [1, 1]);
});

gpuTest(
  "parameters over the binding limit together are split into segments, without a change of their values",
  async () => {
    const watched = watchedGpu(1024);
    using store = new ParameterStore(watched.gpu, mixed, counting());
    using whole = new ParameterStore(gpu, mixed, counting());
    assertEquals(store.segments.map(({ values }) => values.shape), [[256], [192]]);
    assertEquals(store.segments.map(({ decayedCount }) => decayedCount), [256, 0]);
    assertEquals(await store.read(), await whole.read());
    assertEquals(store.gradients.map(({ shape }) => shape), [[256], [192]]);
    gpu.write(store.get("bias").gradient, new Float32Array(65).fill(1));
    assert((await gpu.read(store.gradients[0])).every((value) => value === 0));
    assert((await gpu.read(store.gradients[1])).subarray(64, 129).every((value) => value === 1));
  },
);

gpuTest("a segment may hold decayed parameters and others", () => {
  const watched = watchedGpu(768);
  using store = new ParameterStore(watched.gpu, [spec("a", [64], true), spec("b", [1]), spec("c", [128])], () => 0);
  assertEquals(store.segments.map(({ values, decayedCount }) => [values.shape[0], decayedCount]), [[128, 64], [
    128,
    0,
  ]]);
});

gpuTest("a parameter over the binding limit is refused by its name", () => {
  const watched = watchedGpu(1024);
  const specs = [spec("small", [4]), spec("lm_head.weight", [257, 1], true)];
  assertThrows(
    () => new ParameterStore(watched.gpu, specs, () => 0),
    RangeError,
    "Cannot make parameter lm_head.weight [257,1]: its 1028 bytes are over this device's limit of 1024 for one binding",
  );
  assertEquals(watched.allocated, []);
});

gpuTest("copyFrom takes over every value, and later changes of one store leave the other", async () => {
  const limited = watchedGpu(1024);
  for (const each of [gpu, limited.gpu]) {
    using source = new ParameterStore(each, mixed, counting());
    using target = new ParameterStore(each, mixed, () => 0);
    const expected = await source.read();
    target.copyFrom(source);
    gpu.clear(source.get("table").value);
    assertEquals(await target.read(), expected);
  }
});

gpuTest("copyFrom refuses other shapes, names and orders, naming the parameter", () => {
  using store = new ParameterStore(gpu, [spec("a", [2, 3]), spec("b", [4])], () => 0);
  using turned = new ParameterStore(gpu, [spec("a", [3, 2]), spec("b", [4])], () => 0);
  using missing = new ParameterStore(gpu, [spec("a", [2, 3])], () => 0);
  using more = new ParameterStore(gpu, [spec("a", [2, 3]), spec("b", [4]), spec("c", [4])], () => 0);
  using swapped = new ParameterStore(gpu, [spec("b", [4]), spec("a", [2, 3])], () => 0);
  assertThrows(
    () => store.copyFrom(turned),
    RangeError,
    "Cannot copy parameter a: its shape is [2,3], not [3,2]",
  );
  assertThrows(() => store.copyFrom(missing), RangeError, "Cannot find parameter b");
  assertThrows(() => store.copyFrom(more), RangeError, "Cannot copy parameter c: this store has none in its place");
  assertThrows(() => store.copyFrom(swapped), RangeError, "Cannot copy parameter b");
});

gpuTest("a store owns its parameters, not another's of the same name", () => {
  using store = new ParameterStore(gpu, mixed, counting());
  using other = new ParameterStore(gpu, mixed, counting());
  assert(store.owns(store.get("norm")));
  assert(!store.owns(other.get("norm")));
  assertThrows(() => store.get("nothing"), RangeError, "Cannot find parameter nothing");
});

const table = (name: string, shape: Shape): ParameterSpec => ({ ...spec(name, shape, true, normal(1)), isTable: true });

gpuTest(
  "a table over the binding limit lies in blocks of a multiple of 64 rows, and holds the same values",
  async () => {
    const specs = [spec("norm", [5], false, ones), table("table", [203, 3]), spec("bias", [65], false, normal(2))];
    using store = new ParameterStore(watchedGpu(1024).gpu, specs, counting());
    using whole = new ParameterStore(gpu, specs, counting());
    assertEquals(store.blocks("table").map(({ value }) => value.shape), [[64, 3], [64, 3], [64, 3], [11, 3]]);
    assertEquals(whole.blocks("table").map(({ value }) => value.shape), [[203, 3]]);
    assertEquals(await store.read(), await whole.read());
    assertEquals([store.parameterCount, store.parameters.get("table")!.shape], [5 + 609 + 65, [203, 3]]);
    for (const block of store.blocks("table")) assert(store.owns(block));
    assertThrows(
      () => store.get("table"),
      RangeError,
      "Cannot bind parameter table: its rows lie in 4 blocks",
    );
    using copy = new ParameterStore(watchedGpu(1024).gpu, specs);
    copy.copyFrom(store);
    assertEquals(await copy.read(), await whole.read());
  },
);

gpuTest("rows are written where they lie, across blocks, and so are those of the gradient", async () => {
  using store = new ParameterStore(watchedGpu(1024).gpu, [table("table", [203, 3])]);
  assert((await store.read()).get("table")!.every((value) => value === 0));
  const values = Float32Array.from({ length: 100 * 3 }, (_, i) => i + 1);
  store.writeRows("table", 60, values);
  store.writeGradientRows("table", 103, values);
  const read = (await store.read()).get("table")!;
  const gradient = (await store.readGradients()).get("table")!;
  const expected = (first: number) => {
    const all = new Float32Array(203 * 3);
    all.set(values, first * 3);
    return all;
  };
  assertEquals(read, expected(60));
  assertEquals(gradient, expected(103));
  const message = "Cannot write 300 values from row 104 of table [203,3] on";
  assertThrows(() => store.writeRows("table", 104, values), RangeError, message);
  assertThrows(() => store.writeRows("table", 0, values.subarray(0, 4)), RangeError, "Cannot write 4 values");
});

gpuTest("a table of which the device binds no 64 rows is refused by its name", () => {
  assertThrows(
    () => new ParameterStore(watchedGpu(1024).gpu, [table("wte", [203, 5])]),
    DeviceLimitError,
    "Cannot make parameter wte [203,5]: 64 of its rows take 1280 bytes, which are over this device's limit of 1024 for one binding",
  );
});
