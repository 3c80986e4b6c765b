import { matmul } from "#kernels/matmul/matmul.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { KernelTime } from "#kernels/runtime/profile.ts";
import { generate, GREEDY } from "#lib/generation/generate.ts";
import type { Decoder } from "#lib/models/decoder.ts";
import { ONE_TEXT } from "#lib/models/language_model.ts";
import { fineTuning } from "#lib/objectives/supervised.ts";
import { packTrajectories, releaseBatch, type TrajectoryBatch } from "#lib/objectives/trajectory_batch.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { AdamW } from "#lib/training/adam_w.ts";
import { updateStep } from "#lib/training/update_step.ts";
import { decodeFlops, REFERENCE_BATCH, REFERENCE_TOKENS, referenceGpt, trainStepFlops } from "./reference_gpt.ts";
import { medianMs } from "./timing.ts";
import { timeTrainingSteps, TRAINING_STEPS } from "./training_steps.ts";

export interface BenchRow {
  readonly name: string;
  readonly ms: number;
  readonly gflops?: number;
  /** Time over the time that the same FLOPs take at the best matmul rate of this run. */
  readonly ratio?: number;
  readonly tokensPerSecond?: number;
  /** How often the GPU was awaited, per step. */
  readonly awaits?: number;
  /** Of a training step: the fraction of its time in which the student writes texts. */
  readonly decodingShare?: number;
  /** Of a training step: its time over that of GKD's step in this run. */
  readonly timesGkd?: number;
}

export const BENCHMARKS = [
  "matmul",
  "train_step/reference_gpt",
  "decode/batch1",
  "decode/batch32",
  ...TRAINING_STEPS,
] as const;
export type BenchmarkName = typeof BENCHMARKS[number];

const NO_TOKEN = 0xffffffff;
const MATMUL_SIZES = [[512, 512, 512], [1024, 128, 2048], [1024, 512, 128], [1024, 128, 512]] as const;
const TRAIN_STEPS = 7;
const DECODED_TOKENS = 64;
const PROMPT_TOKENS = 16;

/** The rate of products: the best of several sizes and layouts, which every ratio of the run is taken to. */
export async function benchMatmul(gpu: Gpu): Promise<BenchRow & { gflops: number }> {
  let best = { name: "matmul", ms: Infinity, gflops: 0 };
  for (const [m, k, n] of MATMUL_SIZES) {
    const [a, b] = [
      gpu.upload(new Float32Array(m * k).fill(0.5), [m, k]),
      gpu.upload(new Float32Array(k * n).fill(0.5), [k, n]),
    ];
    const repeats = Math.max(1, Math.round(5e8 / (m * k * n)));
    const total = await medianMs(gpu, 7, () => {
      for (let i = 0; i < repeats; i++) gpu.release(matmul(gpu, a, b));
    });
    const ms = total / repeats;
    const gflops = 2 * m * k * n / ms / 1e6;
    if (gflops > best.gflops) best = { name: `matmul`, ms, gflops };
    gpu.release(a);
    gpu.release(b);
  }
  return best;
}

/** Runs benchmarks in their order, but for `matmul`, whose rate is given; training steps run by turns and come together. */
export async function* runBenchmarks(
  gpu: Gpu,
  names: readonly BenchmarkName[],
  matmulGflops: number,
): AsyncGenerator<BenchRow> {
  if (names.includes("train_step/reference_gpt")) yield await benchTrainStep(gpu, matmulGflops);
  if (names.includes("decode/batch1")) yield await benchDecode(gpu, 1, matmulGflops);
  if (names.includes("decode/batch32")) yield await benchDecode(gpu, 32, matmulGflops);
  yield* await timeTrainingSteps(gpu, TRAINING_STEPS.filter((name) => names.includes(name)));
}

/** Forward, backward and AdamW on 8 × 128 tokens, steps submitted back to back. */
async function benchTrainStep(gpu: Gpu, matmulGflops: number): Promise<BenchRow> {
  using training = new ReferenceTraining(gpu);
  let awaits = 0;
  const total = await medianMs(gpu, 5, async () => {
    const before = gpu.awaits;
    for (let step = 0; step < TRAIN_STEPS; step++) await training.step();
    awaits = (gpu.awaits - before) / TRAIN_STEPS;
  });
  return withRatio("train_step/reference_gpt", total / TRAIN_STEPS, trainStepFlops(training.model), matmulGflops, {
    awaits,
  });
}

/** Time on the GPU of every kernel in one such step, longest first; needs a device opened to profile. */
export async function profileTrainStep(gpu: Gpu): Promise<KernelTime[]> {
  using training = new ReferenceTraining(gpu);
  await training.step();
  await gpu.kernelTimes();
  for (let step = 0; step < TRAIN_STEPS; step++) await training.step();
  return (await gpu.kernelTimes()).map(({ kernel, elapsedMs, dispatches }) => ({
    kernel,
    elapsedMs: elapsedMs / TRAIN_STEPS,
    dispatches: dispatches / TRAIN_STEPS,
  }));
}

/** The reference GPT on one batch of random tokens. */
class ReferenceTraining implements Disposable {
  readonly model: Decoder;
  readonly #gpu: Gpu;
  readonly #optimizer: AdamW;
  readonly #batch: TrajectoryBatch;

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
    this.model = referenceGpt(gpu);
    this.#optimizer = new AdamW(gpu, this.model.store, { betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 });
    const random = new RandomStream(1, "reference batch");
    const { vocabSize } = this.model.config;
    const text = () => Array.from({ length: REFERENCE_TOKENS + 1 }, () => random.integer(vocabSize));
    const texts = Array.from({ length: REFERENCE_BATCH }, text);
    this.#batch = packTrajectories(
      gpu,
      texts.map((ids) => ({ prompt: ids.slice(0, 1), response: ids.slice(1) })),
      ONE_TEXT,
    );
  }

  async step(): Promise<void> {
    const update = { optimizer: this.#optimizer, learningRate: 1e-3 };
    const measures = await updateStep(
      this.#gpu,
      [update],
      (tape) => fineTuning(tape, { student: this.model }, this.#batch),
    );
    for (const tensor of Object.values(measures)) this.#gpu.release(tensor);
  }

  [Symbol.dispose](): void {
    releaseBatch(this.#gpu, this.#batch);
    this.#optimizer[Symbol.dispose]();
    this.model[Symbol.dispose]();
  }
}

/** Greedy decoding with the key-value cache, its prompt of 16 tokens included in the time. */
async function benchDecode(gpu: Gpu, batchSize: number, matmulGflops: number): Promise<BenchRow> {
  using model = referenceGpt(gpu);
  const random = new RandomStream(1, "prompts");
  const prompts = Array.from({ length: batchSize }, (_, key) => ({
    promptIds: Array.from({ length: PROMPT_TOKENS }, () => random.integer(2048)),
    key,
  }));
  const settings = { ...GREEDY, maxNewTokens: DECODED_TOKENS, eosId: NO_TOKEN, padId: 0, seed: 1, purpose: "bench" };
  const ms = await medianMs(gpu, 5, async () => void await generate(gpu, model, prompts, settings));
  const tokens = batchSize * DECODED_TOKENS;
  const flops = decodeFlops(model, PROMPT_TOKENS + DECODED_TOKENS / 2) * tokens;
  return withRatio(`decode/batch${batchSize}`, ms, flops, matmulGflops, { tokensPerSecond: tokens / ms * 1000 });
}

function withRatio(name: string, ms: number, flops: number, matmulGflops: number, more: Partial<BenchRow>): BenchRow {
  const gflops = flops / ms / 1e6;
  return { name, ms, gflops, ratio: matmulGflops / gflops, ...more };
}
