import { matmul } from "#kernels/matmul/matmul.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { KernelTime } from "#kernels/runtime/profile.ts";
import { generate, GREEDY } from "#lib/generation/generate.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { decodeFlops, referenceGpt, trainStepFlops } from "./reference_gpt.ts";
import { referenceT5, t5TrainStepFlops } from "./reference_t5.ts";
import { ReferenceTraining } from "./reference_training.ts";
import { medianMs, mediansByTurns } from "./timing.ts";
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
  /** Of an encoder-decoder's training step: its time by FLOP over that of a decoder-only step, measured by turns. */
  readonly timesDecoder?: number;
}

export const BENCHMARKS = [
  "matmul",
  "train_step/reference_gpt",
  "train_step/reference_t5",
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
  if (names.includes("train_step/reference_t5")) yield await benchT5Step(gpu, matmulGflops);
  if (names.includes("decode/batch1")) yield await benchDecode(gpu, 1, matmulGflops);
  if (names.includes("decode/batch32")) yield await benchDecode(gpu, 32, matmulGflops);
  yield* await timeTrainingSteps(gpu, TRAINING_STEPS.filter((name) => names.includes(name)));
}

/** Forward, backward and AdamW on 8 × 128 tokens, steps submitted back to back. */
async function benchTrainStep(gpu: Gpu, matmulGflops: number): Promise<BenchRow> {
  using training = new ReferenceTraining(gpu, referenceGpt(gpu));
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

/** The same of an encoder-decoder on 8 × (128 + 128) tokens; and, by turns with it, the decoder-only step that it is compared with. */
async function benchT5Step(gpu: Gpu, matmulGflops: number): Promise<BenchRow> {
  using encoderDecoder = new ReferenceTraining(gpu, referenceT5(gpu));
  using decoder = new ReferenceTraining(gpu, referenceGpt(gpu));
  const steps = (training: { step(): Promise<void> }) => async () => {
    for (let step = 0; step < TRAIN_STEPS; step++) await training.step();
  };
  const [total, decoderTotal] = await mediansByTurns(gpu, 5, [steps(encoderDecoder), steps(decoder)]);
  const flops = t5TrainStepFlops(encoderDecoder.model);
  const timesDecoder = total / flops / (decoderTotal / trainStepFlops(decoder.model));
  return withRatio("train_step/reference_t5", total / TRAIN_STEPS, flops, matmulGflops, { timesDecoder });
}

/** Time on the GPU of every kernel in one training step of the reference GPT, longest first; needs a device opened to profile. */
export async function profileTrainStep(gpu: Gpu): Promise<KernelTime[]> {
  using training = new ReferenceTraining(gpu, referenceGpt(gpu));
  await training.step();
  await gpu.kernelTimes();
  for (let step = 0; step < TRAIN_STEPS; step++) await training.step();
  return (await gpu.kernelTimes()).map(({ kernel, elapsedMs, dispatches }) => ({
    kernel,
    elapsedMs: elapsedMs / TRAIN_STEPS,
    dispatches: dispatches / TRAIN_STEPS,
  }));
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
