import type { ProductSize } from "./products.ts";
import type { Sample, SamplingPlan } from "./sampling.ts";
import type { TinyRun } from "./tiny_works.ts";
import type { OpenWork, WorkSize } from "./work.ts";

/** What was measured of one row: the median of its samples. */
export interface Timing extends Sample {
  readonly samples: number;
  readonly size: WorkSize;
}

/** Figures that compare a row with others of its group. */
export interface Relations {
  /** Of a training step: the fraction of its time in which the student writes texts. */
  readonly decodingShare?: number;
  /** Of a training step: its time over that of GKD's step in this run. */
  readonly timesGkd?: number;
  /** Of an encoder-decoder's training step: its time by FLOP over that of a decoder-only step. */
  readonly timesDecoder?: number;
}

/** One thing to measure. The modules that do are loaded when it is opened: another checkout may lack what some of them use. */
export interface BenchmarkRow {
  readonly summary: string;
  readonly open: OpenWork;
  /** Rows of the group that it is compared with, and that are measured with it. */
  readonly needs?: readonly string[];
  readonly relate?: (timing: Timing, others: ReadonlyMap<string, Timing>) => Relations;
}

/** Rows that are measured by turns, so that all of them meet the same state of the machine. */
export interface Group {
  readonly rows: Readonly<Record<string, BenchmarkRow>>;
  readonly plan: SamplingPlan;
  /** Whether its rows are the products that `BEST_PRODUCT` is the best of. */
  readonly areProducts?: boolean;
}

/** The row that is the best of the products of a run: ratios are taken to its rate. */
export const BEST_PRODUCT = "matmul";
/** The row whose rate the rates in bytes are compared with. */
export const COPY = "copy";

const SHORT: SamplingPlan = { sampleMs: 200, budgetMs: 600, minSamples: 3 };
const MEDIUM: SamplingPlan = { sampleMs: 300, budgetMs: 1500, minSamples: 3 };
const STEPS: SamplingPlan = { sampleMs: 1000, budgetMs: 3000, minSamples: 3 };

/** A group of one row. */
function alone(name: string, summary: string, open: OpenWork): Group {
  return { rows: { [name]: { summary, open } }, plan: SHORT };
}

function products(sizes: Readonly<Record<string, ProductSize>>): Group {
  const rows = Object.entries(sizes).map(([name, size]): [string, BenchmarkRow] => {
    const { m, k, n, layout = "NN" } = size;
    const open: OpenWork = async (gpu) => (await import("./products.ts")).productWork(gpu, size);
    return [name, { summary: `product of ${m} x ${k} and ${k} x ${n}, layout ${layout}`, open }];
  });
  return { rows: Object.fromEntries(rows), plan: SHORT, areProducts: true };
}

function rowKernels(
  { gelu, norm, logits, adamW }: {
    readonly gelu: number;
    readonly norm: readonly [number, number];
    readonly logits: readonly [number, number];
    readonly adamW: number;
  },
): Group[] {
  const ops = () => import("./op_works.ts");
  const [rows, size] = norm;
  const [texts, vocabSize] = logits;
  const numbers = (count: number) => count.toLocaleString("en");
  return [
    alone(
      "gelu",
      `GELU (tanh) of ${numbers(gelu)} numbers`,
      async (gpu) => (await ops()).geluWork(gpu, "forward", gelu),
    ),
    alone("gelu.dX", "its gradient", async (gpu) => (await ops()).geluWork(gpu, "backward", gelu)),
    alone(
      "layer_norm",
      `layer norm of ${rows} x ${size}`,
      async (gpu) => (await ops()).layerNormWork(gpu, "forward", rows, size),
    ),
    alone("layer_norm.dX", "its gradient", async (gpu) => (await ops()).layerNormWork(gpu, "backward", rows, size)),
    alone(
      "cross_entropy",
      `cross-entropy of ${texts} x ${vocabSize} logits`,
      async (gpu) => (await ops()).crossEntropyWork(gpu, "forward", texts, vocabSize),
    ),
    alone(
      "cross_entropy.dLogits",
      "its gradient",
      async (gpu) => (await ops()).crossEntropyWork(gpu, "backward", texts, vocabSize),
    ),
    alone("adamw", `AdamW of ${numbers(adamW)} parameters`, async (gpu) => (await ops()).adamWWork(gpu, adamW)),
  ];
}

function launches(copied: number): Group[] {
  const works = () => import("./launch.ts");
  return [
    alone(
      COPY,
      `copy of ${copied / 2 ** 18} MiB from buffer to buffer`,
      async (gpu) => (await works()).copyWork(gpu, copied),
    ),
    alone("fill", "a dispatch of next to no work among many in one pass", async (gpu) => (await works()).fillWork(gpu)),
    alone("await", "a submit of next to no work and waiting for it", async (gpu) => (await works()).awaitWork(gpu)),
  ];
}

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
  tinySteps,
];

/** Hidden sizes of GPT-2 small, medium, large and XL (Radford et al. 2019). */
const GPT2_HIDDEN = [768, 1024, 1280, 1600];
const GPT2_VOCAB = 50_257;

/** What GPT-2 computes of `tokens` tokens at a time. */
function gpt2Shapes(tokens: number, square: number): Group[] {
  const layer = (hidden: number): [string, ProductSize][] => [
    [`matmul/ffn${hidden}.NN`, { m: tokens, k: hidden, n: 4 * hidden }],
    [`matmul/ffn${hidden}.NT`, { m: tokens, k: 4 * hidden, n: hidden, layout: "NT" }],
    [`matmul/ffn${hidden}.TN`, { m: hidden, k: tokens, n: 4 * hidden, layout: "TN" }],
  ];
  const sizes = Object.fromEntries<ProductSize>([
    [`matmul/${square}`, { m: square, k: square, n: square }],
    ...GPT2_HIDDEN.map((hidden): [string, ProductSize] => [
      `matmul/${hidden}`,
      { m: tokens, k: hidden, n: hidden },
    ]),
    ...GPT2_HIDDEN.flatMap(layer),
  ]);
  const heads = { batch: 1, tokens, heads: 12, headSize: 64 };
  const ops = () => import("./op_works.ts");
  return [
    ...launches(16 * tokens * 1024),
    products(sizes),
    alone(
      "matmul/logits",
      `logits of GPT-2 small, ${tokens} x 768 and ${GPT2_VOCAB} x 768`,
      async (gpu) =>
        (await import("./products.ts")).productWork(gpu, { m: tokens, k: 768, n: GPT2_VOCAB, layout: "NT" }),
    ),
    alone(
      "attention",
      `causal attention of ${tokens} tokens, 12 heads of 64`,
      async (gpu) => (await ops()).attentionWork(gpu, "forward", heads),
    ),
    alone("attention.dQkv", "its gradient", async (gpu) => (await ops()).attentionWork(gpu, "backward", heads)),
    ...rowKernels({
      gelu: tokens * 3072,
      norm: [tokens, 768],
      logits: [tokens, GPT2_VOCAB],
      adamW: 7_077_888, // the matrices of a layer of GPT-2 small
    }),
  ];
}

/** Every group of each choice of shapes, in the order in which they are measured. */
export const SHAPES: Readonly<Record<"reference" | "gpt2" | "gpt2_quick", readonly Group[]>> = {
  reference: REFERENCE,
  gpt2: gpt2Shapes(1024, 2048),
  gpt2_quick: gpt2Shapes(64, 256),
};
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
