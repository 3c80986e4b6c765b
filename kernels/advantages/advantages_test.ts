import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { Gpu } from "../runtime/gpu.ts";
import { gpuTest } from "../test_gpu.ts";
import { baseline, type BaselineKind, rewardToGo, type RewardToGoSettings } from "./advantages.ts";
import { baselineReference, rewardToGoReference, type Span } from "./advantages_reference.ts";

type Values = Float32Array<ArrayBuffer>;

const uploadSpans = (gpu: Gpu, spans: readonly Span[]) => gpu.upload(Uint32Array.from(spans.flat()), [spans.length, 2]);

async function runRewardToGo(gpu: Gpu, costs: Values, spans: readonly Span[], settings: RewardToGoSettings) {
  const out = rewardToGo(gpu, { costs: gpu.upload(costs), spans: uploadSpans(gpu, spans) }, settings);
  return Float32Array.from(await gpu.read(out));
}

async function runBaseline(gpu: Gpu, advantages: Values, spans: readonly Span[], kind: BaselineKind) {
  const out = baseline(gpu, { advantages: gpu.upload(advantages), spans: uploadSpans(gpu, spans) }, kind);
  return Float32Array.from(await gpu.read(out));
}

function assertClose(actual: ArrayLike<number>, expected: Float64Array, tolerance = 1e-5): void {
  assertEquals(actual.length, expected.length);
  expected.forEach((value, i) => assertAlmostEquals(actual[i], value, tolerance, `at ${i}`));
}

/** Trajectories of 1 to 29 tokens one after another, one of them empty. */
function manySpans(count: number): Span[] {
  let start = 0;
  return Array.from({ length: count }, (_, i) => {
    const end = start + (i === 3 ? 0 : 1 + (i * 17) % 29);
    const span: Span = [start, end];
    start = end;
    return span;
  });
}

const cases: readonly { label: string; spans: readonly Span[] }[] = [
  { label: "one token", spans: [[0, 1]] },
  { label: "three trajectories", spans: [[0, 7], [7, 11], [11, 17]] },
  { label: "rows between trajectories", spans: [[2, 7], [9, 10], [13, 31]] },
  { label: "more trajectories than a workgroup holds", spans: manySpans(71) },
];

for (const { label, spans } of cases) {
  const rows = spans.at(-1)![1] + (label.startsWith("rows between") ? 2 : 0);
  const values = Float32Array.from({ length: rows }, (_, i) => Math.sin(5 * i + 1));
  const exact = Float64Array.from(values);

  const relative = { gamma: 0.95, discount: "relative" } as const;
  const settingsOfCases: readonly RewardToGoSettings[] = [
    { gamma: 0.9, inclusive: true },
    { gamma: 1, inclusive: false },
    { gamma: 0.9, inclusive: true, lengthNormalized: true },
    { ...relative, inclusive: true },
    { ...relative, inclusive: false },
    { ...relative, inclusive: true, lengthNormalized: true },
    { ...relative, inclusive: false, lengthNormalized: true },
  ];
  for (const settings of settingsOfCases) {
    gpuTest(`rewardToGo equals the float64 reference: ${label}, ${JSON.stringify(settings)}`, async (gpu) => {
      assertClose(await runRewardToGo(gpu, values, spans, settings), rewardToGoReference(exact, spans, settings));
    });
  }
  for (const kind of ["none", "positionMean", "whitened"] as const) {
    gpuTest(`baseline equals the float64 reference: ${label}, ${kind}`, async (gpu) => {
      assertClose(await runBaseline(gpu, values, spans, kind), baselineReference(exact, spans, kind));
    });
  }
}

gpuTest("rewardToGo gives the advantages that PyTorch gave for the same costs", async (gpu) => {
  // Three trajectories of U_on with random logits and Q values, γ = 0.9: costs c_t = E_π* f − f(y_t) and the recorded A_t.
  // deno-fmt-ignore
  const costs = [
    0.1789604, -0.7724262, -0.6276465, -1.1007917, 0.2842578, 0.6201796, -0.6901601,
    -0.3576038, 0.4954559, -0.5718078, -0.4392192,
    -1.3417208, 0.5381681, 0.2171033, 0.1791409, -0.263348, 0.539721,
  ];
  // deno-fmt-ignore
  const recorded = [
    -1.641162, -1.8201225, -1.1249388, -0.6165452, 0.185932, -0.0005695, -0.3667794,
    -0.6950486, -0.3374448, -0.7833552, -0.3201908,
    -0.4050049, 0.9367158, 0.4523646, 0.2765109, 0.1459173, 0.3186998,
  ];
  const settings = { gamma: 0.9, inclusive: true };
  const actual = await runRewardToGo(gpu, Float32Array.from(costs), cases[1].spans, settings);
  assertClose(actual, Float64Array.from(recorded), 1e-6);
});

gpuTest("rewardToGo with and without the present cost differ by the discounted cost", async (gpu) => {
  const costs = Float32Array.from({ length: 17 }, (_, i) => Math.cos(i));
  const { spans } = cases[1];
  const withPresent = await runRewardToGo(gpu, costs, spans, { gamma: 0.8, inclusive: true });
  const without = await runRewardToGo(gpu, costs, spans, { gamma: 0.8, inclusive: false });
  for (const [start, end] of spans) {
    for (let row = start; row < end; row++) {
      assertAlmostEquals(withPresent[row] - without[row], 0.8 ** (row - start) * costs[row], 1e-6);
    }
    assertEquals(without[end - 1], 0);
  }
});

gpuTest(
  "rewardToGo: the relative discount is that from the start divided by the discount of the step itself",
  async (gpu) => {
    const costs = Float32Array.from({ length: 17 }, (_, i) => Math.cos(i));
    const { spans } = cases[1];
    for (const inclusive of [true, false]) {
      const fromStart = await runRewardToGo(gpu, costs, spans, { gamma: 0.8, inclusive });
      const relative = await runRewardToGo(gpu, costs, spans, { gamma: 0.8, inclusive, discount: "relative" });
      for (const [start, end] of spans) {
        for (let row = start; row < end; row++) {
          assertAlmostEquals(relative[row], fromStart[row] / 0.8 ** (row - start), 1e-5);
        }
      }
    }
  },
);

gpuTest(
  "rewardToGo: equal costs give equal normalized advantages however many steps are left, and 0 where none is",
  async (gpu) => {
    const spans = manySpans(20);
    const costs = new Float32Array(spans.at(-1)![1]).fill(0.7);
    const settings = { gamma: 1, discount: "relative", lengthNormalized: true } as const;
    const withPresent = await runRewardToGo(gpu, costs, spans, { ...settings, inclusive: true });
    const without = await runRewardToGo(gpu, costs, spans, { ...settings, inclusive: false });
    const ends = new Set(spans.map(([, end]) => end - 1));
    withPresent.forEach((value) => assertAlmostEquals(value, 0.7, 1e-6));
    without.forEach((value, row) => assertAlmostEquals(value, ends.has(row) ? 0 : 0.7, 1e-6));
  },
);

gpuTest("baseline: advantages that depend on the position only become 0 under positionMean", async (gpu) => {
  const spans = manySpans(20);
  const advantages = new Float32Array(spans.at(-1)![1]);
  for (const [start, end] of spans) for (let row = start; row < end; row++) advantages[row] = Math.sin(row - start);
  for (const value of await runBaseline(gpu, advantages, spans, "positionMean")) assertAlmostEquals(value, 0, 1e-6);
});

gpuTest(
  "baseline: whitened advantages have mean 0 and standard deviation 1, whatever is added or multiplied",
  async (gpu) => {
    const spans = manySpans(20);
    const rows = spans.at(-1)![1];
    const advantages = Float32Array.from({ length: rows }, (_, i) => Math.sin(i));
    const whitened = await runBaseline(gpu, advantages, spans, "whitened");
    const mean = whitened.reduce((sum, value) => sum + value, 0) / rows;
    const variance = whitened.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (rows - 1);
    assertAlmostEquals(mean, 0, 1e-6);
    assertAlmostEquals(variance, 1, 1e-5);
    const changed = await runBaseline(gpu, advantages.map((value) => 4 * value + 2), spans, "whitened");
    assertClose(changed, Float64Array.from(whitened), 1e-5);
  },
);

gpuTest("baseline: thousands of short trajectories are whitened to the last", async (gpu) => {
  const count = 4096;
  const spans = Array.from({ length: count }, (_, i): Span => [10 * i, 10 * i + 10]);
  const advantages = Float32Array.from({ length: 10 * count }, (_, i) => Math.sin(i) + i / (10 * count));
  const expected = baselineReference(Float64Array.from(advantages), spans, "whitened");
  assertClose(await runBaseline(gpu, advantages, spans, "whitened"), expected, 1e-4);
});

gpuTest("baseline: equal advantages whiten to 0, not to a division by zero", async (gpu) => {
  for (const spans of [[[0, 1]], [[0, 5]]] as Span[][]) {
    const whitened = await runBaseline(gpu, new Float32Array(spans[0][1]).fill(0.5), spans, "whitened");
    assert(whitened.every((value) => value === 0));
  }
});

gpuTest("rewardToGo and baseline give the same bits twice", async (gpu) => {
  const spans = manySpans(71);
  const values = Float32Array.from({ length: spans.at(-1)![1] }, (_, i) => Math.sin(i));
  const settings = { gamma: 0.95, inclusive: true };
  for (const discount of ["fromStart", "relative"] as const) {
    const run = () => runRewardToGo(gpu, values, spans, { ...settings, discount, lengthNormalized: true });
    assertEquals(await run(), await run());
  }
  assertEquals(await runRewardToGo(gpu, values, spans, settings), await runRewardToGo(gpu, values, spans, settings));
  for (const kind of ["positionMean", "whitened"] as const) {
    assertEquals(await runBaseline(gpu, values, spans, kind), await runBaseline(gpu, values, spans, kind));
  }
});

gpuTest("rewardToGo refuses spans without two columns", async (gpu) => {
  const costs = gpu.upload(new Float32Array(4));
  const spans = gpu.upload(new Uint32Array(3), [1, 3]);
  assertThrows(
    () => rewardToGo(gpu, { costs, spans }, { gamma: 1, inclusive: true }),
    RangeError,
    "Cannot run rewardToGo: axis 2 of spans is 3 but was 2",
  );
  await gpu.settle();
});
