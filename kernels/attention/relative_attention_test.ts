import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { checkOp } from "../check_op.ts";
import { gpuForms } from "../runtime/tuning.ts";
import { gpuTest, testGpu } from "../test_gpu.ts";
import { attention } from "./attention.ts";
import { relativeAttention } from "./relative_attention.ts";

const three = { numHeads: 3, headSize: 8 };
/** Offsets in buckets of similar distances, separate for later keys. */
const bucketsOf = (tokens: number, numBuckets: number) => (i: number) => {
  const offset = i - (tokens - 1);
  const half = numBuckets / 2;
  return (offset > 0 ? half : 0) + Math.min(half - 1, Math.floor(Math.abs(offset) / 2));
};
const wide = (i: number) => 1.5 * Math.sin(i * i);

for (const causal of [true, false]) {
  const attrs = { ...three, causal };
  const kind = causal ? "causal" : "both ways";
  const cases = [
    {
      label: `${kind}, one token`,
      inputs: { qkv: [1, 1, 12], spans: [1, 2], bias: [2, 1], buckets: [1] },
      attrs: { numHeads: 1, headSize: 4, causal },
      fill: { spans: (i: number) => i, buckets: () => 1 },
    },
    {
      label: `${kind}, padding left and right`,
      inputs: { qkv: [4, 19, 72], spans: [4, 2], bias: [6, 3], buckets: [37] },
      attrs,
      fill: { qkv: wide, bias: wide, spans: (i: number) => [0, 19, 5, 19, 0, 13, 3, 6][i], buckets: bucketsOf(19, 6) },
    },
    {
      label: `${kind}, wide heads`,
      inputs: { qkv: [2, 9, 216], spans: [2, 2], bias: [8, 2], buckets: [17] },
      attrs: { numHeads: 2, headSize: 36, causal },
      fill: { spans: (i: number) => [1, 8, 0, 9][i], buckets: bucketsOf(9, 8) },
    },
    {
      label: `${kind}, more tokens than a workgroup owns`,
      inputs: { qkv: [1, 150, 12], spans: [1, 2], bias: [32, 1], buckets: [299] },
      attrs: { numHeads: 1, headSize: 4, causal },
      fill: { spans: (i: number) => 150 * i, buckets: bucketsOf(150, 32) },
    },
  ];
  checkOp(relativeAttention, cases, [{}, gpuForms()]);
}

const gpu = await testGpu();
const tokens = 11;
const spans = gpu.upload(Uint32Array.of(0, tokens), [1, 2]);
const buckets = gpu.upload(Uint32Array.from({ length: 2 * tokens - 1 }, (_, i) => bucketsOf(tokens, 8)(i)));
const values = (count: number, of: (i: number) => number) => Float32Array.from({ length: count }, (_, i) => of(i));

function run(qkv: Float32Array<ArrayBuffer>, bias: Float32Array<ArrayBuffer>, causal: boolean) {
  const inputs = { qkv: gpu.upload(qkv, [1, tokens, 72]), spans, bias: gpu.upload(bias, [8, 3]), buckets };
  return { inputs, ...relativeAttention.forward(gpu, inputs, { ...three, causal }) };
}

gpuTest(
  "relativeAttention: a later token changes nothing before it where it is causal, and everything where it is not",
  async () => {
    const qkv = values(tokens * 72, Math.sin);
    const bias = values(24, Math.cos);
    const changed = qkv.slice().fill(9, 7 * 72);
    for (const causal of [true, false]) {
      const [before, after] = await gpu.readAll([run(qkv, bias, causal).out, run(changed, bias, causal).out]);
      const head = (out: ArrayLike<number>) => Array.from(out).slice(0, 7 * 24);
      if (causal) assertEquals(head(after), head(before));
      else for (let t = 0; t < 7; t++) assert(after[t * 24] !== before[t * 24]);
    }
  },
);

gpuTest(
  "relativeAttention: a bias that is the same everywhere changes nothing, so the gradient of each head's sums to 0",
  async () => {
    const qkv = values(tokens * 72, (i) => Math.sin(i * i));
    const { inputs, out, saved } = run(qkv, values(24, Math.cos), false);
    const shifted = run(qkv, values(24, (i) => Math.cos(i) + 2.5), false);
    const [before, after] = await gpu.readAll([out, shifted.out]);
    before.forEach((value, i) => assertAlmostEquals(after[i], value, 2e-6));
    const dOut = gpu.upload(values(tokens * 24, (i) => Math.cos(3 * i)), [1, tokens, 24]);
    const attrs = { ...three, causal: false };
    const wanted = new Set(["bias"] as const);
    const dBias = await gpu.read(relativeAttention.backward(gpu, dOut, { inputs, out, saved, attrs, wanted }).bias!);
    for (let h = 0; h < 3; h++) {
      const ofHead = Array.from({ length: 8 }, (_, bucket) => dBias[bucket * 3 + h]);
      assertAlmostEquals(ofHead.reduce((sum, value) => sum + value), 0, 1e-5);
      assert(ofHead.some((value) => Math.abs(value) > 1e-2));
    }
  },
);

gpuTest(
  "relativeAttention: without a bias it is attention whose queries were multiplied by the root of the head size",
  async () => {
    const qkv = values(tokens * 72, (i) => Math.sin(0.3 * i * i));
    const scaled = qkv.map((value, i) => i % 72 < 24 ? value * Math.sqrt(8) : value);
    const layout = { numHeads: 3, numKvHeads: 3, headSize: 8 };
    const plain = attention.forward(gpu, { qkv: gpu.upload(scaled, [1, tokens, 72]), spans }, layout).out;
    const [ours, theirs] = await gpu.readAll([run(qkv, new Float32Array(24), true).out, plain]);
    ours.forEach((value, i) => assertAlmostEquals(value, theirs[i], 2e-6));
  },
);

gpuTest("relativeAttention: too few buckets, or a bias of other heads, are refused", () => {
  const inputs = { qkv: gpu.allocate([1, 5, 72]), spans, bias: gpu.allocate([8, 3]), buckets };
  const attrs = { ...three, causal: true };
  assertThrows(() => relativeAttention.forward(gpu, inputs, attrs), RangeError, "there must be 9 buckets");
});
