import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { gpuTest, testGpu } from "../test_gpu.ts";
import { topTokenPages, topTokens } from "./top_tokens.ts";

const gpu = await testGpu();
/** The first of all tokens in the order of their probability, then of their ids, in float64. */
function expected(row: readonly number[], count: number) {
  const largest = Math.max(...row);
  const logTotal = largest + Math.log(row.reduce((sum, x) => sum + Math.exp(x - largest), 0));
  return row.map((x, token) => ({ token, logProb: x - logTotal }))
    .sort((a, b) => b.logProb - a.logProb || a.token - b.token).slice(0, count);
}

const SIZES = [[1, 1, 1], [1, 5, 5], [3, 4, 4], [3, 33, 7], [2, 1024, 8], [1, 4099, 32], [2, 32_128, 32], [
  1,
  50_257,
  32,
]];

for (const [rows, vocab, count] of SIZES) {
  gpuTest(`topTokens: ${count} of ${vocab}, ${rows} rows, as sorting gives them, and twice the same`, async () => {
    const data = Float32Array.from({ length: rows * vocab }, (_, i) => 6 * Math.sin(i * i + 0.1 * i));
    const logits = gpu.upload(data, [rows, vocab]);
    const [first, second] = [topTokens(gpu, logits, count), topTokens(gpu, logits, count)];
    const [logProbs, tokens, ...again] = await gpu.readAll([...Object.values(first), ...Object.values(second)]);
    assertEquals(again, [logProbs, tokens]);
    for (let row = 0; row < rows; row++) {
      expected([...data.subarray(row * vocab, (row + 1) * vocab)], count).forEach(({ token, logProb }, i) => {
        assertEquals(tokens[row * count + i], token);
        assertAlmostEquals(logProbs[row * count + i], logProb, 1e-5);
      });
    }
  });
}

gpuTest("topTokens: of equally likely tokens the smaller ids come first, across the lanes of a workgroup", async () => {
  const data = Float32Array.from({ length: 70 }, (_, i) => i % 3 === 1 ? 2 : -1);
  const { tokens } = topTokens(gpu, gpu.upload(data, [1, 70]), 25);
  const ones = Array.from({ length: 23 }, (_, i) => 3 * i + 1);
  assertEquals([...await gpu.read(tokens)], [...ones, 0, 2]);
});

gpuTest("topTokens: rows of few different numbers, as low as float32 goes, come sorted", async () => {
  const number = fc.constantFrom(-3.4028234663852886e38, -1e30, -0, 0, 1, 2.5);
  const rows = fc.array(number, { minLength: 1, maxLength: 70 });
  const check = async (row: number[], most: number) => {
    const [count, exact] = [Math.min(most, row.length), [...row.entries()].sort(([i, a], [j, b]) => b - a || i - j)];
    const top = topTokens(gpu, gpu.upload(Float32Array.from(row), [1, row.length]), count);
    assertEquals([...await gpu.read(top.tokens)], exact.slice(0, count).map(([token]) => token));
  };
  await fc.assert(fc.asyncProperty(rows, fc.integer({ min: 1, max: 32 }), check), { seed: 1, numRuns: 60 });
});

gpuTest("topTokens: a log-probability is the same bits however many are wanted, and a shift leaves it", async () => {
  const data = Float32Array.from({ length: 50_257 }, (_, i) => Math.round(64 * Math.sin(i * i)) / 8);
  const run = async (shift: number, count: number) => {
    const top = topTokens(gpu, gpu.upload(data.map((x) => x + shift), [1, data.length]), count);
    return [...await gpu.read(top.logProbs)];
  };
  const many = await run(0, 32);
  assertEquals(await run(0, 3), many.slice(0, 3));
  // Eighths around 4,096 are exact; what is left is the rounding of the log of the sum to its magnitude.
  (await run(4096, 32)).forEach((logProb, i) => assertAlmostEquals(logProb, many[i], 5e-4));
});

gpuTest("topTokens: logits without rows, and more rounds than the driver allows, are refused", async () => {
  assertThrows(() => topTokens(gpu, gpu.allocate([40]), 2), RangeError, "Cannot run topTokens: logits has 1 axes");
  const narrow = await testGpu({ maxLoopRounds: 50 });
  assertThrows(
    () => topTokens(narrow, narrow.allocate([1, 1024]), 32),
    RangeError,
    "Cannot run topTokens with rows of 1024",
  );
});

gpuTest("topTokens: more than there are, or than are kept, are refused", () => {
  const logits = gpu.allocate([1, 40]);
  assertThrows(
    () => topTokens(gpu, logits, 33),
    RangeError,
    "Cannot pick 33 tokens of 40: the number must be from 1 to 32",
  );
  assertThrows(() => topTokens(gpu, gpu.allocate([1, 4]), 5), RangeError, "from 1 to 4");
  assertThrows(() => topTokens(gpu, logits, 0), RangeError, "Cannot pick 0 tokens");
});

for (const [rows, vocab, count] of [[3, 70, 70], [9, 512, 100], [2, 515, 65], [1, 100, 32], [2, 50_257, 40]]) {
  gpuTest(`topTokenPages: ${count} of ${vocab}, ${rows} rows, are those that sorting gives, each once`, async () => {
    // Many are equal, so that a page may end between two of them.
    const data = Float32Array.from({ length: rows * vocab }, (_, i) => Math.round(6 * Math.sin(i * i + 0.1 * i)));
    const pages = topTokenPages(gpu, gpu.upload(data, [rows, vocab]), count);
    const read = await gpu.readAll(pages.flatMap(({ logProbs, tokens }) => [logProbs, tokens]));
    for (let row = 0; row < rows; row++) {
      const ofRow = (page: number, values: ArrayLike<number>) => {
        const [, width] = pages[page].tokens.shape;
        return Array.from({ length: width }, (_, i) => values[row * width + i]);
      };
      const [logProbs, tokens] = [0, 1].map((which) => pages.flatMap((_, i) => ofRow(i, read[2 * i + which])));
      const sorted = expected([...data.subarray(row * vocab, (row + 1) * vocab)], count);
      assertEquals(tokens, sorted.map(({ token }) => token));
      sorted.forEach(({ logProb }, i) => assertAlmostEquals(logProbs[i], logProb, 1e-5));
    }
  });
}
