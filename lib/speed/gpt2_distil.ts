import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { ModelOptions } from "#lib/models/model_weights.ts";
import { newModel } from "#lib/models/checkpoint.ts";
import type { DecoderConfig } from "#lib/models/decoder_config.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { GPT2_SMALL } from "./gpt2_small.ts";
import { MethodTraining } from "./method_training.ts";
import type { Shared, Work } from "./work.ts";

/** GPT-2 medium (Radford et al. 2019): 355 M parameters. */
const GPT2_MEDIUM: DecoderConfig = {
  ...GPT2_SMALL,
  hiddenSize: 1024,
  numLayers: 24,
  numHeads: 16,
  numKvHeads: 16,
  feedForwardSize: 4096,
};

const [TEXTS, BATCH, PROMPT_TOKENS, RESPONSE_TOKENS] = [8, 2, 64, 64];
/** States with logits of a step: of all responses. */
const STATES = BATCH * RESPONSE_TOKENS;
/** States of the two pairs that a critic is held by, and of the two that are held out. */
const PAIR_STATES = 4 * RESPONSE_TOKENS;
const NO_TOKEN = 0xffffffff;
/** Numbers that the weights repeat: drawing hundreds of millions takes far longer than what is measured. */
const DRAWN_WEIGHTS = 4099;

const student = flopsOf(GPT2_SMALL);
const teacher = flopsOf(GPT2_MEDIUM);
const DISTANCE_FLOPS = 3 * student.forward(BATCH) + teacher.forward(BATCH);
const CRITIC_FLOPS = teacher.head;

/** What a run does, of how many steps, and the FLOPs of a step. */
const RUNS = {
  kd: {
    steps: 1,
    flops: DISTANCE_FLOPS,
    run: (training: MethodTraining) => training.distil(1, { kind: "forwardKl" }, () => false),
  },
  gkd: {
    steps: 2,
    flops: DISTANCE_FLOPS + student.writing(BATCH) / 2,
    run: (training: MethodTraining) =>
      training.distil(2, { kind: "jensenShannon", weight: 0.5 }, (step) => step % 2 === 0),
  },
  // The teacher's states of its own texts are known.
  ammd: {
    steps: 1,
    flops: 3 * student.forward(BATCH) + teacher.forward(BATCH) - teacher.layers(BATCH / 2) + student.writing(BATCH / 2),
    run: (training: MethodTraining) => training.matchRatioMoments(1),
  },
  // The critic's step: both policies, its values forward and backward, the likelihood of its pairs and a look at all of them.
  mmPbkd: {
    steps: 1,
    flops: DISTANCE_FLOPS + student.writing(2 * BATCH) + CRITIC_FLOPS * STATES + student.forward(BATCH) +
      teacher.forward(BATCH) + CRITIC_FLOPS * (3 * STATES + 3 * PAIR_STATES + 2 * PAIR_STATES),
    run: (training: MethodTraining) => training.matchHeldMoments(1),
  },
  writing: {
    steps: 1,
    flops: student.writing(BATCH),
    run: async (training: MethodTraining) => void await training.generate(1, BATCH),
  },
} as const;

export type Gpt2Run = keyof typeof RUNS;

/** A step of a method on 2 texts of 128 tokens, half of each the response: GPT-2 small of GPT-2 medium in 16 bits, random weights. */
export async function gpt2DistilWork(gpu: Gpu, shared: Shared, name: Gpt2Run): Promise<Work> {
  const { steps, flops, run } = RUNS[name];
  const training = await shared.once("GPT-2 distillation", () => openTraining(gpu));
  const tokens = name === "writing" ? { tokens: STATES } : {};
  return { size: { units: steps, flops, ...tokens }, run: () => run(training), [Symbol.dispose]() {} };
}

async function openTraining(gpu: Gpu): Promise<MethodTraining> {
  const random = new RandomStream(1, "GPT-2 distillation");
  const drawn = Array.from({ length: DRAWN_WEIGHTS }, () => random.normal());
  let next = 0;
  const model = (config: DecoderConfig, options?: ModelOptions) =>
    newModel(gpu, config, () => drawn[next++ % DRAWN_WEIGHTS], options);
  const start = model(GPT2_SMALL);
  const token = () => random.integer(GPT2_SMALL.vocabSize);
  return await MethodTraining.open(gpu, {
    start,
    student: newModel(gpu, GPT2_SMALL),
    teacher: model(GPT2_MEDIUM, { form: "f16" }),
    texts: Array.from({ length: TEXTS }, () => ({
      prompt: Array.from({ length: PROMPT_TOKENS }, token),
      response: Array.from({ length: RESPONSE_TOKENS }, token),
    })),
    batch: BATCH,
    writing: { maxNewTokens: RESPONSE_TOKENS, eosId: NO_TOKEN, padId: 0 },
  });
}

/** FLOPs of a model: 2 for every weight of a product, 4 T C a layer for a token's attention, whose masked half is counted. */
function flopsOf({ hiddenSize, feedForwardSize, numLayers, vocabSize }: DecoderConfig) {
  const weights = numLayers * (4 * hiddenSize ** 2 + 2 * hiddenSize * feedForwardSize);
  /** Of a state's logits. */
  const head = 2 * vocabSize * hiddenSize;
  const tokens = PROMPT_TOKENS + RESPONSE_TOKENS;
  const layers = (texts: number) => texts * tokens * (2 * weights + 4 * numLayers * tokens * hiddenSize);
  const attended = PROMPT_TOKENS + RESPONSE_TOKENS / 2;
  return {
    head,
    /** Of so many texts, up to the last hidden states. */
    layers,
    /** The same with the logits of the responses. */
    forward: (texts: number) => layers(texts) + texts * RESPONSE_TOKENS * head,
    /** Of so many texts that are written after their prompts, whose reading is not counted. */
    writing: (texts: number) => texts * RESPONSE_TOKENS * (2 * weights + head + 4 * numLayers * attended * hiddenSize),
  };
}
