/**
 * Runs models of the sizes of published ones, with random parameters: a forward pass of 32 tokens, and 16 greedy tokens with the cache.
 * Says whether the logits are finite, and what memory the process takes after each step; `/usr/bin/time -v` tells its peak.
 *
 *     deno run tools/model_shapes.ts gpt2
 */
import { Gpu } from "#kernels/runtime/gpu.ts";
import { elementCount } from "#kernels/runtime/tensor.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { generate, GREEDY } from "#lib/generation/generate.ts";
import { newModel } from "#lib/models/checkpoint.ts";
import { gpt2Config } from "#lib/models/gpt2.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { llamaConfig } from "#lib/models/llama_config.ts";
import type { ModelConfig } from "#lib/models/model_config.ts";
import { t5Config } from "#lib/models/t5_config.ts";
import { hiddenOf } from "#lib/objectives/states.ts";
import { packTrajectories, releaseBatch } from "#lib/objectives/trajectory_batch.ts";
import { RandomStream } from "#lib/random/random_stream.ts";

const SHAPES: Readonly<Record<string, ModelConfig>> = {
  "gpt2": gpt2Config({ vocabSize: 50_257, hiddenSize: 768, numLayers: 12, numHeads: 12, maxPositions: 1024 }),
  "smollm2-135m": {
    ...llamaConfig({ vocabSize: 49_152, hiddenSize: 576, numLayers: 30, numHeads: 9, maxPositions: 8192 }),
    numKvHeads: 3,
    feedForwardSize: 1536,
    normEps: 1e-5,
    ropeTheta: 100_000,
  },
  "t5-base": {
    ...t5Config({ vocabSize: 32_128, hiddenSize: 768, numLayers: 12, numHeads: 12 }),
    feedForwardSize: 3072,
    feedForward: "relu",
    numBuckets: 32,
    maxDistance: 128,
    tiedHead: true,
    scaledHead: true,
  },
};

const TOKENS = 32;
const NEW_TOKENS = 16;
/** Most numbers that are written at once. Twice as many are drawn, and all matrices take them, each from another place on. */
const DRAWN = 2 ** 20;

/** Matrices from N(0, 0.02²), norms 1, biases 0: written some rows at a time, as a file would be read. */
function fill({ store }: LanguageModel): void {
  const random = new RandomStream(1, "model shapes");
  const drawn = Float32Array.from({ length: 2 * DRAWN }, () => 0.02 * random.normal());
  let place = 0;
  for (const { name, shape } of store.parameters.values()) {
    if (shape.length === 1) {
      if (name.endsWith("weight")) store.writeRows(name, 0, new Float32Array(shape[0]).fill(1));
      continue;
    }
    const width = elementCount(shape.slice(1));
    const most = Math.floor(DRAWN / width);
    for (let row = 0; row < shape[0]; row += most) {
      place = (place + 977) % DRAWN;
      const values = drawn.subarray(place, place + Math.min(most, shape[0] - row) * width);
      store.writeRows(name, row, values);
    }
  }
}

async function forward(gpu: Gpu, model: LanguageModel): Promise<Float32Array> {
  const { vocabSize } = model.config;
  const ids = Array.from({ length: TOKENS }, (_, t) => (7919 * t + 13) % vocabSize);
  const [prompt, response] = [ids.slice(0, TOKENS / 2), ids.slice(TOKENS / 2)];
  const batch = packTrajectories(gpu, [{ prompt, response }], model.layout);
  using tape = new Tape(gpu);
  const logits = await gpu.read(model.logits(tape, hiddenOf(tape, model, batch)).value);
  releaseBatch(gpu, batch);
  return logits as Float32Array;
}

async function run(name: string, config: ModelConfig): Promise<void> {
  await using gpu = await Gpu.open();
  const began = performance.now();
  const say = (what: string) =>
    console.log(
      `${name}: ${what}; ${((performance.now() - began) / 1000).toFixed(1)} s, ${
        Math.round(Deno.memoryUsage().rss / 2 ** 20)
      } MiB`,
    );
  using model = newModel(gpu, config);
  fill(model);
  await gpu.settle();
  say(`${(model.store.parameterCount / 1e6).toFixed(1)} M parameters`);
  const logits = await forward(gpu, model);
  const bound = logits.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  say(
    `${logits.length} logits, ${logits.every(Number.isFinite) ? "all finite" : "NOT finite"}, |logit| up to ${
      bound.toFixed(2)
    }`,
  );
  const settings = { ...GREEDY, maxNewTokens: NEW_TOKENS, eosId: 0xffffffff, padId: 0, seed: 1, purpose: "shapes" };
  const [tokens] = await generate(gpu, model, [{ promptIds: [1, 2, 3, 4, 5, 6, 7, 8], key: 0 }], settings);
  say(`${tokens.length} tokens: ${tokens.join(" ")}`);
}

const [name] = Deno.args;
if (!Object.hasOwn(SHAPES, name ?? "")) throw new Error(`name one of ${Object.keys(SHAPES).join(", ")}`);
await run(name, SHAPES[name]);
