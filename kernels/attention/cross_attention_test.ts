import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { checkOp } from "../check_op.ts";
import { gpuForms } from "../runtime/tuning.ts";
import { gpuTest, testGpu } from "../test_gpu.ts";
import { crossAttention } from "./cross_attention.ts";

const cases = [
  {
    label: "one token to one",
    inputs: { queries: [1, 1, 4], keyValues: [1, 1, 8], spans: [1, 2] },
    attrs: { numHeads: 1, headSize: 4 },
    fill: { spans: (i: number) => i },
  },
  {
    label: "a long source, padded left and right",
    inputs: { queries: [3, 7, 24], keyValues: [3, 37, 48], spans: [3, 2] },
    attrs: { numHeads: 3, headSize: 8 },
    fill: { spans: (i: number) => [0, 37, 5, 37, 0, 23][i] },
  },
  {
    label: "a short source, wide heads",
    inputs: { queries: [2, 13, 72], keyValues: [2, 3, 144], spans: [2, 2] },
    attrs: { numHeads: 2, headSize: 36 },
    fill: { spans: (i: number) => [0, 3, 1, 2][i] },
  },
  {
    label: "more tokens than a workgroup owns, on either side",
    inputs: { queries: [1, 150, 4], keyValues: [1, 139, 8], spans: [1, 2] },
    attrs: { numHeads: 1, headSize: 4 },
    fill: { spans: (i: number) => 139 * i },
  },
];
checkOp(crossAttention, cases, [{}, gpuForms()]);

const gpu = await testGpu();
const attrs = { numHeads: 3, headSize: 8 };
const [target, source] = [4, 9];
const values = (count: number, of: (i: number) => number) => Float32Array.from({ length: count }, (_, i) => of(i));
const queries = gpu.upload(values(target * 24, Math.sin), [1, target, 24]);
const spansOf = (first: number, end: number) => gpu.upload(Uint32Array.of(first, end), [1, 2]);

gpuTest("crossAttention: the order of the source's tokens does not matter", async () => {
  const rows = Array.from({ length: source }, (_, s) => values(48, (i) => Math.sin(48 * s + i * i)));
  const of = (order: readonly Float32Array[]) => {
    const keyValues = gpu.upload(Float32Array.from(order.flatMap((row) => [...row])), [1, source, 48]);
    return crossAttention.forward(gpu, { queries, keyValues, spans: spansOf(0, source) }, attrs).out;
  };
  const [forwards, backwards] = await gpu.readAll([of(rows), of(rows.toReversed())]);
  forwards.forEach((value, i) => assertAlmostEquals(backwards[i], value, 2e-6));
});

gpuTest(
  "crossAttention: padding of the source is not seen and gets no gradient; a source of nothing gives zeros",
  async () => {
    const keyValues = gpu.upload(values(source * 48, (i) => Math.cos(i)), [1, source, 48]);
    const inputs = { queries, keyValues, spans: spansOf(2, 6) };
    const { out, saved } = crossAttention.forward(gpu, inputs, attrs);
    const dOut = gpu.upload(values(target * 24, Math.cos), [1, target, 24]);
    const wanted = new Set(["queries", "keyValues"] as const);
    const gradient = await gpu.read(
      crossAttention.backward(gpu, dOut, { inputs, out, saved, attrs, wanted }).keyValues!,
    );
    for (let s = 0; s < source; s++) {
      const row = Array.from(gradient.subarray(48 * s, 48 * (s + 1)));
      if (s < 2 || s >= 6) assertEquals(row, Array(48).fill(0));
      else assert(row.some((value) => value !== 0));
    }
    const nothing = crossAttention.forward(gpu, { queries, keyValues, spans: spansOf(3, 3) }, attrs).out;
    assertEquals([...await gpu.read(nothing)], Array(target * 24).fill(0));
  },
);

gpuTest("crossAttention: sizes that do not fit the heads are refused", () => {
  const inputs = { queries, keyValues: gpu.allocate([1, 3, 40]), spans: spansOf(0, 3) };
  assertThrows(
    () => crossAttention.forward(gpu, inputs, attrs),
    RangeError,
    "C is 24 and K is 40 for 3 heads of size 8",
  );
});
