import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { Gpu } from "../runtime/gpu.ts";
import { gpuTest } from "../test_gpu.ts";
import { banRepeatedNgrams, penalizeRepetition } from "./repetition.ts";
import { penalizedReference, repeatingTokens } from "./repetition_reference.ts";

const LOWEST = -3.4028234663852886e38;

interface Row {
  readonly prompt: readonly number[];
  readonly written: readonly number[];
}

const textOf = ({ prompt, written }: Row) => [...prompt, ...written];

/** The logits of rows that have so many tokens, after a penalty for all but the last token of each was noted before. */
async function penalized(
  gpu: Gpu,
  logits: readonly (readonly number[])[],
  texts: readonly number[][],
  penalty: number,
) {
  const [batch, vocabSize] = [logits.length, logits[0].length];
  const seen = new Uint32Array(batch * vocabSize);
  texts.forEach((text, row) => text.slice(0, -1).forEach((token) => seen[row * vocabSize + token] = 1));
  const tensors = {
    logits: gpu.upload(Float32Array.from(logits.flat()), [batch, vocabSize]),
    seen: gpu.upload(seen, [batch, vocabSize]),
    last: gpu.upload(Uint32Array.from(texts, (text) => text.at(-1)!), [batch, 1]),
  };
  penalizeRepetition(gpu, tensors, penalty);
  const [values, noted] = await gpu.readAll([tensors.logits, tensors.seen]);
  for (const tensor of Object.values(tensors)) gpu.release(tensor);
  const rowsOf = (all: ArrayLike<number>) =>
    texts.map((_, row) => Array.from({ length: vocabSize }, (_, token) => all[row * vocabSize + token]));
  return { values: rowsOf(values), noted: rowsOf(noted) };
}

/** The tokens that are ruled out of each row; the other logits must be as they were. */
async function ruledOut(gpu: Gpu, rows: readonly Row[], vocabSize: number, size: number): Promise<number[][]> {
  const batch = rows.length;
  const promptTokens = Math.max(...rows.map(({ prompt }) => prompt.length));
  const written = rows[0].written.length;
  const stride = batch + 3;
  const before = Float32Array.from({ length: batch * vocabSize }, (_, i) => Math.sin(i));
  const prompts = new Uint32Array(batch * promptTokens).fill(7);
  rows.forEach(({ prompt }, row) => prompts.set(prompt, row * promptTokens));
  // Steps that are not written yet hold anything.
  const tokens = new Uint32Array((written + 2) * stride).fill(3);
  rows.forEach((row, b) => row.written.forEach((token, step) => tokens[step * stride + b] = token));
  const tensors = {
    logits: gpu.upload(before, [batch, vocabSize]),
    prompts: gpu.upload(prompts, [batch, promptTokens]),
    lengths: gpu.upload(Uint32Array.from(rows, ({ prompt }) => prompt.length)),
    tokens: gpu.upload(tokens, [written + 2, stride]),
  };
  banRepeatedNgrams(gpu, tensors, size, written);
  const after = await gpu.read(tensors.logits);
  for (const tensor of Object.values(tensors)) gpu.release(tensor);
  return rows.map((_, row) =>
    Array.from({ length: vocabSize }, (_, token) => token).filter((token) => {
      const at = row * vocabSize + token;
      if (after[at] === before[at]) return false;
      assertEquals(after[at], LOWEST);
      return true;
    })
  );
}

gpuTest(
  "penalizeRepetition divides positive logits of tokens that occurred and multiplies others, once",
  async (gpu) => {
    const logits = [[2, -1, 0.5, 0, -3], [2, -1, 0.5, 0, -3]];
    const { values, noted } = await penalized(gpu, logits, [[0, 0, 1, 3, 0], [2, 4]], 2);
    assertEquals(values, [[1, -2, 0.5, 0, -3], [2, -1, 0.25, 0, -6]]);
    assertEquals(noted, [[1, 1, 0, 1, 0], [0, 0, 1, 0, 1]]);
  },
);

for (const vocabSize of [5, 64, 1003]) {
  gpuTest(`penalizeRepetition equals the reference: V = ${vocabSize}`, async (gpu) => {
    const texts = [1, 2, 3].map((row) => Array.from({ length: 40 }, (_, i) => (row * i * i + 3 * i) % vocabSize));
    const logits = texts.map((_, row) => Array.from({ length: vocabSize }, (_, v) => 5 * Math.sin(row + v * v)));
    for (const penalty of [0.7, 1, 1.2, 5]) {
      const { values } = await penalized(gpu, logits, texts, penalty);
      values.forEach((row, b) => {
        const expected = penalizedReference(logits[b], texts[b], penalty);
        row.forEach((value, v) => assertAlmostEquals(value, expected[v], 2e-6 * Math.max(1, Math.abs(expected[v]))));
      });
    }
    assertEquals((await penalized(gpu, logits, texts, 1)).values, logits.map((row) => row.map(Math.fround)));
  });
}

gpuTest("banRepeatedNgrams rules out what would complete a run that occurred: worked by hand", async (gpu) => {
  const rows = [
    { prompt: [1, 2, 3], written: [1, 2] }, // 1 2 3 occurred
    { prompt: [5], written: [5, 5] },
    { prompt: [4, 1, 2, 6, 1, 2, 3, 0], written: [1, 2] }, // 1 2 6 and 1 2 3
  ];
  assertEquals(await ruledOut(gpu, rows, 10, 3), [[3], [5], [3, 6]]);
  assertEquals(await ruledOut(gpu, rows, 10, 2), [[3], [5], [3, 6]]);
  assertEquals(await ruledOut(gpu, rows, 10, 1), [[1, 2, 3], [5], [0, 1, 2, 3, 4, 6]]);
  assertEquals(await ruledOut(gpu, rows, 10, 4), [[], [], []]);
  assertEquals(await ruledOut(gpu, rows, 10, 100), [[], [], []]);
  // Ids that the logits do not have are no other row's.
  assertEquals(await ruledOut(gpu, [{ prompt: [7, 6, 2], written: [7] }, { prompt: [1], written: [2] }], 5, 2), [
    [],
    [],
  ]);
  assertEquals(await ruledOut(gpu, [{ prompt: [7, 6, 2], written: [6] }, { prompt: [1], written: [2] }], 5, 2), [
    [2],
    [],
  ]);
});

gpuTest("banRepeatedNgrams equals the reference for rows of any length", async (gpu) => {
  const rows = Array.from({ length: 9 }, (_, row): Row => ({
    prompt: Array.from({ length: 1 + 5 * row }, (_, i) => (i * i + row) % 4),
    written: Array.from({ length: 17 }, (_, i) => (3 * i * i + row) % 4),
  }));
  for (const size of [1, 2, 3, 5, 18]) {
    const expected = rows.map((row) => [...repeatingTokens(textOf(row), size)].sort((a, b) => a - b));
    assertEquals(await ruledOut(gpu, rows, 6, size), expected, `runs of ${size}`);
  }
  const unwritten = rows.map(({ prompt }) => ({ prompt, written: [] }));
  const expected = unwritten.map((row) => [...repeatingTokens(textOf(row), 2)].sort((a, b) => a - b));
  assertEquals(await ruledOut(gpu, unwritten, 6, 2), expected);
});

gpuTest("repetition limits refuse numbers out of range and shapes that disagree", async (gpu) => {
  const logits = gpu.allocate([2, 8]);
  const [seen, last] = [gpu.allocate([2, 8], "u32"), gpu.allocate([2, 1], "u32")];
  for (const penalty of [0, -1, Infinity, NaN]) {
    assertThrows(() => penalizeRepetition(gpu, { logits, seen, last }, penalty), RangeError, "must be above 0");
  }
  const short = gpu.allocate([2, 7], "u32");
  assertThrows(() => penalizeRepetition(gpu, { logits, seen: short, last }, 2), RangeError, "axis V of seen is 7");
  const rows = {
    ...{ logits, prompts: gpu.allocate([2, 3], "u32") },
    ...{ lengths: gpu.allocate([2], "u32"), tokens: gpu.allocate([4, 2], "u32") },
  };
  const refused = (size: number, written: number, message: string) =>
    assertThrows(() => banRepeatedNgrams(gpu, rows, size, written), RangeError, message);
  refused(0, 1, "size is 0 but must be an integer from 1");
  refused(1.5, 1, "size is 1.5");
  refused(2, 5, "written is 5 but must be from 0 to 4");
  await gpu.settle();
});
