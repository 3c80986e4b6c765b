import type { ProductSize } from "./products.ts";
import type { Sample, SamplingPlan } from "./sampling.ts";
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

export const SHORT: SamplingPlan = { sampleMs: 200, budgetMs: 600, minSamples: 3 };
export const MEDIUM: SamplingPlan = { sampleMs: 300, budgetMs: 1500, minSamples: 3 };
export const STEPS: SamplingPlan = { sampleMs: 1000, budgetMs: 3000, minSamples: 3 };

/** A group of one row. */
export function alone(name: string, summary: string, open: OpenWork): Group {
  return { rows: { [name]: { summary, open } }, plan: SHORT };
}

export function products(sizes: Readonly<Record<string, ProductSize>>): Group {
  const rows = Object.entries(sizes).map(([name, size]): [string, BenchmarkRow] => {
    const { m, k, n, layout = "NN" } = size;
    const open: OpenWork = async (gpu) => (await import("./products.ts")).productWork(gpu, size);
    return [name, { summary: `product of ${m} x ${k} and ${k} x ${n}, layout ${layout}`, open }];
  });
  return { rows: Object.fromEntries(rows), plan: SHORT, areProducts: true };
}

export function rowKernels(
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

export function launches(copied: number): Group[] {
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
