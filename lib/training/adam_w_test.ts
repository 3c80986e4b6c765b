import { assertAlmostEquals, assertEquals } from "@std/assert";
import { adamWReference } from "#kernels/adamw/adamw_reference.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { elementCount } from "#kernels/runtime/tensor.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { normal, ones, type ParameterSpec, ParameterStore } from "#lib/nn/parameter_store.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { AdamW, type AdamWHyperparameters } from "./adam_w.ts";

const gpu = await testGpu();
const hyperparameters: AdamWHyperparameters = { betas: [0.9, 0.99], eps: 1e-8, weightDecay: 0.1 };
const specs: readonly ParameterSpec[] = [
  { name: "norm", shape: [20], decayed: false, initial: ones },
  { name: "weight", shape: [10, 20], decayed: true, initial: normal(1) },
  { name: "bias", shape: [10], decayed: false, initial: normal(1) },
  { name: "table", shape: [7, 20], decayed: true, initial: normal(1) },
];
const rates = [0.01, 0.02, 0.005, 0.01];

function newStore(bindingLimit?: number): ParameterStore {
  const random = new RandomStream(3, "optimizer test");
  const limited = {
    bindingLimit,
    allocateLasting: gpu.allocateLasting.bind(gpu),
    release: gpu.release.bind(gpu),
    write: gpu.write.bind(gpu),
    clear: gpu.clear.bind(gpu),
    readAll: gpu.readAll.bind(gpu),
  } as unknown as Gpu;
  return new ParameterStore(bindingLimit ? limited : gpu, specs, () => random.normal());
}

const gradientOf = (name: string, step: number, count: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * step + name.length) * 10 ** (i % 5 - 3));

/** Four steps with gradients that change, then every parameter. */
async function fourSteps(store: ParameterStore, change: Partial<AdamWHyperparameters> = {}, gradScale?: number) {
  using optimizer = new AdamW(gpu, store, { ...hyperparameters, ...change });
  const scale = gradScale === undefined ? undefined : gpu.upload(Float32Array.of(gradScale));
  for (const [i, rate] of rates.entries()) {
    for (const { name, shape } of store.parameters.values()) {
      store.writeGradientRows(name, 0, gradientOf(name, i + 1, elementCount(shape)));
    }
    optimizer.step(rate, scale);
  }
  return await store.read();
}

/** The same in float64; `decayed` says which parameters decay. */
function exactSteps(initial: Map<string, Float32Array>, decayed: (name: string) => boolean, gradScale = 1) {
  const [beta1, beta2] = hyperparameters.betas;
  return new Map([...initial].map(([name, values]) => {
    const count = values.length;
    const [firstMoment, secondMoment] = [new Float64Array(count), new Float64Array(count)];
    const parameters = Float64Array.from(values);
    rates.forEach((learningRate, i) => {
      const gradients = Float64Array.from(gradientOf(name, i + 1, count));
      const settings = { learningRate, beta1, beta2, eps: 1e-8, weightDecay: 0.1, step: i + 1 };
      const decayedCount = decayed(name) ? count : 0;
      adamWReference({ parameters, gradients, firstMoment, secondMoment }, { ...settings, decayedCount }, gradScale);
    });
    return [name, parameters];
  }));
}

function assertClose(actual: Map<string, Float32Array>, expected: Map<string, Float64Array>): void {
  for (const [name, values] of expected) {
    values.forEach((value, i) => assertAlmostEquals(actual.get(name)![i], value, 2e-6, `${name}[${i}]`));
  }
}

const isMatrix = (name: string) => name === "weight" || name === "table";

gpuTest("four steps equal the float64 definition: matrices decay, norms and biases do not", async () => {
  using store = newStore();
  const initial = await store.read();
  assertClose(await fourSteps(store), exactSteps(initial, isMatrix));
});

gpuTest("with decayAll everything decays", async () => {
  using store = newStore();
  const initial = await store.read();
  assertClose(await fourSteps(store, { decayAll: true }), exactSteps(initial, () => true));
});

gpuTest("gradients are multiplied by the scale", async () => {
  using store = newStore();
  const initial = await store.read();
  assertClose(await fourSteps(store, {}, 0.05), exactSteps(initial, isMatrix, 0.05));
});

gpuTest("a store of several segments moves as one of a single segment", async () => {
  using whole = newStore();
  using split = newStore(1024);
  assertEquals([whole.segments.length, split.segments.length], [1, 3]);
  assertEquals(await fourSteps(split), await fourSteps(whole));
});

gpuTest("where the gradient is 0 only decay moves a parameter, and nothing moves the padding", async () => {
  using store = newStore();
  using optimizer = new AdamW(gpu, store, hyperparameters);
  const initial = await store.read();
  store.zeroGradients();
  optimizer.step(0.5);
  const moved = await store.read();
  for (const name of ["norm", "bias"]) assertEquals(moved.get(name), initial.get(name));
  const decay = Math.fround(1 - 0.5 * 0.1);
  assertEquals(moved.get("weight"), initial.get("weight")!.map((value) => value * decay));
  const flat = await gpu.read(store.segments[0].values);
  assertEquals([...flat.subarray(200, 256)], Array(56).fill(0));
});

gpuTest("an optimizer that is disposed gives its moments back", () => {
  using store = newStore();
  const cycle = () => {
    new AdamW(gpu, store, hyperparameters)[Symbol.dispose]();
    return gpu.liveBuffers;
  };
  const first = cycle();
  assertEquals([cycle(), cycle()], [first, first]);
  return Promise.resolve();
});
