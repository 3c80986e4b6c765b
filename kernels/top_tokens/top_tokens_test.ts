import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { testGpu } from "../test_gpu.ts";
import { topTokens } from "./top_tokens.ts";

const gpu = await testGpu();
const test = (name: string, fn: () => void | Promise<void>) => Deno.test({ name, sanitizeResources: false, fn });

/** The first of all tokens in the order of their probability, then of their ids, in float64. */
function expected(row: readonly number[], count: number) {
  const largest = Math.max(...row);
  const logTotal = largest + Math.log(row.reduce((sum, x) => sum + Math.exp(x - largest), 0));
  return row.map((x, token) => ({ token, logProb: x - logTotal }))
    .sort((a, b) => b.logProb - a.logProb || a.token - b.token).slice(0, count);
}

for (const [rows, vocab, count] of [[1, 1, 1], [1, 5, 5], [3, 33, 7], [2, 1024, 8], [1, 4099, 32]]) {
  test(`topTokens: ${count} of ${vocab}, ${rows} rows, as sorting gives them, and twice the same`, async () => {
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

test("topTokens: of equally likely tokens the smaller ids come first, across the lanes of a workgroup", async () => {
  const data = Float32Array.from({ length: 70 }, (_, i) => i % 3 === 1 ? 2 : -1);
  const { tokens } = topTokens(gpu, gpu.upload(data, [1, 70]), 25);
  const ones = Array.from({ length: 23 }, (_, i) => 3 * i + 1);
  assertEquals([...await gpu.read(tokens)], [...ones, 0, 2]);
});

test("topTokens: more than there are, or than are kept, are refused", () => {
  const logits = gpu.allocate([1, 40]);
  assertThrows(
    () => topTokens(gpu, logits, 33),
    RangeError,
    "Cannot pick 33 tokens of 40: the number must be from 1 to 32",
  );
  assertThrows(() => topTokens(gpu, gpu.allocate([1, 4]), 5), RangeError, "from 1 to 4");
  assertThrows(() => topTokens(gpu, logits, 0), RangeError, "Cannot pick 0 tokens");
});
