import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { gpuTest } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { newModel } from "#lib/models/checkpoint.ts";
import { gpt2Config } from "#lib/models/gpt2.ts";
import { generate, GREEDY } from "./generate.ts";

const VOCAB = 50_257;
const HIDDEN = 768;
const PROMPT = [0, 43_647, 43_648, 50_256];

gpuTest("a table of GPT-2's size, 147 MiB, is embedded from and headed to on any device", async (gpu) => {
  const sizes = { vocabSize: VOCAB, hiddenSize: HIDDEN, numLayers: 1, numHeads: 12, maxPositions: 16 };
  using model = newModel(gpu, gpt2Config(sizes));
  const { store } = model;
  const table = Float32Array.from({ length: VOCAB * HIDDEN }, (_, i) => 0.05 * Math.sin(0.37 * i + 1e-9 * i * i));
  store.writeRows("transformer.wte.weight", 0, table);
  store.writeRows("transformer.ln_f.weight", 0, new Float32Array(HIDDEN).fill(1));
  // Every other parameter is 0, so that the last hidden state is the normed embedding.
  using tape = new Tape(gpu);
  const batch = {
    tokenIds: gpu.upload(Uint32Array.from(PROMPT), [1, PROMPT.length]),
    positions: gpu.upload(Uint32Array.from(PROMPT.keys()), [1, PROMPT.length]),
    spans: gpu.upload(Uint32Array.of(0, PROMPT.length), [1, 2]),
  };
  const hidden = model.hiddenStates(tape, batch);
  const [states, logits] = await gpu.readAll([hidden.value, model.logits(tape, hidden).value]);
  const rowOf = (id: number) => table.subarray(id * HIDDEN, (id + 1) * HIDDEN);
  const largest = PROMPT.map((id, t) => {
    const row = rowOf(id);
    const mean = row.reduce((sum, x) => sum + x, 0) / HIDDEN;
    const deviation = Math.sqrt(row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / HIDDEN + 1e-5);
    const state = states.subarray(t * HIDDEN, (t + 1) * HIDDEN);
    row.forEach((x, c) => assertAlmostEquals(state[c], (x - mean) / deviation, 1e-5));
    let best = 0;
    for (let v = 0; v < VOCAB; v += 1) {
      const logit = logits[t * VOCAB + v];
      if (logit > logits[t * VOCAB + best]) best = v;
      if (v % 997 !== 0 && !PROMPT.includes(v)) continue;
      assertAlmostEquals(
        logit,
        rowOf(v).reduce((sum, x, c) => sum + x * state[c], 0),
        2e-4,
        `logit ${v} of token ${t}`,
      );
    }
    return best;
  });
  assert(logits.length === PROMPT.length * VOCAB);
  const settings = { ...GREEDY, maxNewTokens: 1, eosId: VOCAB, padId: 0, seed: 1, purpose: "large table" };
  const texts = await generate(gpu, model, PROMPT.map((id, key) => ({ promptIds: [id], key })), settings);
  assertEquals(texts, largest.map((token) => [token]));
});
