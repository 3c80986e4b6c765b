import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import { crossEntropy } from "#kernels/cross_entropy/cross_entropy.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { weightedSum } from "#kernels/weighted_sum/weighted_sum.ts";
import { Tape } from "#lib/autograd/tape.ts";
import type { Decoder } from "./decoder.ts";
import type { DecoderConfig } from "./decoder_config.ts";
import type { TokenBatch } from "./language_model.ts";
import { type DecoderForm, FORMS, tinyDecoder } from "./test_decoder.ts";

const gpu = await testGpu();
const TEXT = Array.from({ length: 14 }, (_, i) => (i * i + 3 * i) % 27);

function batchOf(text: readonly number[], firstPosition = 0): TokenBatch {
  const shape = [1, text.length];
  return {
    tokenIds: gpu.upload(Uint32Array.from(text), shape),
    positions: gpu.upload(Uint32Array.from(text, (_, i) => firstPosition + i), shape),
    spans: gpu.upload(Uint32Array.of(0, text.length), [1, 2]),
  };
}

/** The logits of every token. */
async function logitsOf(model: Decoder, text: readonly number[] = TEXT, firstPosition = 0): Promise<number[][]> {
  using tape = new Tape(gpu);
  const hidden = model.hiddenStates(tape, batchOf(text, firstPosition));
  assertEquals(hidden.value.shape, [text.length, model.config.hiddenSize]);
  const flat = [...await gpu.read(model.logits(tape, hidden).value)];
  const { vocabSize } = model.config;
  return text.map((_, t) => flat.slice(t * vocabSize, (t + 1) * vocabSize));
}

/** Changes a parameter in place. */
async function change(model: Decoder, name: string, of: (value: number, i: number) => number): Promise<void> {
  const { value } = model.store.get(name);
  const values = await gpu.read(value) as Float32Array<ArrayBuffer>;
  gpu.write(value, values.map(of));
}

/** The parameters of one model into another that has the same, and perhaps more. */
async function copyInto(from: Decoder, to: Decoder): Promise<void> {
  for (const [name, values] of await from.store.read()) gpu.write(to.store.get(name).value, values);
}

function assertClose(actual: readonly number[][], expected: readonly number[][], tolerance: number): void {
  actual.forEach((row, t) =>
    row.forEach((value, v) => assertAlmostEquals(value, expected[t][v], tolerance, `token ${t}`))
  );
}

/** The mean loss of the next tokens, on a tape. */
function lossOf(tape: Tape, model: Decoder) {
  const labels = Uint32Array.from(TEXT, (_, i) => TEXT[(i + 1) % TEXT.length]);
  const logits = model.logits(tape, model.hiddenStates(tape, batchOf(TEXT)));
  const perToken = tape.apply(crossEntropy, { logits, labels: tape.constant(gpu.upload(labels)) }, {});
  const weights = gpu.upload(new Float32Array(TEXT.length).fill(1 / TEXT.length));
  return tape.apply(weightedSum, { x: perToken, weights: tape.constant(weights) }, {});
}

for (const form of FORMS) {
  gpuTest(`${form}: along its gradient the loss rises as fast as the gradient is long`, async () => {
    using model = tinyDecoder(gpu, form, { spread: 2 });
    const at = async () => {
      using tape = new Tape(gpu);
      return (await gpu.read(lossOf(tape, model).value))[0];
    };
    {
      using tape = new Tape(gpu, { learning: [model.store] });
      model.store.zeroGradients();
      tape.backward(lossOf(tape, model));
    }
    const gradients = await model.store.readGradients();
    const length = Math.hypot(...[...gradients.values()].flatMap((values) => [...values]));
    const start = await model.store.read();
    const losses: number[] = [];
    const step = 3e-4;
    for (const side of [1, -1]) {
      for (const [name, values] of start) {
        const gradient = gradients.get(name)!;
        gpu.write(model.store.get(name).value, values.map((value, i) => value + side * step * gradient[i] / length));
      }
      losses.push(await at());
    }
    const slope = (losses[0] - losses[1]) / (2 * step);
    assert(Math.abs(slope - length) < 0.01 * length, `${slope} for ${length}`);
  });
}

gpuTest(
  "mistral without its window is llama, to the bit; with it, a token sees no farther than the windows of its layers",
  async () => {
    const layout = { vocabSize: 33, numKvHeads: 2 };
    using llama = tinyDecoder(gpu, "llama", layout);
    using mistral = tinyDecoder(gpu, "mistral", layout);
    using wide = tinyDecoder(gpu, "mistral", { ...layout, window: { tokens: TEXT.length, layers: [true, true] } });
    assertEquals(await logitsOf(wide), await logitsOf(llama));
    // Two layers of a window of 6 tokens see 11.
    const changed = await logitsOf(mistral, [TEXT[0] + 1, ...TEXT.slice(1)]);
    const same = (await logitsOf(mistral)).map((row, t) => row.join() === changed[t].join());
    assertEquals(same, TEXT.map((_, t) => t >= 11));
  },
);

gpuTest("qwen2 is llama where its biases are 0, and only there", async () => {
  const changes: Partial<DecoderConfig> = { vocabSize: 33, numKvHeads: 2, window: undefined };
  using llama = tinyDecoder(gpu, "llama", changes);
  using qwen2 = tinyDecoder(gpu, "qwen2", changes);
  await copyInto(llama, qwen2);
  assertClose(await logitsOf(qwen2), await logitsOf(llama), 1e-6);
  for (const row of [0, 20, 30]) {
    const before = await logitsOf(qwen2);
    await change(qwen2, "model.layers.0.self_attn.qkv_proj.bias", (value, i) => i === row ? 1 : value);
    assertNotEquals(await logitsOf(qwen2), before);
  }
});

for (const form of ["qwen3", "gemma3_text"] as const) {
  gpuTest(`${form}: the length of queries and keys does not matter, that of values does`, async () => {
    using model = tinyDecoder(gpu, form);
    const { numHeads, numKvHeads, headSize, hiddenSize } = model.config;
    const before = await logitsOf(model);
    const normed = (numHeads + numKvHeads) * headSize * hiddenSize;
    const name = "model.layers.1.self_attn.qkv_proj.weight";
    await change(model, name, (value, i) => i < normed ? 4 * value : value);
    assertClose(await logitsOf(model), before, 1e-4);
    await change(model, name, (value, i) => i < normed ? value : 4 * value);
    assertNotEquals(await logitsOf(model), before);
  });
}

const rotated = FORMS.filter((form) => !/gpt2|opt/.test(form));
gpuTest("rotated positions count from anywhere; learned ones, from their first", async () => {
  for (const form of rotated) {
    using model = tinyDecoder(gpu, form);
    assertClose(await logitsOf(model, TEXT, 20), await logitsOf(model), 2e-4);
  }
  for (const form of ["gpt2", "opt", "opt-350m"] as const) {
    using model = tinyDecoder(gpu, form);
    assertNotEquals((await logitsOf(model, TEXT, 20))[0], (await logitsOf(model))[0]);
  }
});

gpuTest("the scaling of LLaMA 3 changes what is farther back, but not with a factor of 1", async () => {
  const scaling = { type: "llama3", lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8 } as const;
  const logits = async (changes: Partial<DecoderConfig>) => {
    using model = tinyDecoder(gpu, "llama", changes);
    return await logitsOf(model);
  };
  const plain = await logits({});
  assertEquals(await logits({ ropeScaling: { ...scaling, factor: 1 } }), plain);
  const scaled = await logits({ ropeScaling: { ...scaling, factor: 8 } });
  assertEquals(scaled[0], plain[0]);
  assertNotEquals(scaled[13], plain[13]);
});

gpuTest("gemma3_text: a window's layers have their own rotations, and no stretched ones", async () => {
  const logits = async (changes: Partial<DecoderConfig>) => {
    using model = tinyDecoder(gpu, "gemma3_text", changes);
    return await logitsOf(model);
  };
  const windowed = { tokens: 5, layers: [true, true], ropeTheta: 100 };
  const plain = await logits({ window: windowed });
  assertEquals(await logits({ window: windowed, ropeTheta: 7, ropeScaling: { type: "linear", factor: 8 } }), plain);
  assertNotEquals(await logits({ window: { ...windowed, ropeTheta: 50 } }), plain);
});

const POSITIONS = "model.decoder.embed_positions.weight";
for (const form of ["opt", "opt-350m"] satisfies DecoderForm[]) {
  gpuTest(`${form}: the first token has row 2 of the positions, and nothing has rows 0 and 1`, async () => {
    using model = tinyDecoder(gpu, form);
    const { hiddenSize } = model.config;
    const before = await logitsOf(model);
    await change(model, POSITIONS, (value, i) => i < 2 * hiddenSize ? value + 1 : value);
    assertEquals(await logitsOf(model), before);
    await change(model, POSITIONS, (value, i) => Math.floor(i / hiddenSize) === 2 ? value + i % 3 : value);
    assertNotEquals((await logitsOf(model))[0], before[0]);
  });
}

gpuTest("opt-350m: hidden states are as wide as the layers, and what the head reads is projected", async () => {
  using model = tinyDecoder(gpu, "opt-350m");
  await change(model, "model.decoder.project_out.weight", () => 0);
  assertEquals((await logitsOf(model)).flat(), Array(TEXT.length * model.config.vocabSize).fill(0));
});
