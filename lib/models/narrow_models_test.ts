import { assert, assertEquals, assertThrows } from "@std/assert";
import { narrow, NARROW_FORMS, type NarrowForm } from "#kernels/widen/narrow.ts";
import { Gpu } from "#kernels/runtime/gpu.ts";
import { elementCount } from "#kernels/runtime/tensor.ts";
import { uploadNarrow, widen } from "#kernels/widen/widen.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { generate, GREEDY } from "#lib/generation/generate.ts";
import { NarrowStore } from "#lib/nn/narrow_store.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { packTrajectories } from "#lib/objectives/trajectory_batch.ts";
import { newModel } from "./checkpoint.ts";
import type { LanguageModel } from "./language_model.ts";
import type { ModelConfig } from "./model_config.ts";
import { FORMS, TINY } from "./test_decoder.ts";
import { TINY_T5 } from "./test_encoder_decoder.ts";

const gpu = await testGpu();

const CONFIGS: Readonly<Record<string, ModelConfig>> = {
  ...Object.fromEntries(FORMS.map((form) => [form, TINY[form]])),
  "t5": TINY_T5,
  "t5, untied": { ...TINY_T5, tiedHead: false },
};
const TEXTS = [{ prompt: [3, 1, 4], response: [1, 5, 9] }, { prompt: [6], response: [5, 3, 2, 8] }];

/** A model whose weights are kept in a form, and one in f32 that has the numbers that the form rounds them to. */
async function bothOf(config: ModelConfig, form: NarrowForm): Promise<[LanguageModel, LanguageModel]> {
  const random = () => {
    const stream = new RandomStream(1, "narrow");
    return () => 3 * stream.normal();
  };
  const narrowed = newModel(gpu, config, random(), { form });
  const wide = newModel(gpu, config, random());
  for (const [name, values] of await wide.store.read()) {
    const { shape } = wide.store.parameters.get(name)!;
    const isNarrow = narrowed.weights.blocks(name).some((block) => "make" in block);
    if (isNarrow) wide.store.writeRows(name, 0, await rounded(values, shape, form));
  }
  return [narrowed, wide];
}

async function rounded(values: Float32Array, shape: readonly number[], form: NarrowForm) {
  return await gpu.read(widen(gpu, uploadNarrow(gpu, values, shape, form))) as Float32Array<ArrayBuffer>;
}

async function logitsOf(model: LanguageModel): Promise<Float32Array> {
  using tape = new Tape(gpu);
  const batch = packTrajectories(gpu, TEXTS, model.layout);
  return await gpu.read(model.logits(tape, model.hiddenStates(tape, batch.tokens)).value) as Float32Array;
}

const greedy = async (model: LanguageModel) =>
  await generate(gpu, model, TEXTS.map(({ prompt }, key) => ({ promptIds: prompt, key })), {
    ...{ ...GREEDY, maxNewTokens: 6, eosId: 0xffffffff, padId: 0, seed: 0, purpose: "narrow" },
  });

for (const [name, config] of Object.entries(CONFIGS)) {
  gpuTest(`${name}: in fewer bits, logits and greedy texts are those of the rounded weights to the bit`, async () => {
    for (const form of NARROW_FORMS) {
      const models = await bothOf(config, form);
      const [narrowed, wide] = models;
      assert([...narrowed.weights.parameters.values()].some(({ blocks }) => blocks.some((block) => "make" in block)));
      assertEquals(narrowed.weights.parameterCount, wide.weights.parameterCount);
      assertEquals(await logitsOf(narrowed), await logitsOf(wide), form);
      assertEquals(await greedy(narrowed), await greedy(wide), form);
      for (const model of models) model[Symbol.dispose]();
    }
  });
}

gpuTest("a model in fewer bits does not learn", () => {
  using model = newModel(gpu, TINY.llama, undefined, { form: "f16" });
  assertThrows(() => model.store, RangeError, "Cannot train a model whose weights are kept in fewer bits");
});

gpuTest("weights in fewer bits take the bytes of their form, and a pass the widest matrix beside them", async () => {
  const specs = Array.from({ length: 12 }, (_, i) => ({
    ...{ name: `${i}`, shape: [512, 512], decayed: true },
    initial: (count: number) => new Float32Array(count).fill(i),
  }));
  const bytes = specs.length * elementCount([512, 512]) * 4;
  for (const [form, share] of [["f16", 0.5], ["bf16", 0.5], ["int8", 0.25]] as const) {
    await using own = await Gpu.open({ tuning: { leastImageBytes: Infinity } });
    using store = new NarrowStore(own, specs, form, () => 0);
    const held = own.peakBytes;
    assert(held <= share * bytes * 1.02, `${form}: ${held} of ${bytes}`);
    using tape = new Tape(own);
    for (let i = 0; i < specs.length; i++) {
      tape.scope(() => {
        tape.parameter(store.get(`${i}`));
        return tape.constant(tape.adopt(own.allocate([1])));
      });
    }
    assert(own.peakBytes - held <= 2 * 512 * 512 * 4 + 4096, `${form}: ${own.peakBytes - held}`);
  }
});

gpuTest("rows are written whichever blocks they lie in, and others stay", async () => {
  await using own = await Gpu.open({ bindingLimit: 64 * 8 * 4 });
  const spec = { name: "table", shape: [200, 8], decayed: true, isTable: true, initial: () => new Float32Array(1600) };
  for (const form of NARROW_FORMS) {
    using store = new NarrowStore(own, [spec], form);
    assertEquals(store.blocks("table").map(({ name }) => name).length, 4);
    const values = Float32Array.from({ length: 140 * 8 }, (_, i) => (i % 127) - 63);
    store.writeRows("table", 50, values);
    using tape = new Tape(own);
    const read = await own.readAll(store.blocks("table").map((block) => tape.parameter(block).value));
    const expected = new Float32Array(1600);
    const { words, scales } = narrow(values, 8, form);
    assertEquals(words.length > 0, scales === undefined || scales.length === 140);
    expected.set(await rounded(values, [140, 8], form), 400);
    assertEquals(Float32Array.from(read.flatMap((part) => [...part])), expected);
  }
});
