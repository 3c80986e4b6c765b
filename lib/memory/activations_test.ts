import { assert, assertAlmostEquals } from "@std/assert";
import { testGpu } from "#kernels/test_gpu.ts";
import { elementCount, type Tensor } from "#kernels/runtime/tensor.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { InputError } from "#lib/errors.ts";
import { newModel } from "#lib/models/checkpoint.ts";
import { type ModelConfig, parseModelConfig } from "#lib/models/model_config.ts";
import { packTrajectories, releaseBatch } from "#lib/objectives/trajectory_batch.ts";
import { testBeside } from "#lib/test_beside.ts";
import { keptNumbers } from "./activations.ts";

/** Statistics of norms are left out of the formula, and what single families have at their ends. */
const TOLERANCE = 0.05;

testBeside(
  "fixtures/hf",
  "what the tape keeps of every recorded family is what the formula says, within 5 %",
  async (folder) => {
    let seen = 0;
    for (const { name } of Deno.readDirSync(folder)) {
      const config = configAt(`${folder}/${name}/config.json`);
      if (config === undefined) continue;
      const kept = await keptByTape(await testGpu(), config);
      assertAlmostEquals(keptNumbers(config, SHAPES[layoutOf(config)]) / kept, 1, TOLERANCE, name);
      seen++;
    }
    assert(seen >= 8, `${seen}`);
  },
);

const [BATCH, PROMPT, RESPONSE] = [4, 9, 8];
/** A decoder does not read the last token, which predicts nothing. */
const SHAPES = {
  decoder: { batch: BATCH, tokens: PROMPT + RESPONSE - 1, responseTokens: RESPONSE },
  encoderDecoder: { batch: BATCH, tokens: PROMPT + RESPONSE, responseTokens: RESPONSE },
};

function layoutOf(config: ModelConfig): keyof typeof SHAPES {
  return "startId" in config ? "encoderDecoder" : "decoder";
}

/** Undefined where the folder has none, or one of a family that is not read. */
function configAt(path: string): ModelConfig | undefined {
  try {
    return parseModelConfig(JSON.parse(Deno.readTextFileSync(path)), path);
  } catch (error) {
    if (error instanceof InputError || error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Numbers in tensors that are there when the hidden states are, and were not before. */
async function keptByTape(gpu: Gpu, config: ModelConfig): Promise<number> {
  using model = newModel(gpu, config, () => 0.1);
  const text = { prompt: Array(PROMPT).fill(1), response: Array(RESPONSE).fill(2) };
  const batch = packTrajectories(gpu, Array(BATCH).fill(text), model.layout);
  // Made when a store first learns.
  model.store.zeroGradients();
  const held = new Map<GPUBuffer, number>();
  const [allocate, release] = [gpu.allocate.bind(gpu), gpu.release.bind(gpu)];
  gpu.allocate = (...args) => {
    const tensor = allocate(...args);
    held.set(tensor.buffer, elementCount(tensor.shape));
    return tensor;
  };
  gpu.release = (tensor: Tensor) => {
    held.delete(tensor.buffer);
    release(tensor);
  };
  try {
    using tape = new Tape(gpu, { learning: [model.store] });
    model.hiddenStates(tape, batch.tokens);
    return held.values().reduce((sum, count) => sum + count, 0);
  } finally {
    Object.assign(gpu, { allocate, release });
    releaseBatch(gpu, batch);
    await gpu.settle();
  }
}
