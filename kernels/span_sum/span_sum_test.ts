import { assertEquals, assertThrows } from "@std/assert";
import { checkOp } from "../check_op.ts";
import { gpuTest } from "../test_gpu.ts";
import { spanSum, type SpanSumAttrs } from "./span_sum.ts";

/** First row and row after the last of `count` texts of 1 to 23 tokens, one of them empty, with a row between any two. */
function spansOf(count: number): number[] {
  let start = 2;
  return Array.from({ length: count }, (_, b) => {
    const first = start;
    const end = first + (b === 3 ? 0 : 1 + (b * 17) % 23);
    start = end + 1;
    return [first, end];
  }).flat();
}

const [FEW, MANY] = [spansOf(5), spansOf(71)];
const attrs: Readonly<Record<string, SpanSumAttrs>> = {
  sums: { gamma: 1, of: "all" },
  "discounted sums": { gamma: 0.9, of: "all" },
  means: { gamma: 1, of: "mean" },
  "last tokens": { gamma: 0.9, of: "last" },
};

for (const [label, each] of Object.entries(attrs)) {
  checkOp(spanSum, [
    {
      label: `${label}, one token`,
      inputs: { x: [1], spans: [1, 2] },
      attrs: each,
      fill: { spans: (i) => i },
    },
    {
      label: `${label}, rows outside the texts`,
      inputs: { x: [FEW.at(-1)! + 2], spans: [5, 2] },
      attrs: each,
      fill: { spans: (i) => FEW[i] },
    },
    {
      label: `${label}, more texts than a workgroup holds`,
      inputs: { x: [MANY.at(-1)!], spans: [71, 2] },
      attrs: each,
      fill: { spans: (i) => MANY[i] },
    },
  ]);
}

gpuTest("spanSum: rows outside every text get the gradient 0, whatever their buffer held", async (gpu) => {
  const x = gpu.upload(Float32Array.of(9, 1, 2, 9, 3, 9));
  const spans = gpu.upload(Uint32Array.of(1, 3, 4, 5), [2, 2]);
  gpu.release(gpu.upload(new Float32Array(6).fill(7)));
  const inputs = { x, spans };
  const of = { gamma: 0.5, of: "all" } as const;
  const { out, saved } = spanSum.forward(gpu, inputs, of);
  const dOut = gpu.upload(Float32Array.of(10, 20));
  const context = { inputs, out, saved, attrs: of, wanted: new Set(["x"] as const) };
  const [sums, gradient] = await gpu.readAll([out, spanSum.backward(gpu, dOut, context).x!]);
  assertEquals([...sums], [2, 3]);
  assertEquals([...gradient], [0, 10, 5, 0, 20, 0]);
});

gpuTest("spanSum: what lies in other texts does not reach a sum, be it infinite", async (gpu) => {
  const inputs = {
    x: gpu.upload(Float32Array.of(1, 2, Infinity, 4)),
    spans: gpu.upload(Uint32Array.of(0, 2, 2, 3, 3, 4), [3, 2]),
  };
  assertEquals([...await gpu.read(spanSum.forward(gpu, inputs, { gamma: 1, of: "all" }).out)], [3, Infinity, 4]);
});

gpuTest(
  "spanSum reaches the last token of a text of 65,534, and refuses one more where loops end before it",
  async (gpu) => {
    const sumOf = (rows: number) => {
      const x = gpu.upload(new Float32Array(rows).fill(1));
      const spans = gpu.upload(Uint32Array.of(0, rows), [1, 2]);
      return gpu.read(spanSum.forward(gpu, { x, spans }, { gamma: 1, of: "all" }).out);
    };
    assertEquals([...await sumOf(65_534)], [65_534]);
    if (gpu.tuning.maxLoopRounds === Infinity) assertEquals([...await sumOf(65_535)], [65_535]);
    else assertThrows(() => sumOf(65_535), RangeError, "Cannot run spanSum with 65535 rows");
  },
);
