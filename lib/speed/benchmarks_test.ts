import { assert, assertEquals } from "@std/assert";
import { elementCount } from "#kernels/runtime/tensor.ts";
import { gpuTest } from "#kernels/test_gpu.ts";
import { gpt2 } from "#lib/models/gpt2.ts";
import { type BenchRow, bestProduct, clockOf, type Reference, runBenchmarks, withNeeds } from "./benchmarks.ts";
import { groupOf, rowNames, SHAPES, type ShapesName } from "./catalog.ts";
import { BEST_PRODUCT } from "./groups.ts";
import { GPT2_SMALL } from "./gpt2_small.ts";
import { decodeFlops, referenceGpt, trainStepFlops } from "./reference_gpt.ts";
import { referenceT5, t5TrainStepFlops } from "./reference_t5.ts";
import { median } from "./sampling.ts";
import { storiesWork } from "./stories.ts";
import { BATCH, openTinyTraining } from "./tiny_training.ts";

/** Names that scripts rely on. */
const STABLE_NAMES = [
  ...["matmul", "train_step/reference_gpt", "train_step/reference_t5", "decode/batch1", "decode/batch32"],
  ...["onpolicy_step/tiny", "gkd_step/tiny", "ammd_step/tiny", "ammd_learned_step/tiny"],
];

Deno.test("the names that scripts rely on are there, and every name is one row's", () => {
  const known = rowNames("reference");
  assertEquals(STABLE_NAMES.filter((name) => !known.includes(name)), []);
  for (const shapes of Object.keys(SHAPES) as ShapesName[]) {
    const names = rowNames(shapes);
    assertEquals(new Set(names).size, names.length);
    for (const name of names.filter((name) => name !== BEST_PRODUCT)) {
      assert(groupOf(shapes, name).rows[name].summary !== "");
    }
    assertEquals(SHAPES[shapes].filter(({ areProducts }) => areProducts).length, 1);
  }
});

Deno.test("a row is measured with what it is compared with, and that is in its group", () => {
  for (const group of Object.values(SHAPES).flat()) {
    for (const { needs = [] } of Object.values(group.rows)) {
      assertEquals(needs.filter((name) => !(name in group.rows)), []);
    }
  }
  const tiny = SHAPES.reference.find(({ rows }) => "ammd_step/tiny" in rows)!;
  assertEquals(withNeeds(tiny, ["ammd_step/tiny"]), ["gkd_step/tiny", "ammd_step/tiny", "write/tiny8"]);
  assertEquals(withNeeds(tiny, []), []);
});

Deno.test("the best product is that of the highest rate, not of the least time", () => {
  const best = bestProduct(
    new Map([
      ["small", { ms: 1, cpuMs: 2, samples: 3, size: { flops: 2e6 } }],
      ["large", { ms: 4, cpuMs: 8, samples: 5, size: { flops: 2e7 } }],
    ]),
  );
  assertEquals(best, { name: BEST_PRODUCT, ms: 4, cpuMs: 8, samples: 5, gflops: 5 });
});

gpuTest("ratios are taken to the product and the copy of the same run; a second run creates no buffer", async (gpu) => {
  // A thousand times as fast: every sample is long enough at once.
  const clock = { ...clockOf(gpu), now: () => 1000 * performance.now() };
  const live: number[] = [];
  for (let run = 0; run < 2; run++) {
    const rows: BenchRow[] = [];
    let reference: Reference | undefined;
    const onReference = (rates: Reference) => reference = { ...rates };
    const names = ["layer_norm.dX", "decode/batch1", "matmul/1024x128x512"];
    for await (const row of runBenchmarks(gpu, { shapes: "reference", names, clock, onReference })) rows.push(row);
    assertEquals(rows.map(({ name }) => name), ["matmul/1024x128x512", "layer_norm.dX", "decode/batch1"]);
    const [product, norm, decode] = rows;
    const { matmulGflops, copyGBs } = reference!;
    for (const { gflops, ratio } of [product, decode]) assertEquals(ratio, matmulGflops / gflops!);
    assertEquals(norm.gbPerSecond, 3 * 4 * 1024 * 128 / norm.ms / 1e6);
    assertEquals(norm.ratio, copyGBs / norm.gbPerSecond!);
    assert(product.ratio! >= 1, `${product.ratio}`);
    assertEquals(decode.tokensPerSecond, 64 / decode.ms * 1000);
    live.push(gpu.liveBuffers);
  }
  assertEquals(live[0], live[1]);
});

Deno.test("what another checkout may be timed by imports its own folder by relative paths only", async () => {
  const folder = new URL("./", import.meta.url);
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".ts")) continue;
    const text = await Deno.readTextFile(new URL(name, folder));
    assertEquals(text.match(/"#lib\/benchmark[^"]*"/g), null, name);
  }
});

gpuTest(
  "the reference GPT has 1.07 M parameters and takes 7.3 GFLOP a training step, 2.1 MFLOP and more a decoded token",
  (gpu) => {
    using model = referenceGpt(gpu);
    assertEquals(model.store.parameterCount, 1_071_872);
    assert(Math.abs(trainStepFlops(model) - 7.3e9) < 0.1e9, `${trainStepFlops(model)}`);
    assertEquals(decodeFlops(model, 0), 2 * (1_071_872 - 128 * 128 - 4 * (4 * 128 + 384 + 128 + 512 + 128) - 256));
    assertEquals(decodeFlops(model, 10) - decodeFlops(model, 0), 4 * 4 * 10 * 128);
  },
);

Deno.test("GPT-2 small has 124 M parameters", () => {
  const parameters = gpt2.parameterSpecs(GPT2_SMALL).map(({ shape }) => elementCount(shape));
  assertEquals(parameters.reduce((sum, count) => sum + count), 124_439_808);
});

gpuTest("the trained model of the bench continues its text, which takes the row's tokens", async (gpu) => {
  using work = await storiesWork(gpu);
  assertEquals(work.size, { tokens: 100 });
  await work.warmUp?.();
});

gpuTest(
  "the reference T5 has 1.4 M parameters and takes 8.5 GFLOP a training step on 8 × (128 + 128) tokens",
  (gpu) => {
    using model = referenceT5(gpu);
    assertEquals(model.store.parameterCount, 262_144 + 2 * 196_608 + 2 * 262_144 + 2 * 128 + (2 * 2 + 2 * 3 + 2) * 128);
    assert(Math.abs(t5TrainStepFlops(model) - 8.5e9) < 0.1e9, `${t5TrainStepFlops(model)}`);
  },
);

gpuTest(
  "the student of the training steps writes texts as long as profile tiny's: 7 tokens, the longest of 16 some 20",
  async (gpu) => {
    using training = await openTinyTraining(gpu);
    const lengths = (await training.generate(4, 2 * BATCH)).map(({ response }) => response.length);
    assertEquals(lengths.length, 4 * 2 * 16);
    const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
    const longest = Array.from({ length: 8 }, (_, i) => Math.max(...lengths.slice(16 * i, 16 * (i + 1))));
    assert(mean > 5 && mean < 9, `${mean}`);
    assert(median(longest) > 12 && median(longest) < 28, `${longest}`);
  },
);
