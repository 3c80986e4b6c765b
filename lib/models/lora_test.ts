import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { InputError } from "#lib/errors.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { fineTuning } from "#lib/objectives/supervised.ts";
import { packTrajectories } from "#lib/objectives/trajectory_batch.ts";
import { AdamW } from "#lib/training/adam_w.ts";
import { updateStep } from "#lib/training/update_step.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { newModel, readModel, writeModel } from "./checkpoint.ts";
import type { LanguageModel } from "./language_model.ts";
import { defaultTargets, type LoraOptions } from "./lora.ts";
import { loraWeightsOf, writeAdapter } from "./lora_folder.ts";
import type { ModelConfig } from "./model_config.ts";
import type { ModelOptions } from "./model_weights.ts";
import { TINY } from "./test_decoder.ts";
import { TINY_T5 } from "./test_encoder_decoder.ts";

const gpu = await testGpu();
const folderTest = (name: string, fn: (folder: string) => Promise<void>) =>
  testInFolder(name, fn, { opensDevice: true });
const TEXTS = [{ prompt: [3, 1, 4], response: [1, 5, 9, 2] }, { prompt: [6], response: [5, 3] }];
const CONFIGS: Readonly<Record<string, ModelConfig>> = {
  llama: TINY.llama,
  gpt2: TINY.gpt2,
  opt: TINY.opt,
  t5: TINY_T5,
};

const draws = (seed: number, spread: number) => {
  const stream = new RandomStream(seed, "LoRA");
  return () => spread * stream.normal();
};
const loraOf = (family: string, changes: Partial<LoraOptions> = {}): LoraOptions => ({
  ...{ rank: 3, scale: 2, targets: defaultTargets(family), normalSource: draws(2, 1) },
  ...changes,
});
const make = (name: string, options: ModelOptions = {}) => newModel(gpu, CONFIGS[name], draws(1, 2), options);

async function logitsOf(model: LanguageModel): Promise<Float32Array> {
  using tape = new Tape(gpu);
  const batch = packTrajectories(gpu, TEXTS, model.layout);
  return await gpu.read(model.logits(tape, model.hiddenStates(tape, batch.tokens)).value) as Float32Array;
}

/** Trains on the texts. @returns the losses */
async function train(model: LanguageModel, steps: number, recompute = false): Promise<number[]> {
  using optimizer = new AdamW(gpu, model.store, { betas: [0.9, 0.99], eps: 1e-8, weightDecay: 0.1 });
  const batch = packTrajectories(gpu, TEXTS, model.layout);
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const term = (tape: Tape) => fineTuning(tape, { student: model }, batch);
    const measures = await updateStep(gpu, [{ optimizer, learningRate: 0.05 }], [term], { recompute });
    losses.push((await gpu.read(measures.loss))[0]);
    for (const tensor of Object.values(measures)) gpu.release(tensor);
  }
  return losses;
}

for (const [name, config] of Object.entries(CONFIGS)) {
  gpuTest(
    `${name}: a fresh adapter changes nothing; trained, it alone has moved, and the loss has fallen`,
    async () => {
      using plain = make(name);
      using model = make(name, { lora: loraOf(name) });
      assertEquals(await logitsOf(model), await logitsOf(plain));
      const before = await loraWeightsOf(model).base.read();
      const losses = await train(model, 12);
      assert(losses[11] < losses[0] - 0.3, `${losses}`);
      assertEquals(await loraWeightsOf(model).base.read(), before);
      assert((await model.store.read()).values().every((values) => values.some((value) => value !== 0)));
    },
  );

  gpuTest(`${name}: gradients of A and B are those of the chain rule through the merged weight`, async () => {
    const lora = loraOf(name, { targets: ["all-linear"] });
    using model = make(name, { lora });
    await train(model, 2);
    const weights = loraWeightsOf(model);
    using merged = newModel(gpu, config);
    for (const [parameter, values] of await weights.read()) merged.store.writeRows(parameter, 0, values);
    const gradientsOf = async (of: LanguageModel) => {
      using tape = new Tape(gpu, { learning: [of.store] });
      of.store.zeroGradients();
      tape.backward(fineTuning(tape, { student: of }, packTrajectories(gpu, TEXTS, of.layout)).loss);
      return await of.store.readGradients();
    };
    const actual = weights.valuesByLayer(await gradientsOf(model));
    const values = weights.valuesByLayer(await model.store.read());
    const ofWeights = await gradientsOf(merged);
    for (const { layer, parameter, firstRow, shape: [rows, columns], isTransposed } of weights.places) {
      const all = ofWeights.get(parameter)!;
      const { a, b } = values.get(layer)!;
      const [inputs, outputs] = isTransposed ? [rows, columns] : [columns, rows];
      const g = (o: number, i: number) => all[isTransposed ? i * columns + o : (firstRow + o) * columns + i];
      const sum = (count: number, term: (i: number) => number) =>
        Array.from({ length: count }, (_, i) => term(i)).reduce((x, y) => x + y, 0);
      const ofA = a.map((_, at) => {
        const [k, i] = [Math.floor(at / inputs), at % inputs];
        return lora.scale * sum(outputs, (o) => b[o * lora.rank + k] * g(o, i));
      });
      const ofB = b.map((_, at) => {
        const [o, k] = [Math.floor(at / lora.rank), at % lora.rank];
        return lora.scale * sum(inputs, (i) => g(o, i) * a[k * inputs + i]);
      });
      for (const [side, expected] of [["a", ofA], ["b", ofB]] as const) {
        const largest = Math.max(...expected.map(Math.abs));
        const error = Math.max(...expected.map((value, i) => Math.abs(value - actual.get(layer)![side][i])));
        assert(error <= 2e-5 * largest, `${layer} ${side}: ${error} of ${largest}`);
      }
    }
  });

  gpuTest(
    `${name}: changes of weights in fewer bits are trained as those of the rounded weights, to the bit`,
    async () => {
      for (const form of ["f16", "int8"] as const) {
        using narrow = make(name, { form, lora: loraOf(name) });
        using rounded = make(name, { lora: loraOf(name) });
        const { base } = loraWeightsOf(rounded);
        for (const [parameter, values] of await loraWeightsOf(narrow).base.read()) base.writeRows(parameter, 0, values);
        for (const recompute of [false, true]) {
          assertEquals(await train(narrow, 3, recompute), await train(rounded, 3, recompute));
        }
        assertEquals(await narrow.store.read(), await rounded.store.read());
        assertEquals(await narrow.weights.read(), await rounded.weights.read());
      }
    },
  );

  folderTest(`${name}: an adapter's folder gives the model back, beside its base or merged`, async (folder) => {
    using model = make(name, { lora: loraOf(name) });
    using base = make(name);
    await writeModel(base, `${folder}/base`);
    await train(model, 3);
    await writeAdapter(model, `${folder}/adapter`, "base");
    using kept = await readModel(gpu, `${folder}/adapter`, { keepAdapter: true });
    using merged = await readModel(gpu, `${folder}/adapter`);
    assertEquals(await kept.store.read(), await model.store.read());
    assertEquals(await logitsOf(kept), await logitsOf(model));
    const [expected, actual] = [await logitsOf(model), await logitsOf(merged)];
    const largest = Math.max(...expected.map(Math.abs));
    assert(expected.every((value, i) => Math.abs(value - actual[i]) <= 1e-5 * largest));
    await writeModel(kept, `${folder}/whole`);
    using whole = await readModel(gpu, `${folder}/whole`);
    assertEquals(await logitsOf(whole), expected);
  });
}

gpuTest("rows of a packed parameter that no layer of the adapter has stay as they are", async () => {
  using model = make("llama", { lora: loraOf("llama", { targets: ["q_proj", "v_proj"] }) });
  const weights = loraWeightsOf(model);
  const before = await weights.base.read();
  await train(model, 4);
  const after = await weights.read();
  const { numHeads, numKvHeads, headSize, hiddenSize } = TINY.llama;
  const [queries, keys] = [numHeads * headSize * hiddenSize, numKvHeads * headSize * hiddenSize];
  const name = "model.layers.0.self_attn.qkv_proj.weight";
  const moved = (first: number, count: number) => {
    const of = (values: Map<string, Float32Array>) => values.get(name)!.subarray(first, first + count);
    return of(after).some((value, i) => value !== of(before)[i]);
  };
  assertEquals([moved(0, queries), moved(queries, keys), moved(queries + keys, keys)], [true, false, true]);
});

gpuTest("a base in fewer bits, and blocks that run again, learn the same adapter to the bit", async () => {
  const trained = async (options: ModelOptions, recompute: boolean) => {
    using model = make("llama", { ...options, lora: loraOf("llama") });
    return { losses: await train(model, 3, recompute), values: await model.store.read() };
  };
  for (const form of [undefined, "bf16"] as const) {
    assertEquals(await trained({ form }, true), await trained({ form }, false));
  }
});

gpuTest("a target that is no layer is refused with those there are", () => {
  const lora = loraOf("llama", { targets: ["q_proj", "query"] });
  assertThrows(
    () => make("llama", { lora }),
    InputError,
    "LoRA target query: the model has no such layer; it has down_proj",
  );
  assertThrows(() => make("t5", { lora: loraOf("t5", { targets: ["shared"] }) }), InputError, "LoRA target shared");
});

folderTest("an adapter that says another rank than its matrices have is refused", async (folder) => {
  using model = make("llama", { lora: loraOf("llama") });
  using base = make("llama");
  await writeModel(base, `${folder}/base`);
  await writeAdapter(model, `${folder}/adapter`, "base");
  const path = `${folder}/adapter/adapter_config.json`;
  const config = JSON.parse(await Deno.readTextFile(path));
  await Deno.writeTextFile(path, JSON.stringify({ ...config, r: 5 }));
  await assertRejects(() => readModel(gpu, `${folder}/adapter`, { keepAdapter: true }), InputError, "r is 5");
});
