import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { EncoderDecoder } from "./encoder_decoder.ts";
import { tinyEncoderDecoder } from "./test_encoder_decoder.ts";

const gpu = await testGpu();
/** Logits `"B T V"` of responses (start token included) to sources, both padded on the right with the given ids. */
async function logitsOf(
  model: EncoderDecoder,
  sources: readonly (readonly number[])[],
  responses: readonly (readonly number[])[],
  padId = 0,
): Promise<Float32Array> {
  using tape = new Tape(gpu);
  const pad = (texts: readonly (readonly number[])[]) => {
    const length = Math.max(...texts.map((text) => text.length));
    const ids = texts.flatMap((text) => [...text, ...Array(length - text.length).fill(padId)]);
    return {
      tokenIds: tape.adopt(gpu.upload(Uint32Array.from(ids), [texts.length, length])),
      spans: tape.adopt(gpu.upload(Uint32Array.from(texts.flatMap((text) => [0, text.length])), [texts.length, 2])),
    };
  };
  const read = pad(responses);
  const hidden = model.hiddenStates(tape, { ...read, positions: read.tokenIds, source: pad(sources) });
  return await gpu.read(model.logits(tape, hidden).value) as Float32Array;
}

const source = [5, 9, 2, 30, 7];
const response = [0, 4, 8, 15];

gpuTest("encoder-decoder: the decoder is causal, and every source token matters to every response token", async () => {
  using model = tinyEncoderDecoder(gpu);
  const before = await logitsOf(model, [source], [response]);
  const [vocab, last] = [model.config.vocabSize, response.length - 1];
  const laterChanged = await logitsOf(model, [source], [[...response.slice(0, last), 16]]);
  assertEquals(laterChanged.subarray(0, last * vocab), before.subarray(0, last * vocab));
  assert(laterChanged[last * vocab] !== before[last * vocab]);
  for (let place = 0; place < source.length; place++) {
    const changed = await logitsOf(model, [source.with(place, 1)], [response]);
    for (let t = 0; t < response.length; t++) assert(changed[t * vocab] !== before[t * vocab], `${place} ${t}`);
  }
});

gpuTest("encoder-decoder: padding of either side changes nothing, whatever its id", async () => {
  using model = tinyEncoderDecoder(gpu);
  const alone = await logitsOf(model, [source], [response]);
  for (const padId of [0, 21]) {
    const beside = await logitsOf(model, [source, [3, 3, 3, 3, 3, 3, 3, 3]], [response, [0, 2, 2, 2, 2, 2]], padId);
    alone.forEach((logit, i) => assertAlmostEquals(beside[i], logit, 1e-5));
  }
});

gpuTest("encoder-decoder: the order of source tokens is seen through the relative bias alone", async () => {
  using model = tinyEncoderDecoder(gpu);
  const before = await logitsOf(model, [source], [response]);
  const turned = await logitsOf(model, [source.toReversed()], [response]);
  assert(turned.some((logit, i) => Math.abs(logit - before[i]) > 1e-3));
  for (const stack of ["encoder", "decoder"]) {
    const { value } = model.store.get(`${stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight`);
    gpu.write(value, new Float32Array(model.config.numBuckets * model.config.numHeads));
  }
  const blind = await logitsOf(model, [source], [response]);
  const blindTurned = await logitsOf(model, [source.toReversed()], [response]);
  blind.forEach((logit, i) => assertAlmostEquals(blindTurned[i], logit, 1e-4));
});

gpuTest("encoder-decoder: T5's tied head divides hidden states by the root of their size", async () => {
  using plain = tinyEncoderDecoder(gpu, { tiedHead: true });
  using scaled = new EncoderDecoder(gpu, { ...plain.config, scaledHead: true }, () => 0);
  scaled.store.copyFrom(plain.store);
  const [before, after] = [await logitsOf(plain, [source], [response]), await logitsOf(scaled, [source], [response])];
  before.forEach((logit, i) => assertAlmostEquals(after[i], logit / Math.sqrt(plain.config.hiddenSize), 1e-5));
});

gpuTest("encoder-decoder: a batch without a source is refused", () => {
  using model = tinyEncoderDecoder(gpu);
  using tape = new Tape(gpu);
  const ids = tape.adopt(gpu.upload(Uint32Array.of(0, 1), [1, 2]));
  const batch = { tokenIds: ids, positions: ids, spans: tape.adopt(gpu.upload(Uint32Array.of(0, 2), [1, 2])) };
  assertThrows(() => model.hiddenStates(tape, batch), RangeError, "the batch has no source");
});
