import { assert, assertEquals, assertThrows } from "@std/assert";
import { add } from "#kernels/elementwise/add/add.ts";
import { layerNorm } from "#kernels/layer_norm/layer_norm.ts";
import { Gpu } from "#kernels/runtime/gpu.ts";
import { tanh } from "#kernels/elementwise/tanh/tanh.ts";
import { gpuTest } from "#kernels/test_gpu.ts";
import type { ParameterStore } from "#lib/nn/parameter_store.ts";
import { Tape } from "./tape.ts";
import { gpu, gradientsOf, positionSum, storeOf, SUM } from "#lib/nn/test_tape.ts";

gpuTest("gradients that are shared are released once, when the last slot has dropped them", async () => {
  using store = storeOf({ x: [300] });
  const step = async () => {
    await gradientsOf(store, (tape, p) => {
      let value = p("x");
      for (let i = 0; i < 4; i++) {
        const inner = tape.apply(tanh, { x: value }, {});
        value = tape.apply(add, { x: tape.apply(add, { x: value, y: inner }, SUM), y: inner }, SUM);
      }
      return positionSum(tape, value);
    });
    return gpu.liveBuffers;
  };
  await step();
  const live = await step();
  for (let i = 0; i < 5; i++) assertEquals(await step(), live);
  // Released twice, a buffer would be handed out to two tensors.
  const tensors = Array.from({ length: 64 }, () => gpu.allocate([300]));
  assertEquals(new Set(tensors.map(({ buffer }) => buffer)).size, 64);
  for (const tensor of tensors) gpu.release(tensor);
});

gpuTest("a frozen pass keeps nothing but each block's result; one that learns keeps what backward needs", () => {
  using store = storeOf({ x: [7, 2052], norm: [2052], shift: [2052] });
  const buffersAfter = (blocks: number, learning: ParameterStore[]) => {
    using tape = new Tape(gpu, { learning });
    const [x, weight, bias] = ["x", "norm", "shift"].map((name) => tape.parameter(store.get(name)));
    let value = x;
    for (let i = 0; i < blocks; i++) {
      value = tape.scope(() => {
        const normed = tape.apply(layerNorm, { x: value, weight, bias }, { eps: 1e-5 });
        return tape.apply(tanh, { x: normed }, {});
      });
    }
    return gpu.liveBuffers;
  };
  const ofTwo = buffersAfter(2, []);
  const ofTwelve = buffersAfter(12, []);
  assertEquals(ofTwelve - ofTwo, 10);
  assertEquals(buffersAfter(12, []), ofTwelve);
  assert(buffersAfter(12, [store]) >= ofTwelve + 11);
});

gpuTest("a scope releases what it made at once, except its result", async () => {
  using store = storeOf({ w: [1000] });
  using tape = new Tape(gpu);
  const inside: GPUBuffer[] = [];
  const outer = tape.scope(() => {
    let x = tape.parameter(store.get("w"));
    for (let i = 0; i < 3; i++) {
      x = tape.apply(tanh, { x }, {});
      inside.push(x.value.buffer);
    }
    return x;
  });
  const before = await gpu.read(outer.value);
  const fresh = [1, 2].map(() => tape.adopt(gpu.allocate([1000])).buffer);
  assert(fresh.every((buffer) => inside.slice(0, 2).includes(buffer)), "what the scope made is not reused");
  assert(fresh[0] !== fresh[1] && !fresh.includes(outer.value.buffer));
  for (const buffer of fresh) gpu.clear({ shape: [1000], dtype: "f32", buffer, offset: 0 });
  assertEquals(await gpu.read(outer.value), before);
});

gpuTest("what is kept outlives the tape and is not handed out again", async () => {
  using store = storeOf({ w: [64] });
  let kept;
  {
    using tape = new Tape(gpu);
    kept = tape.keep(tape.apply(tanh, { x: tape.parameter(store.get("w")) }, {}));
  }
  const values = await gpu.read(kept);
  const others = Array.from({ length: 8 }, () => gpu.allocate([64]));
  assert(others.every(({ buffer }) => buffer !== kept.buffer));
  for (const other of others) gpu.clear(other);
  assertEquals(await gpu.read(kept), values);
  for (const tensor of [kept, ...others]) gpu.release(tensor);
});

gpuTest("keeping what the tape does not own is refused", () => {
  using store = storeOf({ w: [3] });
  using tape = new Tape(gpu);
  const h = tape.apply(tanh, { x: tape.parameter(store.get("w")) }, {});
  gpu.release(tape.keep(h));
  for (const other of [h, tape.parameter(store.get("w"))]) {
    assertThrows(() => tape.keep(other), RangeError, "Cannot keep [3]: this tape does not own it");
  }
});

gpuTest("the tape releases what it adopted and leaves constants to their owner", () => {
  const [adopted, constant] = [gpu.allocate([5000]), gpu.allocate([5000])];
  {
    using tape = new Tape(gpu);
    tape.adopt(adopted);
    tape.apply(tanh, { x: tape.constant(constant) }, {});
  }
  const next = Array.from({ length: 3 }, () => gpu.allocate([5000]));
  const buffers = next.map(({ buffer }) => buffer);
  assert(buffers.includes(adopted.buffer) && !buffers.includes(constant.buffer));
  for (const tensor of [constant, ...next]) gpu.release(tensor);
});

gpuTest("disposing a tape releases everything: repeated steps create no buffers", async () => {
  // A device of its own: what other tests left in the pool would hide a leak.
  await using own = await Gpu.open();
  using store = storeOf({ x: [9, 33], norm: [33], shift: [33] }, own);
  const step = () => {
    using tape = new Tape(own, { learning: [store] });
    const [x, weight, bias] = ["x", "norm", "shift"].map((name) => tape.parameter(store.get(name)));
    const normed = tape.scope(() => tape.apply(layerNorm, { x, weight, bias }, { eps: 1e-5 }));
    store.zeroGradients();
    tape.backward(positionSum(tape, tape.apply(add, { x: normed, y: normed }, { xScale: 1, yScale: 1 })));
    own.flush();
    return own.liveBuffers;
  };
  step();
  const settled = step();
  for (let i = 0; i < 5; i++) assertEquals(step(), settled);
});
