import { GPT2_DISTIL, GPT2_SMALL, gpt2Shapes } from "./gpt2_groups.ts";
import {
  type BenchmarkRow,
  BEST_PRODUCT,
  type Group,
  launches,
  MEDIUM,
  products,
  rowKernels,
  SHORT,
  STEPS,
  type Timing,
} from "./groups.ts";
import type { TinyRun } from "./tiny_works.ts";
import type { OpenWork } from "./work.ts";

const timePerFlop = ({ ms, size }: Timing) => ms / size.flops!;

const trainingSteps: Group = {
  plan: STEPS,
  rows: {
    "train_step/reference_gpt": {
      summary: "training step of a GPT of 1.07 M parameters on 8 x 128 tokens",
      open: async (gpu) => (await import("./model_works.ts")).gptStepWork(gpu),
    },
    "train_step/reference_t5": {
      summary: "training step of a T5 of 1.4 M parameters on 8 x (128 + 128) tokens",
      needs: ["train_step/reference_gpt"],
      open: async (gpu) => (await import("./model_works.ts")).t5StepWork(gpu),
      relate: (timing, others) => ({
        timesDecoder: timePerFlop(timing) / timePerFlop(others.get("train_step/reference_gpt")!),
      }),
    },
  },
};

function decoding(batchSize: number): Group {
  const row: BenchmarkRow = {
    summary: `greedy decoding of 64 tokens with the GPT, ${batchSize} ${batchSize === 1 ? "text" : "texts"} at once`,
    open: async (gpu) => (await import("./model_works.ts")).decodeWork(gpu, batchSize),
  };
  return { plan: MEDIUM, rows: { [`decode/batch${batchSize}`]: row } };
}

function tinyStep(summary: string, run: TinyRun, writing: string, stepsAWriting: number): BenchmarkRow {
  return {
    summary,
    needs: [writing, "gkd_step/tiny"],
    open: (gpu, shared) => tiny(gpu, shared, run),
    relate: (timing, others) => ({
      decodingShare: others.get(writing)!.ms / stepsAWriting / timing.ms,
      ...(run === "gkdStep" ? {} : { timesGkd: timing.ms / others.get("gkd_step/tiny")!.ms }),
    }),
  };
}

const tiny = async (gpu: Parameters<OpenWork>[0], shared: Parameters<OpenWork>[1], run: TinyRun) =>
  await (await import("./tiny_works.ts")).tinyWork(gpu, shared, run);

const tinySteps: Group = {
  plan: SHORT,
  rows: {
    "onpolicy_step/tiny": tinyStep("step of on-policy reverse KL, profile tiny", "onPolicyStep", "write/tiny16", 1),
    "gkd_step/tiny": tinyStep(
      "step of GKD, the mean of one on the data and one on the student's texts",
      "gkdStep",
      "write/tiny16",
      2,
    ),
    "ammd_step/tiny": tinyStep(
      "step of AMMD on as many texts, half of them the student's",
      "ammdStep",
      "write/tiny8",
      1,
    ),
    "ammd_learned_step/tiny": tinyStep(
      "the same and a step of critics that learn, on as many texts again",
      "ammdLearnedStep",
      "write/tiny16",
      1,
    ),
    "write/tiny8": {
      summary: "half a batch of the student's texts",
      open: (gpu, shared) => tiny(gpu, shared, "writingHalf"),
    },
    "write/tiny16": {
      summary: "a batch of the student's texts",
      open: (gpu, shared) => tiny(gpu, shared, "writing"),
    },
  },
};

/** The models that this project trains on a CPU driver, and the sizes that their kernels meet. */
const REFERENCE: readonly Group[] = [
  ...launches(2 ** 20),
  products({
    "matmul/512x512x512": { m: 512, k: 512, n: 512 },
    "matmul/1024x128x2048": { m: 1024, k: 128, n: 2048 },
    "matmul/1024x512x128": { m: 1024, k: 512, n: 128 },
    "matmul/1024x128x512": { m: 1024, k: 128, n: 512 },
  }),
  ...rowKernels({ gelu: 524_288, norm: [1024, 128], logits: [1024, 2048], adamW: 1_071_872 }),
  trainingSteps,
  decoding(1),
  decoding(32),
  {
    plan: MEDIUM,
    rows: {
      "generate/stories260K": {
        summary: "greedy continuation by 100 tokens with a trained model of 260,000 parameters, text to text",
        open: async (gpu) => (await import("./stories.ts")).storiesWork(gpu),
      },
    },
  },
  tinySteps,
];

/** Every group of each choice of shapes, in the order in which they are measured. */
export const SHAPES = {
  reference: REFERENCE,
  gpt2: gpt2Shapes(1024, 2048),
  gpt2_quick: gpt2Shapes(64, 256),
  gpt2_small: GPT2_SMALL,
  gpt2_distil: GPT2_DISTIL,
} as const satisfies Readonly<Record<string, readonly Group[]>>;
export type ShapesName = keyof typeof SHAPES;

/** Names of all rows of some shapes, that of the best product before those of the products. */
export function rowNames(shapes: ShapesName): string[] {
  return SHAPES[shapes].flatMap(({ rows, areProducts }) => [
    ...(areProducts ? [BEST_PRODUCT] : []),
    ...Object.keys(rows),
  ]);
}

/** The group that has a row of this name. */
export function groupOf(shapes: ShapesName, name: string): Group {
  const group = SHAPES[shapes].find(({ rows }) => Object.hasOwn(rows, name));
  if (group === undefined) throw new RangeError(`Cannot find benchmark ${name} among the shapes ${shapes}`);
  return group;
}
