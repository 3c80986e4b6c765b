import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { reshape } from "../runtime/tensor.ts";
import { gpuTest } from "../test_gpu.ts";
import { crossAttention } from "./cross_attention.ts";
import { allocateCache, attendCache, attendSource, reorderCache, writeCache } from "./key_value_cache.ts";
import { relativeAttention } from "./relative_attention.ts";

// Heads with an odd number of vec4s, so that no offset is a power of two.
const layout = { numHeads: 3, numKvHeads: 3, headSize: 12, scale: 1 };
const width = 36;
const numBuckets = 6;
const values = (count: number, of: (i: number) => number) => Float32Array.from({ length: count }, (_, i) => of(i));
const bucketOf = (distance: number) => Math.min(numBuckets - 1, Math.floor(Math.sqrt(distance)));

gpuTest(
  "attendCache: with a bias, token by token equals the relative attention of the whole text, rows that are done aside",
  async (gpu) => {
    const [batch, tokens] = [2, 13];
    const packed = values(batch * tokens * 3 * width, (i) => Math.sin(0.3 * i * i));
    const bias = gpu.upload(values(numBuckets * 3, (i) => 2 * Math.cos(i)), [numBuckets, 3]);
    const offsets = gpu.upload(
      Uint32Array.from({ length: 2 * tokens - 1 }, (_, i) => bucketOf(Math.max(0, tokens - 1 - i))),
    );
    const spans = gpu.upload(Uint32Array.of(0, tokens, 3, tokens), [batch, 2]);
    const qkv = gpu.upload(packed, [batch, tokens, 3 * width]);
    const attrs = { numHeads: 3, headSize: 12, causal: true };
    const whole = await gpu.read(relativeAttention.forward(gpu, { qkv, spans, bias, buckets: offsets }, attrs).out);

    const cache = allocateCache(gpu, batch, tokens, layout);
    const buckets = gpu.upload(Uint32Array.from({ length: tokens }, (_, distance) => bucketOf(distance)));
    const done = gpu.upload(new Uint32Array(batch));
    for (let t = 0; t < tokens; t++) {
      const rows = [0, 1].flatMap((
        b,
      ) => [...packed.subarray((b * tokens + t) * 3 * width, (b * tokens + t + 1) * 3 * width)]);
      const token = gpu.upload(Float32Array.from(rows), [batch, 1, 3 * width]);
      writeCache(gpu, token, cache, t, layout);
      if (t === 9) gpu.write(done, Uint32Array.of(0, 1));
      const text = { qkv: token, spans, done, cache, relative: { bias, buckets } };
      const out = await gpu.read(reshape(attendCache(gpu, text, t, layout), [batch, width]));
      for (let b = 0; b < batch; b++) {
        if ((b === 1 && t >= 9) || (b === 1 && t < 3)) continue;
        for (let c = 0; c < width; c++) {
          assertAlmostEquals(out[b * width + c], whole[(b * tokens + t) * width + c], 2e-6);
        }
      }
    }
  },
);

gpuTest(
  "attendSource: a token to its source equals crossAttention, padding and all, and twice the same bits",
  async (gpu) => {
    const [batch, tokens] = [3, 11];
    const queries = gpu.upload(values(batch * width, Math.sin), [batch, 1, width]);
    const keyValues = gpu.upload(values(batch * tokens * 2 * width, (i) => Math.cos(0.7 * i * i)), [
      batch,
      tokens,
      2 * width,
    ]);
    const spans = gpu.upload(Uint32Array.of(0, 11, 0, 4, 2, 9), [batch, 2]);
    const done = gpu.upload(new Uint32Array(batch));
    const attend = () => attendSource(gpu, { queries, keyValues, spans, done }, layout);
    const whole = crossAttention.forward(gpu, { queries, keyValues, spans }, { numHeads: 3, headSize: 12 }).out;
    const [first, second, expected] = await gpu.readAll([attend(), attend(), whole]);
    expected.forEach((value, i) => assertAlmostEquals(first[i], value, 2e-6));
    assertEquals(second, first);
  },
);

gpuTest("attendSource: scores are divided by the root of the head size by default", async (gpu) => {
  const queries = gpu.upload(Float32Array.of(1, 0, 0, 0), [1, 1, 4]);
  const keyValues = gpu.upload(Float32Array.of(3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0), [1, 2, 8]);
  const source = {
    queries,
    keyValues,
    spans: gpu.upload(Uint32Array.of(0, 2), [1, 2]),
    done: gpu.upload(new Uint32Array(1)),
  };
  const one = { numHeads: 1, numKvHeads: 1, headSize: 4 };
  const [halved, whole] = await gpu.readAll([
    attendSource(gpu, source, one),
    attendSource(gpu, source, { ...one, scale: 1 }),
  ]);
  assertAlmostEquals(halved[0], 1 / (1 + Math.exp(-1)), 1e-6);
  assertAlmostEquals(whole[0], 1 / (1 + Math.exp(-2)), 1e-6);
});

gpuTest("attendSource: sizes that do not fit the heads are refused", (gpu) => {
  const source = {
    queries: gpu.allocate([1, 1, width]),
    keyValues: gpu.allocate([1, 5, 3 * width]),
    spans: gpu.allocate([1, 2], "u32"),
    done: gpu.allocate([1], "u32"),
  };
  assertThrows(() => attendSource(gpu, source, layout), RangeError, "C is 36 and K is 108 for 3 heads of size 12");
});

gpuTest("reorderCache: rows take their parents' slots, as many as are used; the old cache is released", async (gpu) => {
  const [batch, capacity, used] = [4, 7, 5];
  const cache = allocateCache(gpu, batch, capacity, layout);
  const numbered = values(capacity * batch * width, (i) => i);
  gpu.write(cache.keys, numbered);
  gpu.write(cache.values, numbered.map((value) => -1 - value));
  const parents = [2, 0, 2, 3];
  const reordered = reorderCache(gpu, cache, gpu.upload(Uint32Array.from(parents)), used);
  const [keys, kept] = await gpu.readAll([reordered.keys, reordered.values]);
  for (let slot = 0; slot < used; slot++) {
    parents.forEach((parent, b) => {
      for (let i = 0; i < width; i++) {
        const [at, from] = [(slot * batch + b) * width + i, (slot * batch + parent) * width + i];
        assertEquals([keys[at], kept[at]], [from, -1 - from]);
      }
    });
  }
  const parentsAgain = gpu.upload(Uint32Array.from(parents));
  assertThrows(
    () => reorderCache(gpu, reordered, parentsAgain, 8),
    RangeError,
    "Cannot reorder 8 slots: the cache holds 7",
  );
});
