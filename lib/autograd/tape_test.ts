import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { add } from "#kernels/elementwise/add/add.ts";
import { layerNorm } from "#kernels/layer_norm/layer_norm.ts";
import { linear, linearWithBias } from "#kernels/linear/linear.ts";
import type { Array64 } from "#kernels/op.ts";
import { tanh } from "#kernels/elementwise/tanh/tanh.ts";
import { gpuTest } from "#kernels/test_gpu.ts";
import { Tape, type Variable } from "./tape.ts";
import { gpu, gradientsOf, positionSum, storeOf, SUM } from "#lib/nn/test_tape.ts";

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 2e-5): void {
  assertEquals(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) assertAlmostEquals(actual[i], expected[i], tolerance, `element ${i}`);
}

gpuTest("gradients of a composition equal central differences of it in float64", async () => {
  const shapes = { x: [3, 4], norm: [4], shift: [4], weight: [2, 4], bias: [2] };
  using store = storeOf(shapes);
  const gradients = await gradientsOf(store, (tape, p) => {
    const normed = tape.apply(layerNorm, { x: p("x"), weight: p("norm"), bias: p("shift") }, { eps: 1e-5 });
    const out = tape.apply(linearWithBias, { x: normed, weight: p("weight"), bias: p("bias") }, {});
    return positionSum(tape, tape.apply(tanh, { x: out }, {}));
  });
  const values = new Map([...await store.read()].map(([name, data]) => [name, Float64Array.from(data)]));
  const exact = () => {
    const p = (name: keyof typeof shapes): Array64 => ({ shape: shapes[name], data: values.get(name)! });
    const normed = layerNorm.reference({ x: p("x"), weight: p("norm"), bias: p("shift") }, { eps: 1e-5 });
    const out = linearWithBias.reference({ x: normed, weight: p("weight"), bias: p("bias") }, {});
    return tanh.reference({ x: out }, {}).data.reduce((sum, value, i) => sum + (i + 1) * value, 0);
  };
  for (const [name, data] of values) {
    data.forEach((value, i) => {
      const at = (shifted: number) => {
        data[i] = shifted;
        return exact();
      };
      const expected = (at(value + 1e-5) - at(value - 1e-5)) / 2e-5;
      data[i] = value;
      assertAlmostEquals(gradients.get(name)![i], expected, 5e-5, `${name}[${i}]`);
    });
  }
});

gpuTest("a value used twice gets the sum of both gradients, by one op or by two", async () => {
  using store = storeOf({ w: [5] });
  const gradients = await gradientsOf(store, (tape, p) => {
    const h = tape.apply(tanh, { x: p("w") }, {});
    const twice = tape.apply(add, { x: h, y: h }, { xScale: 1, yScale: 2 });
    return positionSum(tape, tape.apply(add, { x: twice, y: h }, { xScale: 1, yScale: 4 }));
  });
  const w = (await store.read()).get("w")!;
  assertClose(gradients.get("w")!, w.map((value, i) => 7 * (i + 1) * (1 - Math.tanh(value) ** 2)));
});

gpuTest("views of one value share its gradient, whatever their shapes", async () => {
  using store = storeOf({ w: [2, 3] });
  const gradients = await gradientsOf(store, (tape, p) => {
    const h = tape.apply(tanh, { x: p("w") }, {});
    const [flat, turned] = [tape.reshape(h, [6]), tape.reshape(h, [3, 2])];
    const sum = tape.apply(add, { x: flat, y: tape.reshape(turned, [6]) }, { xScale: 1, yScale: 1 });
    const wide = tape.apply(add, { x: h, y: tape.reshape(sum, [2, 3]) }, { xScale: 1, yScale: 1 });
    return positionSum(tape, wide);
  });
  const w = (await store.read()).get("w")!;
  assertClose(gradients.get("w")!, w.map((value, i) => 3 * (i + 1) * (1 - Math.tanh(value) ** 2)));
});

gpuTest("through a detached value no gradient flows", async () => {
  using store = storeOf({ w: [4] });
  const gradients = await gradientsOf(store, (tape, p) => {
    const h = tape.apply(tanh, { x: p("w") }, {});
    return positionSum(tape, tape.apply(add, { x: p("w"), y: tape.detach(h) }, { xScale: 1, yScale: 1 }));
  });
  assertEquals([...gradients.get("w")!], [1, 2, 3, 4]);
});

gpuTest("a loss that is a parameter itself gives it a gradient of one", async () => {
  using store = storeOf({ w: [1] });
  const gradients = await gradientsOf(store, (_, p) => p("w"));
  assertEquals([...gradients.get("w")!], [1]);
});

gpuTest("parameters of a store that does not learn get no gradient, those beside them do", async () => {
  using frozen = storeOf({ w: [3] });
  using learning = storeOf({ v: [3] });
  frozen.zeroGradients();
  const gradients = await gradientsOf(learning, (tape, p) => {
    const h = tape.apply(tanh, { x: tape.parameter(frozen.get("w")) }, {});
    assert(!h.requiresGrad);
    return positionSum(tape, tape.apply(add, { x: h, y: p("v") }, { xScale: 1, yScale: 1 }));
  });
  assertEquals([...gradients.get("v")!], [1, 2, 3]);
  assertEquals([...(await frozen.readGradients()).get("w")!], [0, 0, 0]);
});

gpuTest("sums share their gradient with their terms, which add to it without touching each other's", async () => {
  using store = storeOf({ x: [5], y: [5] });
  const x = (await store.read()).get("x")!;
  // Residual streams: s = x + tanh x, r = s + tanh s, and r once more on top; then terms that are one variable.
  const gradients = await gradientsOf(store, (tape, p) => {
    const s = tape.apply(add, { x: p("x"), y: tape.apply(tanh, { x: p("x") }, {}) }, SUM);
    const r = tape.apply(add, { x: s, y: tape.apply(tanh, { x: s }, {}) }, SUM);
    return positionSum(tape, tape.apply(add, { x: tape.apply(add, { x: r, y: s }, SUM), y: r }, SUM));
  });
  const slope = (value: number) => 1 - Math.tanh(value) ** 2;
  const expected = [...x].map((value, i) => {
    const s = value + Math.tanh(value);
    return (i + 1) * (2 * (1 + slope(s)) + 1) * (1 + slope(value));
  });
  assertClose(gradients.get("x")!, expected, 1e-4);
  const doubled = await gradientsOf(store, (tape, p) => {
    const t = tape.apply(tanh, { x: p("x") }, {});
    return positionSum(tape, tape.apply(add, { x: t, y: t }, SUM));
  });
  assertClose(doubled.get("x")!, [...x].map((value, i) => 2 * (i + 1) * slope(value)));
});

gpuTest("gradients add up over the tapes of a step, and a parameter that a tape leaves out keeps its own", async () => {
  using store = storeOf({ x: [70], y: [70] });
  const run = (names: readonly string[]) => {
    using tape = new Tape(gpu, { learning: [store] });
    const terms = names.map((name) => positionSum(tape, tape.parameter(store.get(name))));
    tape.backward(terms.reduce((x, y) => tape.apply(add, { x, y }, SUM)));
  };
  store.zeroGradients();
  for (const names of [["x"], ["x", "y"], ["x", "x"]]) run(names);
  const gradients = await store.readGradients();
  assertEquals([...gradients.get("x")!], Array.from({ length: 70 }, (_, i) => 4 * (i + 1)));
  assertEquals([...gradients.get("y")!], Array.from({ length: 70 }, (_, i) => i + 1));
});

gpuTest("parameters of many megabytes, used more than once, get their whole gradient", async () => {
  const size = 3000;
  using store = storeOf({ first: [size, size], second: [size, size] });
  const gradients = await gradientsOf(store, (tape, p) => {
    const x = tape.constant(tape.adopt(gpu.upload(Float32Array.from({ length: size }, (_, i) => i % 7), [1, size])));
    const outs = ["first", "second", "first"].map((name) => tape.apply(linear, { x, weight: p(name) }, {}));
    return positionSum(tape, outs.reduce((x, y) => tape.apply(add, { x, y }, SUM)));
  });
  for (const [name, uses] of [["first", 2], ["second", 1]] as const) {
    for (const [o, i] of [[0, 3], [1234, 8], [size - 1, size - 1]]) {
      assertEquals(gradients.get(name)![o * size + i], uses * (o + 1) * (i % 7), `${name} ${o} ${i}`);
    }
  }
});

gpuTest("backward without a learning store is refused", () => {
  using store = storeOf({ w: [3] });
  using tape = new Tape(gpu);
  const loss = positionSum(tape, tape.parameter(store.get("w")));
  assertThrows(() => tape.backward(loss), RangeError, "the loss depends on no parameter that learns");
});

gpuTest("backward of more than one number is refused with its shape", () => {
  using store = storeOf({ w: [3, 1] });
  using tape = new Tape(gpu, { learning: [store] });
  const loss = tape.apply(tanh, { x: tape.parameter(store.get("w")) }, {});
  assertThrows(() => tape.backward(loss), RangeError, "the loss is [3,1], not one number");
});

gpuTest("a second backward of one tape is refused", () => {
  using store = storeOf({ w: [3] });
  using tape = new Tape(gpu, { learning: [store] });
  const loss = positionSum(tape, tape.parameter(store.get("w")));
  tape.backward(loss);
  assertThrows(() => tape.backward(loss), RangeError, "this tape has run it before");
});

gpuTest("inputs whose axes disagree are refused before anything runs", () => {
  using store = storeOf({ x: [3, 4], weight: [2, 5], bias: [2] });
  using tape = new Tape(gpu, { learning: [store] });
  const [x, weight, bias] = ["x", "weight", "bias"].map((name) => tape.parameter(store.get(name)));
  assertThrows(
    () => tape.apply(linearWithBias, { x, weight, bias }, {}),
    RangeError,
    "axis I of weight is 5 but was 4",
  );
});

gpuTest("scopes, also nested ones, leave the gradients as they are to the bit", async () => {
  using store = storeOf({ x: [9, 20], norm: [20], shift: [20] });
  const deep = (within: (tape: Tape, block: () => Variable) => Variable) =>
    gradientsOf(store, (tape, p) => {
      const norm = (x: Variable) => tape.apply(layerNorm, { x, weight: p("norm"), bias: p("shift") }, { eps: 1e-5 });
      const block = (x: Variable) => within(tape, () => tape.apply(tanh, { x: within(tape, () => norm(x)) }, {}));
      return positionSum(tape, within(tape, () => block(block(p("x")))));
    });
  assertEquals(await deep((tape, block) => tape.scope(block)), await deep((_, block) => block()));
});

gpuTest("gradients of parameters add over two tapes", async () => {
  using store = storeOf({ w: [6] });
  store.zeroGradients();
  const run = async () => {
    using tape = new Tape(gpu, { learning: [store] });
    tape.backward(positionSum(tape, tape.apply(tanh, { x: tape.parameter(store.get("w")) }, {})));
    return (await store.readGradients()).get("w")!;
  };
  const once = await run();
  assert(once.every((value) => value !== 0));
  assertEquals(await run(), once.map((value) => 2 * value));
});

gpuTest("the padding between the gradients of a store stays zero, whatever recycled buffers hold", async () => {
  using store = storeOf({ w: [33], v: [5] });
  for (const count of [5, 33]) {
    const used = Array.from({ length: 4 }, () => gpu.upload(new Float32Array(count + 3).fill(99)));
    for (const tensor of used) gpu.release(tensor);
  }
  await gradientsOf(store, (tape, p) => {
    const [w, v] = [positionSum(tape, p("w")), positionSum(tape, p("v"))];
    return tape.apply(add, { x: w, y: v }, { xScale: 1, yScale: 1 });
  });
  const flat = await gpu.read(store.gradients[0]);
  assertEquals([...flat.subarray(33, 64), ...flat.subarray(69)], Array(31 + 59).fill(0));
});
