import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import type { Decoder } from "./decoder.ts";
import type { DecoderFamilyName } from "./decoder_config.ts";
import type { TokenBatch } from "./language_model.ts";
import { FORMS, tinyDecoder } from "./test_decoder.ts";

const gpu = await testGpu();
/** Texts side by side, each after so many tokens of padding on the left. */
function batchOf(
  gpu: Gpu,
  texts: readonly (readonly number[])[],
  tokens: number,
  starts: readonly number[],
): TokenBatch {
  const rows = texts.map((text, b) => Array.from({ length: tokens }, (_, t) => text[t - starts[b]] ?? 0));
  const positions = starts.flatMap((start) => Array.from({ length: tokens }, (_, t) => Math.max(0, t - start)));
  return {
    tokenIds: gpu.upload(Uint32Array.from(rows.flat()), [texts.length, tokens]),
    positions: gpu.upload(Uint32Array.from(positions), [texts.length, tokens]),
    spans: gpu.upload(Uint32Array.from(texts.flatMap((text, b) => [starts[b], starts[b] + text.length])), [
      texts.length,
      2,
    ]),
  };
}

/** The logits of every token, row by row. */
async function logitsOf(model: Decoder, batch: TokenBatch): Promise<Float32Array[]> {
  using tape = new Tape(gpu);
  const flat = await gpu.read(model.logits(tape, model.hiddenStates(tape, batch)).value) as Float32Array;
  const { vocabSize } = model.config;
  return Array.from(
    { length: flat.length / vocabSize },
    (_, row) => flat.slice(row * vocabSize, (row + 1) * vocabSize),
  );
}

for (const family of FORMS) {
  gpuTest(`${family}: the logits of a token do not depend on later ones`, async () => {
    using model = tinyDecoder(gpu, family);
    const whole = await logitsOf(model, batchOf(gpu, [[3, 1, 4, 1, 5, 9]], 6, [0]));
    const other = await logitsOf(model, batchOf(gpu, [[3, 1, 4, 2, 6, 5]], 6, [0]));
    assertEquals(other.slice(0, 3), whole.slice(0, 3));
    assertEquals(other.slice(3).some((row, i) => row.join() === whole[3 + i].join()), false);
  });

  gpuTest(`${family}: padding on either side, and the texts beside it, leave a text's logits as they are`, async () => {
    using model = tinyDecoder(gpu, family);
    const text = [3, 1, 4, 1];
    const alone = await logitsOf(model, batchOf(gpu, [text], 4, [0]));
    const texts = [[7, 7, 7, 7, 7, 7, 7], text, text];
    const together = await logitsOf(model, batchOf(gpu, texts, 7, [0, 3, 0]));
    for (const first of [7 + 3, 14]) {
      alone.forEach((expected, t) =>
        expected.forEach((value, v) => assertAlmostEquals(together[first + t][v], value, 1e-4, `token ${t}, ${v}`))
      );
    }
  });

  gpuTest(`${family}: an untied head is a parameter of its own`, async () => {
    using tied = tinyDecoder(gpu, family, { tiedHead: true });
    using untied = tinyDecoder(gpu, family, { tiedHead: false });
    const { vocabSize, hiddenSize, embeddingSize = hiddenSize } = tied.config;
    assertEquals(untied.store.parameterCount - tied.store.parameterCount, vocabSize * embeddingSize);
    gpu.clear(untied.store.get("lm_head.weight").value);
    const logits = await logitsOf(untied, batchOf(gpu, [[1, 2]], 2, [0]));
    assertEquals(logits.flatMap((row) => [...row]), Array(2 * vocabSize).fill(0));
  });
}

gpuTest("gpt2: weight decay takes the matrices and tables, not biases and norms", () => {
  assertDecayed("gpt2", /\.(wte|wpe|c_attn|c_proj|c_fc)\.weight$/);
  return Promise.resolve();
});

gpuTest("opt: weight decay takes the matrices and tables, not biases and norms", () => {
  assertDecayed("opt", /\.(embed_tokens|embed_positions|qkv_proj|out_proj|fc1|fc2)\.weight$|lm_head/);
  return Promise.resolve();
});

for (const family of ["llama", "qwen2", "qwen3", "gemma3_text"] as const) {
  gpuTest(`${family}: weight decay takes the matrices and tables, not biases and norms`, () => {
    assertDecayed(family, /\.(embed_tokens|qkv_proj|o_proj|gate_up_proj|down_proj)\.weight$|lm_head/);
    return Promise.resolve();
  });
}

function assertDecayed(family: DecoderFamilyName, decayed: RegExp): void {
  using model = tinyDecoder(gpu, family);
  const [{ decayedCount }] = model.store.segments;
  for (const [name, { blocks: [{ value }] }] of model.store.parameters) {
    assertEquals(value.offset / 4 < decayedCount, decayed.test(name), name);
  }
}
