import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Gpu } from "../runtime/gpu.ts";
import { gpuTest } from "../test_gpu.ts";
import { adamW, type AdamWSettings } from "./adamw.ts";
import { adamWReference } from "./adamw_reference.ts";

const common = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.1 };
const NAMES = ["parameters", "firstMoment", "secondMoment"] as const;

interface Case {
  readonly size: number;
  readonly decayedCount: number;
  readonly gradScale?: number;
}

/** Ten steps, with gradients of many magnitudes that change from step to step. */
async function tenSteps(gpu: Gpu, { size, decayedCount, gradScale }: Case) {
  const start = Float32Array.from({ length: size }, (_, i) => Math.sin(3 * i + 1));
  const zeros = () => gpu.upload(new Float32Array(size));
  const state = { parameters: gpu.upload(start), firstMoment: zeros(), secondMoment: zeros() };
  const zeros64 = () => new Float64Array(size);
  const exact = { parameters: Float64Array.from(start), firstMoment: zeros64(), secondMoment: zeros64() };
  const scale = gradScale === undefined ? undefined : gpu.upload(Float32Array.of(gradScale));
  for (let step = 1; step <= 10; step++) {
    const gradient = Float32Array.from({ length: size }, (_, i) => Math.sin(i * step + step) * 10 ** (i % 7 - 4));
    const settings: AdamWSettings = { ...common, decayedCount, step };
    const gradients = gpu.upload(gradient);
    adamW(gpu, { ...state, gradients }, settings, scale);
    gpu.release(gradients);
    adamWReference({ ...exact, gradients: Float64Array.from(gradient) }, settings, gradScale);
  }
  const values = await gpu.readAll(NAMES.map((name) => state[name]));
  for (const tensor of Object.values(state)) gpu.release(tensor);
  return { values, exact };
}

const cases: readonly Case[] = [
  { size: 1, decayedCount: 1 },
  { size: 37, decayedCount: 18 },
  { size: 37, decayedCount: 0, gradScale: 0.37 },
  { size: 4099, decayedCount: 4097, gradScale: 0.37 },
];

for (const each of cases) {
  const label = `${each.size} elements, ${each.decayedCount} decayed, scale ${each.gradScale ?? "not given"}`;
  gpuTest(`adamW equals the float64 reference after ten steps: ${label}`, async (gpu) => {
    const { values, exact } = await tenSteps(gpu, each);
    NAMES.forEach((name, n) =>
      exact[name].forEach((expected, i) => {
        const error = Math.abs(values[n][i] - expected);
        // Parameters pass through 1: absolute; moments span magnitudes: relative, but m may cancel towards 0.
        const magnitude = name === "parameters" ? 1 : name === "firstMoment" ? 10 ** (i % 7 - 4) : expected;
        assert(error <= 3e-6 * magnitude, `${name}[${i}] is ${values[n][i]}, expected ${expected}`);
      })
    );
  });
}

gpuTest("adamW gives the same bits twice", async (gpu) => {
  const [a, b] = [await tenSteps(gpu, cases[3]), await tenSteps(gpu, cases[3])];
  assertEquals(a.values, b.values);
});

gpuTest(
  "adamW moves every parameter by the learning rate in its first step, whatever the gradient's size",
  async (gpu) => {
    const zeros = () => gpu.upload(new Float32Array(3));
    const state = { parameters: zeros(), firstMoment: zeros(), secondMoment: zeros() };
    const gradients = gpu.upload(Float32Array.of(1e-3, -5, 700));
    adamW(gpu, { ...state, gradients }, { ...common, eps: 0, decayedCount: 0, step: 1 });
    const moved = await gpu.read(state.parameters);
    [-0.01, 0.01, -0.01].forEach((expected, i) => assert(Math.abs(moved[i] - expected) < 1e-8, `${moved[i]}`));
  },
);

gpuTest("adamW decays exactly the first decayedCount elements where the gradient is 0", async (gpu) => {
  const zeros = () => gpu.upload(new Float32Array(7));
  const parameters = gpu.upload(new Float32Array(7).fill(1));
  const state = { parameters, gradients: zeros(), firstMoment: zeros(), secondMoment: zeros() };
  adamW(gpu, state, { ...common, decayedCount: 5, step: 1 });
  const decay = Math.fround(1 - 0.01 * 0.1);
  assertEquals([...await gpu.read(parameters)], [decay, decay, decay, decay, decay, 1, 1]);
});

gpuTest("adamW refuses sizes that differ, step 0 and a decayedCount over the size", async (gpu) => {
  const flat = (size: number) => gpu.upload(new Float32Array(size));
  const state = { parameters: flat(5), gradients: flat(5), firstMoment: flat(5), secondMoment: flat(5) };
  const settings = { ...common, decayedCount: 5, step: 1 };
  const refused = (change: object, settings: AdamWSettings, message: string) =>
    assertThrows(() => adamW(gpu, { ...state, ...change }, settings), RangeError, message);
  refused({ gradients: flat(4) }, settings, "axis N of gradients is 4 but was 5 in parameters");
  refused({}, { ...settings, step: 0 }, "step is 0, not 1 or more");
  refused({}, { ...settings, decayedCount: 6 }, "decayedCount is 6, not from 0 to 5");
  await gpu.settle();
});
