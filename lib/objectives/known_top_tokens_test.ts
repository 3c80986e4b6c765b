import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { testGpu } from "#kernels/test_gpu.ts";
import { StorageError } from "#lib/errors.ts";
import { ONE_TEXT } from "#lib/models/language_model.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { isFile } from "#lib/results/storage.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { partOf } from "./top_token_file.ts";
import { packTrajectories } from "./trajectory_batch.ts";
import { logProbabilities } from "./test_objective.ts";
import { knownIn, variedTexts } from "./test_top_tokens.ts";

const gpu = await testGpu();
const test = (name: string, fn: (folder: string) => Promise<void>) => testInFolder(name, fn, { opensDevice: true });

for (const [count, temperature] of [[1, 1], [5, 1], [5, 3], [32, 0.7], [33, 1]]) {
  test(`the ${count} likeliest of 33 tokens and the rest, at temperature ${temperature}, are those of the teacher's logits`, async (folder) => {
    using teacher = tinyDecoder(gpu, "gpt2", { vocabSize: 33, spread: 2 });
    const texts = variedTexts(11);
    const known = await knownIn(`${folder}/known`, gpu, teacher, texts, { count, temperature });
    const some = [texts[7], texts[2], texts[2], texts[10]];
    const { topTokens, topLogProbs } = await known.lookUp(some);
    const [ids, logProbs] = await gpu.readAll([topTokens, topLogProbs]);
    const expected = await logProbabilities(gpu, teacher, packTrajectories(gpu, some, ONE_TEXT));
    const events = Math.min(count + 1, 33);
    assertEquals([topTokens.shape, topLogProbs.shape], [[expected.length, count], [expected.length, events]]);
    expected.forEach((row, n) => {
      const likeliest = [...row.keys()].sort((a, b) => row[b] - row[a] || a - b).slice(0, count);
      const tokens = [...ids.subarray(n * count, (n + 1) * count)];
      assertEquals(tokens, likeliest.toSorted((a, b) => a - b));
      const weights = row.map((logProb) => Math.exp(logProb / temperature));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const kept = tokens.map((token) => weights[token] / total);
      const rest = weights.filter((_, token) => !tokens.includes(token)).reduce(
        (sum, weight) => sum + weight / total,
        0,
      );
      [...kept, ...(events > count ? [rest] : [])].forEach((probability, e) =>
        assertAlmostEquals(Math.exp(logProbs[n * events + e]), probability, 1e-6)
      );
    });
  });
}

test("a file that a stop cuts off, at any byte, comes to the same bytes, and a whole one asks the teacher nothing", async (folder) => {
  using teacher = tinyDecoder(gpu, "llama", { vocabSize: 33 });
  const texts = variedTexts(13);
  const whole = `${folder}/whole`;
  await knownIn(whole, gpu, teacher, texts, { count: 6 });
  const expected = await Deno.readFile(whole);
  const path = `${folder}/cut`;
  for (const bytes of [0, 100, 256, 257, 300, Math.floor(expected.length / 2), expected.length - 1]) {
    await Deno.writeFile(partOf(path), expected.subarray(0, bytes));
    const done: number[] = [];
    await knownIn(path, gpu, teacher, texts, { count: 6, progress: (texts) => done.push(texts) });
    assertEquals(await Deno.readFile(path), expected, `cut off after ${bytes} bytes`);
    assert(!isFile(partOf(path)));
    assertEquals(done.at(-1), 13);
    // What was whole is not asked for again, but for a batch that was not.
    assertEquals(done[0] % 4, 0);
    assert(bytes < expected.length / 2 || done[0] > 0, `${done}`);
    await Deno.remove(path);
  }
  const asked: number[] = [];
  await knownIn(whole, gpu, teacher, texts, { count: 6, progress: (texts) => asked.push(texts) });
  assertEquals(asked, []);
});

test("a text of a part file that is not as it was written is asked for again, with those behind it", async (folder) => {
  using teacher = tinyDecoder(gpu, "llama", { vocabSize: 33 });
  const texts = variedTexts(13);
  await knownIn(`${folder}/whole`, gpu, teacher, texts, { count: 6 });
  const expected = await Deno.readFile(`${folder}/whole`);
  const path = `${folder}/damaged`;
  const broken = expected.slice();
  broken[Math.floor(expected.length * 0.8)] ^= 1;
  await Deno.writeFile(partOf(path), broken);
  await knownIn(path, gpu, teacher, texts, { count: 6 });
  assertEquals(await Deno.readFile(path), expected);
});

test("a stop ends the work between two batches, and keeps what was written", async (folder) => {
  using teacher = tinyDecoder(gpu, "llama", { vocabSize: 33 });
  const [texts, stop] = [variedTexts(13), new AbortController()];
  const asking = {
    count: 6,
    stop: stop.signal,
    progress: (done: number) => done === 8 && stop.abort(new Error("stopped")),
  };
  await assertRejects(() => knownIn(`${folder}/known`, gpu, teacher, texts, asking), Error, "stopped");
  const done: number[] = [];
  await knownIn(`${folder}/known`, gpu, teacher, texts, { count: 6, progress: (texts) => done.push(texts) });
  assertEquals(done, [8, 12, 13]);
});

test("a text that is not known is refused, and so is a file that is not as it was written", async (folder) => {
  using teacher = tinyDecoder(gpu, "llama", { vocabSize: 33 });
  const texts = variedTexts(6);
  const path = `${folder}/known`;
  const known = await knownIn(path, gpu, teacher, texts, { count: 3 });
  await assertRejects(() => known.lookUp(variedTexts(1)), RangeError, "not among those known");
  const bytes = await Deno.readFile(path);
  bytes[bytes.length - 20] ^= 1;
  await Deno.writeFile(path, bytes);
  const wrong = "known: not as it was written; delete it, and the next run asks the teacher again";
  await assertRejects(() => known.lookUp(texts), StorageError, wrong);
  await Deno.writeFile(path, bytes.subarray(0, bytes.length - 1));
  await assertRejects(() => knownIn(path, gpu, teacher, texts, { count: 3 }), StorageError, wrong);
  await Deno.remove(path);
  await assertRejects(() => known.lookUp(texts), StorageError, "cannot be read");
});
