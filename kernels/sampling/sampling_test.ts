import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Gpu } from "../runtime/gpu.ts";
import { gpuTest } from "../test_gpu.ts";
import { sampleTokens, type SamplingOptions } from "./sample_tokens.ts";
import { drawReference, samplingProbabilities, samplingUniform } from "./sampling_reference.ts";

const NO_TOKEN = 0xffffffff;
const plain: SamplingOptions = {
  temperature: 1,
  topK: 0,
  topP: 1,
  seed: 7,
  purpose: 3,
  step: 0,
  eosId: NO_TOKEN,
  padId: NO_TOKEN,
};

type Values = Float32Array<ArrayBuffer>;

/** Samples one column for every row of `logits` (`"B V"`); the row's key is its index unless given. */
async function draw(gpu: Gpu, logits: Values, vocabSize: number, change: Partial<SamplingOptions>, keys?: number[]) {
  const batch = logits.length / vocabSize;
  const tensors = {
    logits: gpu.upload(logits, [batch, vocabSize]),
    tokens: gpu.upload(new Uint32Array(batch), [batch, 1]),
    done: gpu.upload(new Uint32Array(batch)),
    rows: gpu.upload(Uint32Array.from({ length: batch }, (_, row) => keys?.[row] ?? row)),
  };
  sampleTokens(gpu, tensors, { ...plain, ...change });
  const tokens = await gpu.read(tensors.tokens);
  for (const tensor of Object.values(tensors)) gpu.release(tensor);
  return [...tokens];
}

/** Logits from −5 to 5, different in every row. */
const spread = (batch: number, vocabSize: number) =>
  Float32Array.from({ length: batch * vocabSize }, (_, i) => 5 * Math.sin(1.7 * i + Math.sin(i * i)));

/** Logits with few distinct values, so that many tokens are equal. */
const tied = (batch: number, vocabSize: number) => spread(batch, vocabSize).map((value) => Math.round(value / 2));

/** The reference's token, unless float32 rounding of the sums may decide otherwise: a change of 2e-6 changes it. */
function certainDraw(logits: Values, uniform: number, options: SamplingOptions): number | undefined {
  const rounding = options.temperature === 0 ? [0] : [-2e-6, 0, 2e-6];
  const draws = new Set<number>();
  for (const du of rounding) {
    for (const dp of options.topP === 1 ? [0] : rounding) {
      draws.add(drawReference(logits, uniform + du, { ...options, topP: options.topP + dp }));
    }
  }
  return draws.size === 1 ? [...draws][0] : undefined;
}

const SETTINGS: readonly Partial<SamplingOptions>[] = [
  {},
  { temperature: 0.6 },
  { topK: 1 },
  { topK: 5 },
  { topK: 30, temperature: 1.5 },
  { topP: 0.9 },
  { topP: 0.37, temperature: 2 },
  { topK: 12, topP: 0.8 },
  { topK: 100_000, topP: 0.999 },
  { temperature: 0 },
];

for (const vocabSize of [1, 3, 37, 64, 1003]) {
  for (const [label, logitsOf] of [["spread", spread], ["tied", tied]] as const) {
    gpuTest(`sampleTokens draws the reference's tokens: V = ${vocabSize}, ${label} logits`, async (gpu) => {
      const batch = 40;
      const logits = logitsOf(batch, vocabSize);
      for (const change of SETTINGS) {
        const options = { ...plain, ...change };
        const tokens = await draw(gpu, logits, vocabSize, change);
        let compared = 0;
        tokens.forEach((token, row) => {
          const rowLogits = logits.subarray(row * vocabSize, (row + 1) * vocabSize);
          const expected = certainDraw(rowLogits, samplingUniform(options, row), options);
          if (expected === undefined) return;
          assertEquals(token, expected, `row ${row}, ${JSON.stringify(change)}`);
          compared++;
        });
        assert(compared >= batch - 2, `only ${compared} rows were certain, ${JSON.stringify(change)}`);
      }
    });
  }
}

for (const vocabSize of [50_257, 151_936]) {
  gpuTest(`sampleTokens reaches every token of a large vocabulary: V = ${vocabSize}`, async (gpu) => {
    const logits = tied(4, vocabSize);
    for (const change of [{}, { topK: 2000, topP: 0.9, temperature: 3 }, { temperature: 0 }]) {
      const options = { ...plain, ...change };
      const tokens = await draw(gpu, logits, vocabSize, change);
      tokens.forEach((token, row) => {
        const rowLogits = logits.subarray(row * vocabSize, (row + 1) * vocabSize);
        // The cumulative sums of so many tokens are rounded more coarsely than one token is wide, so compare the place.
        const probabilities = samplingProbabilities(rowLogits, options);
        const expected = drawReference(rowLogits, samplingUniform(options, row), options);
        const between = probabilities.subarray(Math.min(token, expected) + 1, Math.max(token, expected));
        const distance = between.reduce((sum, probability) => sum + probability, 0);
        assert(probabilities[token] > 0 && distance < 2e-6, `token ${token}, expected ${expected}, row ${row}`);
      });
    }
  });
}

for (const change of [{ temperature: 0.8 }, { topK: 9, temperature: 2 }, { topP: 0.8 }]) {
  gpuTest(`sampleTokens draws each token as often as its probability says: ${JSON.stringify(change)}`, async (gpu) => {
    const vocabSize = 23;
    const batch = 20_000;
    const row = Float32Array.from({ length: vocabSize }, (_, i) => 1.5 * Math.sin(3 * i));
    const logits = new Float32Array(batch * vocabSize).map((_, i) => row[i % vocabSize]);
    const counts = new Float64Array(vocabSize);
    for (const token of await draw(gpu, logits, vocabSize, change)) counts[token]++;
    const probabilities = samplingProbabilities(row, { ...plain, ...change });
    let chiSquare = 0;
    let kept = 0;
    probabilities.forEach((probability, token) => {
      if (probability === 0) return assertEquals(counts[token], 0, `token ${token} is cut off`);
      chiSquare += (counts[token] - batch * probability) ** 2 / (batch * probability);
      kept++;
    });
    // Mean kept − 1, variance 2 (kept − 1): three standard deviations above the mean.
    assert(kept > 3 && chiSquare < kept - 1 + 3 * Math.sqrt(2 * (kept - 1)), `χ² is ${chiSquare} for ${kept} tokens`);
  });
}

gpuTest(
  "sampleTokens at top-k = 1, and at a tiny top-p, is greedy: the lowest id among the largest logits",
  async (gpu) => {
    for (const vocabSize of [37, 64, 1003]) {
      const logits = tied(17, vocabSize);
      const greedy = await draw(gpu, logits, vocabSize, { temperature: 0 });
      greedy.forEach((token, row) => {
        const rowLogits = logits.subarray(row * vocabSize, (row + 1) * vocabSize);
        assertEquals(token, rowLogits.indexOf(Math.max(...rowLogits)));
      });
      assertEquals(await draw(gpu, logits, vocabSize, { topK: 1 }), greedy);
      assertEquals(await draw(gpu, logits, vocabSize, { topP: 1e-6, temperature: 3 }), greedy);
    }
  },
);

gpuTest("sampleTokens keeps exactly k of many equal logits, those with the lowest ids", async (gpu) => {
  const logits = new Float32Array(2000 * 37).fill(-2.5);
  const seen = new Set(await draw(gpu, logits, 37, { topK: 11 }));
  assertEquals([...seen].sort((a, b) => a - b), Array.from({ length: 11 }, (_, token) => token));
  const seenTopP = new Set(await draw(gpu, logits, 37, { topP: 6.5 / 37 }));
  assertEquals([...seenTopP].sort((a, b) => a - b), Array.from({ length: 7 }, (_, token) => token));
});

gpuTest("sampleTokens takes both zeros for equal", async (gpu) => {
  const logits = Float32Array.of(-0, 0, -1, -0, 0);
  assertEquals(await draw(gpu, logits, 5, { topK: 1 }), [0]);
  assertEquals(await draw(gpu, logits, 5, { temperature: 0 }), [0]);
});

gpuTest("sampleTokens never draws a masked token, at any temperature", async (gpu) => {
  const logits = new Float32Array(500 * 37).map((_, i) => [-1e30, 0.5, -Infinity, 1][i % 37 % 4]);
  for (const change of [{}, { temperature: 50 }, { temperature: 0.01 }, { topK: 30 }, { topP: 0.9999 }]) {
    for (const token of await draw(gpu, logits, 37, change)) assert(token % 2 === 1, `token ${token} is masked`);
  }
});

gpuTest("sampleTokens is decided by a row's key, not by its place in the batch", async (gpu) => {
  for (const vocabSize of [37, 64]) {
    const logits = spread(1, vocabSize);
    const three = new Float32Array(3 * vocabSize).map((_, i) => logits[i % vocabSize]);
    for (let key = 0; key < 30; key++) {
      const alone = await draw(gpu, logits, vocabSize, { temperature: 2 }, [key]);
      const together = await draw(gpu, three, vocabSize, { temperature: 2 }, [900 + key, 901 + key, key]);
      assertEquals(together[2], alone[0]);
    }
  }
});

gpuTest("sampleTokens draws other numbers for another seed, purpose, step or key", async (gpu) => {
  const logits = new Float32Array(50 * 1003);
  const first = await draw(gpu, logits, 1003, {});
  assert(new Set(first).size > 40, "keys give different tokens");
  for (const change of [{ seed: 8 }, { purpose: 4 }]) {
    const other = await draw(gpu, logits, 1003, change);
    assert(other.filter((token, row) => token === first[row]).length < 3, JSON.stringify(change));
  }
  assert(samplingUniform({ ...plain, step: 1 }, 0) !== samplingUniform(plain, 0));
});

gpuTest("sampleTokens writes its column only, pads rows that are done and ends rows at the end token", async (gpu) => {
  const [eosId, padId, vocabSize, columns] = [2, 9, 5, 3];
  const logits = new Float32Array(4 * vocabSize);
  for (const [row, token] of [1, 2, 4, 2].entries()) logits[row * vocabSize + token] = 50;
  const tensors = {
    logits: gpu.upload(logits, [4, vocabSize]),
    tokens: gpu.upload(new Uint32Array(4 * columns).fill(7), [4, columns]),
    done: gpu.upload(Uint32Array.of(0, 0, 1, 1)),
    rows: gpu.upload(Uint32Array.of(0, 1, 2, 3)),
  };
  sampleTokens(gpu, tensors, { ...plain, step: 1, eosId, padId });
  const [tokens, done] = await gpu.readAll([tensors.tokens, tensors.done]);
  assertEquals([...tokens], [7, 1, 7, 7, 2, 7, 7, 9, 7, 7, 9, 7]);
  assertEquals([...done], [0, 1, 1, 1]);
  sampleTokens(gpu, tensors, { ...plain, temperature: 0, step: 2, eosId, padId });
  assertEquals([...await gpu.read(tensors.tokens)], [7, 1, 1, 7, 2, 9, 7, 9, 9, 7, 9, 9]);
});

gpuTest("sampleTokens gives the same tokens twice", async (gpu) => {
  const logits = spread(60, 1003);
  for (const change of [{}, { topK: 40, topP: 0.95 }]) {
    assertEquals(await draw(gpu, logits, 1003, change), await draw(gpu, logits, 1003, change));
  }
});

gpuTest("sampleTokens refuses options out of range and shapes that disagree", async (gpu) => {
  const tensors = {
    logits: gpu.allocate([2, 8]),
    tokens: gpu.allocate([2, 3], "u32"),
    done: gpu.allocate([2], "u32"),
    rows: gpu.allocate([2], "u32"),
  };
  const refused = (change: Partial<SamplingOptions>, message: string) =>
    assertThrows(() => sampleTokens(gpu, tensors, { ...plain, ...change }), RangeError, message);
  refused({ temperature: -1 }, "temperature is -1 but must be 0 or more");
  refused({ topK: 1.5 }, "topK is 1.5");
  refused({ topP: 0 }, "topP is 0 but must be above 0 and at most 1");
  refused({ step: 3 }, "step is 3 but must be a column of tokens, 0 to 2");
  refused({ seed: -1 }, "seed is -1 but must be an unsigned 32-bit integer");
  const rows = gpu.allocate([3], "u32");
  assertThrows(() => sampleTokens(gpu, { ...tensors, rows }, plain), RangeError, "axis B of rows is 3 but was 2");
  await gpu.settle();
});
