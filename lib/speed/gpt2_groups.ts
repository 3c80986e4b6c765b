import type { Gpt2Run } from "./gpt2_distil.ts";
import { alone, type BenchmarkRow, type Group, launches, products, rowKernels, STEPS } from "./groups.ts";
import type { ProductSize } from "./products.ts";

/** Hidden sizes of GPT-2 small, medium, large and XL (Radford et al. 2019). */
const GPT2_HIDDEN = [768, 1024, 1280, 1600];
const GPT2_VOCAB = 50_257;

/** What GPT-2 computes of `tokens` tokens at a time. */
export function gpt2Shapes(tokens: number, square: number): Group[] {
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

const gpt2Works = () => import("./gpt2_small.ts");

/** A copy, and products of the sizes of GPT-2 small on 128 tokens. */
const GPT2_RATES: readonly Group[] = [
  ...launches(2 ** 20),
  products({
    "matmul/512x512x512": { m: 512, k: 512, n: 512 },
    "matmul/128x768x3072": { m: 128, k: 768, n: 3072 },
    "matmul/128x3072x768": { m: 128, k: 3072, n: 768 },
  }),
];

/** GPT-2 small as a whole: minutes on a CPU driver. */
export const GPT2_SMALL: readonly Group[] = [
  ...GPT2_RATES,
  {
    plan: STEPS,
    rows: {
      "forward/gpt2_small": {
        summary: "logits of 128 tokens by GPT-2 small (124 M parameters, random)",
        open: async (gpu, shared) => (await gpt2Works()).gpt2ForwardWork(gpu, shared),
      },
      "decode/gpt2_small/batch1": {
        summary: "greedy decoding of 16 tokens after 16 with the same, one text",
        open: async (gpu, shared) => (await gpt2Works()).gpt2DecodeWork(gpu, shared, 1),
      },
      "decode/gpt2_small/batch8": {
        summary: "the same, eight texts at once",
        open: async (gpu, shared) => (await gpt2Works()).gpt2DecodeWork(gpu, shared, 8),
      },
    },
  },
];

function distilRow(run: Gpt2Run, summary: string): BenchmarkRow {
  return {
    summary,
    open: async (gpu, shared) => await (await import("./gpt2_distil.ts")).gpt2DistilWork(gpu, shared, run),
  };
}

/** GPT-2 small learning of GPT-2 medium on 2 x 128 tokens: a quarter of an hour on a CPU driver. */
export const GPT2_DISTIL: readonly Group[] = [
  ...GPT2_RATES,
  {
    plan: STEPS,
    rows: {
      "kd_step/gpt2": distilRow("kd", "step of KD: GPT-2 small of GPT-2 medium in f16, 2 texts of 64 + 64 tokens"),
      "gkd_step/gpt2": distilRow("gkd", "the same of GKD, the mean of one on the data and one on the student's texts"),
      "ammd_step/gpt2": distilRow("ammd", "the same of AMMD, one text the student's"),
      "mm_pbkd_step/gpt2": distilRow("mmPbkd", "the same of MM PbKD and a step of its critic, held by two pairs"),
      "write/gpt2": distilRow("writing", "64 tokens each of 2 of the student's texts"),
    },
  },
];
