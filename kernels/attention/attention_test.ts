import { assert, assertEquals, assertThrows } from "@std/assert";
import { checkOp } from "../check_op.ts";
import { reshape } from "../runtime/tensor.ts";
import { gpuForms } from "../runtime/tuning.ts";
import { gpuTest } from "../test_gpu.ts";
import { attention } from "./attention.ts";
import { allocateCache, attendCache, writeCache } from "./key_value_cache.ts";

const oneHead = { numHeads: 1, numKvHeads: 1, headSize: 4 };
const grouped = { numHeads: 6, numKvHeads: 2, headSize: 8 };
const wide = { numHeads: 2, numKvHeads: 2, headSize: 36 };
const whole = (tokens: number) => (i: number) => i % 2 === 0 ? 0 : tokens;

/** As the adapter has it, and in the form for GPUs. */
const tunings = [{}, gpuForms()];
const cases = [
  { label: "one token", inputs: { qkv: [1, 1, 12], spans: [1, 2] }, attrs: oneHead, fill: { spans: whole(1) } },
  {
    label: "grouped heads, padding left and right",
    inputs: { qkv: [3, 37, 80], spans: [3, 2] },
    attrs: grouped,
    fill: { spans: (i: number) => [0, 37, 5, 37, 0, 23][i] },
  },
  {
    label: "a head size that is no power of two",
    inputs: { qkv: [2, 9, 216], spans: [2, 2] },
    attrs: wide,
    fill: { spans: (i: number) => [1, 8, 0, 9][i] },
  },
  {
    label: "more tokens than a workgroup owns",
    inputs: { qkv: [1, 150, 12], spans: [1, 2] },
    attrs: oneHead,
    fill: { spans: whole(150), qkv: (i: number) => 3 * Math.sin(i * i) },
  },
  {
    label: "heads wider than a workgroup accumulates",
    inputs: { qkv: [1, 35, 420], spans: [1, 2] },
    attrs: { numHeads: 1, numKvHeads: 1, headSize: 140 },
    fill: { spans: whole(35) },
  },
  {
    label: "a window, a scale, padding left and right",
    inputs: { qkv: [3, 37, 80], spans: [3, 2] },
    attrs: { ...grouped, scale: 0.7, window: 11 },
    fill: { spans: (i: number) => [0, 37, 5, 37, 0, 23][i] },
  },
  {
    label: "a window of one token",
    inputs: { qkv: [1, 6, 12], spans: [1, 2] },
    attrs: { ...oneHead, window: 1 },
    fill: { spans: whole(6) },
  },
  {
    label: "a window among more tokens than a workgroup owns",
    inputs: { qkv: [1, 150, 12], spans: [1, 2] },
    attrs: { ...oneHead, window: 70 },
    fill: { spans: whole(150), qkv: (i: number) => 3 * Math.sin(i * i) },
  },
];
checkOp(attention, cases, tunings);

gpuTest("attention: a later token changes nothing before it", { tunings }, async (gpu) => {
  const tokens = 11;
  const values = Float32Array.from({ length: tokens * 80 }, (_, i) => Math.sin(i));
  const spans = gpu.upload(Uint32Array.of(0, tokens), [1, 2]);
  const run = () => gpu.read(attention.forward(gpu, { qkv: gpu.upload(values, [1, tokens, 80]), spans }, grouped).out);
  const before = await run();
  values.fill(9, 7 * 80);
  const after = await run();
  assertEquals(after.subarray(0, 7 * 48), before.subarray(0, 7 * 48));
  assert(after[7 * 48] !== before[7 * 48]);
});

gpuTest(
  "attention: what a window has passed changes nothing, and a window as wide as the text is none",
  { tunings },
  async (gpu) => {
    const tokens = 45;
    const values = Float32Array.from({ length: tokens * 80 }, (_, i) => Math.sin(0.1 * i * i));
    const spans = gpu.upload(Uint32Array.of(0, tokens), [1, 2]);
    const run = (window?: number) => {
      const attrs = { ...grouped, ...(window ? { window } : {}) };
      return gpu.read(attention.forward(gpu, { qkv: gpu.upload(values, [1, tokens, 80]), spans }, attrs).out);
    };
    assertEquals(await run(tokens), await run());
    const before = await run(9);
    values.fill(9, 0, 3 * 80);
    const after = await run(9);
    assertEquals(after.subarray(11 * 48), before.subarray(11 * 48));
    for (let t = 0; t < 11; t++) assert(after[t * 48] !== before[t * 48], `token ${t}`);
  },
);

gpuTest("attention: a query of padding that sees no token gives zeros", { tunings }, async (gpu) => {
  const qkv = gpu.upload(Float32Array.from({ length: 6 * 12 }, (_, i) => i), [1, 6, 12]);
  const spans = gpu.upload(Uint32Array.of(2, 6), [1, 2]);
  const out = await gpu.read(attention.forward(gpu, { qkv, spans }, oneHead).out);
  assertEquals([...out.subarray(0, 8)], Array(8).fill(0));
});

gpuTest("attendCache: token by token equals the attention of the whole text", { tunings }, async (gpu) => {
  const [batch, tokens] = [2, 13];
  const packed = Float32Array.from({ length: batch * tokens * 80 }, (_, i) => Math.sin(0.3 * i * i));
  const qkv = gpu.upload(packed, [batch, tokens, 80]);
  const spans = gpu.upload(Uint32Array.of(0, tokens, 3, tokens), [batch, 2]);
  const whole = await gpu.read(attention.forward(gpu, { qkv, spans }, grouped).out);
  const cache = allocateCache(gpu, batch, tokens + 2, grouped);
  const done = gpu.upload(new Uint32Array(batch));
  const prompt = 6;
  const part = (from: number, to: number) => {
    const rows = [0, 1].map((b) => packed.subarray((b * tokens + from) * 80, (b * tokens + to) * 80));
    return gpu.upload(Float32Array.from([...rows[0], ...rows[1]]), [batch, to - from, 80]);
  };
  writeCache(gpu, part(0, prompt), cache, 0, grouped);
  for (let t = prompt; t < tokens; t++) {
    const token = part(t, t + 1);
    writeCache(gpu, token, cache, t, grouped);
    const out = await gpu.read(reshape(attendCache(gpu, { qkv: token, spans, done, cache }, t, grouped), [batch, 48]));
    for (let b = 0; b < batch; b++) {
      for (let c = 0; c < 48; c++) {
        const expected = whole[(b * tokens + t) * 48 + c];
        assert(Math.abs(out[b * 48 + c] - expected) < 2e-6, `row ${b}, token ${t}: ${out[b * 48 + c]} for ${expected}`);
      }
    }
  }
});

gpuTest("writeCache: a token past the capacity is refused", { tunings }, (gpu) => {
  const cache = allocateCache(gpu, 1, 4, oneHead);
  const qkv = gpu.allocate([1, 3, 12]);
  assertThrows(
    () => writeCache(gpu, qkv, cache, 2, oneHead),
    RangeError,
    "Cannot write 3 tokens at slot 2: the cache holds 4",
  );
});

gpuTest("attention: a packed size that does not fit the heads is refused", { tunings }, (gpu) => {
  const inputs = { qkv: gpu.allocate([1, 2, 16]), spans: gpu.allocate([1, 2], "u32") };
  assertThrows(() => attention.forward(gpu, inputs, oneHead), RangeError, "P is 16 for 1 heads");
});
