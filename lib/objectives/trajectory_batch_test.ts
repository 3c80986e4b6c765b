import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { ONE_TEXT } from "#lib/models/language_model.ts";
import { packTrajectories, releaseBatch, type Trajectory } from "./trajectory_batch.ts";

const gpu = await testGpu();
/** Everything of a batch on the CPU, and the batch released. */
async function packed(trajectories: readonly Trajectory[], gamma?: number, seen?: "before" | "after") {
  const batch = packTrajectories(gpu, trajectories, ONE_TEXT, { gamma, seen });
  const { tokens, states, actions, weights, evenWeights, rowSpans } = batch;
  const tensors = [tokens.tokenIds, tokens.positions, tokens.spans, states, actions, weights, evenWeights, rowSpans];
  const values = (await gpu.readAll(tensors)).map((values) => [...values]);
  releaseBatch(gpu, batch);
  const [ids, positions, spans, stateRows, actionIds, weightValues, evenValues, rows] = values;
  return {
    shape: tokens.tokenIds.shape,
    ids,
    positions,
    spans,
    states: stateRows,
    actions: actionIds,
    weights: weightValues,
    evenWeights: evenValues,
    rowSpans: rows,
  };
}

gpuTest("two trajectories are packed as the fields say", async () => {
  const batch = await packed([{ prompt: [11, 12], response: [21, 22, 23] }, { prompt: [13], response: [24] }]);
  assertEquals(batch.shape, [2, 4]);
  assertEquals(batch.ids, [11, 12, 21, 22, 13, 0, 0, 0]);
  assertEquals(batch.positions, [0, 1, 2, 3, 0, 1, 2, 3]);
  assertEquals(batch.spans, [0, 4, 0, 1]);
  assertEquals(batch.states, [1, 2, 3, 4]);
  assertEquals(batch.actions, [21, 22, 23, 24]);
  assertEquals(batch.rowSpans, [0, 3, 3, 4]);
  assertEquals(batch.weights, [0.25, 0.25, 0.25, 0.25]);
});

const tokenId = fc.integer({ min: 1, max: 99 });
const someTokens = fc.array(tokenId, { minLength: 1, maxLength: 7 });
const someTrajectories = fc.array(fc.record({ prompt: someTokens, response: someTokens }), {
  minLength: 1,
  maxLength: 6,
});

gpuTest("the state of each action is the output at the token before it, which the model sees", async () => {
  await fc.assert(
    fc.asyncProperty(someTrajectories, async (trajectories) => {
      const { shape: [, tokens], ids, spans, states, actions, rowSpans } = await packed(trajectories);
      trajectories.forEach(({ prompt, response }, b) => {
        const text = [...prompt, ...response];
        const rows = states.slice(rowSpans[2 * b], rowSpans[2 * b + 1]);
        assertEquals(actions.slice(rowSpans[2 * b], rowSpans[2 * b + 1]), response);
        rows.forEach((state, t) => {
          const place = state - b * tokens;
          assertEquals(place, prompt.length - 1 + t);
          assert(place >= spans[2 * b] && place < spans[2 * b + 1]);
          assertEquals(ids[state], text[place]);
          assertEquals(response[t], text[place + 1]);
        });
      });
    }),
    { numRuns: 30 },
  );
});

gpuTest("after an action the state is the output at the action itself, of the last token too", async () => {
  const texts = [{ prompt: [11, 12], response: [21, 22, 23] }, { prompt: [13], response: [24] }];
  const batch = await packed(texts, 0.5, "after");
  assertEquals(batch.ids, [11, 12, 21, 22, 23, 13, 24, 0, 0, 0]);
  assertEquals(batch.spans, [0, 5, 0, 2]);
  assertEquals(batch.states, [2, 3, 4, 6]);
  assertEquals(batch.states.map((state) => batch.ids[state]), batch.actions);
  const before = await packed(texts, 0.5);
  assertEquals([batch.actions, batch.weights, batch.rowSpans], [before.actions, before.weights, before.rowSpans]);
});

gpuTest("an encoder-decoder's states after an action are those of its own text, behind the start token", async () => {
  const texts = [{ prompt: [11, 12], response: [21, 22] }, { prompt: [13], response: [24] }];
  const statesAt = async (seen: "before" | "after") => {
    const batch = packTrajectories(gpu, texts, { kind: "encoderDecoder", startId: 7 }, { seen });
    const [ids, states] = await gpu.readAll([batch.tokens.tokenIds, batch.states]);
    releaseBatch(gpu, batch);
    return { ids: [...ids], states: [...states] };
  };
  assertEquals(await statesAt("before"), { ids: [7, 21, 7, 0], states: [0, 1, 2] });
  assertEquals(await statesAt("after"), { ids: [7, 21, 22, 7, 24, 0], states: [1, 2, 4] });
});

gpuTest("weights sum to 1 at gamma 1 and are then the even weights", async () => {
  await fc.assert(
    fc.asyncProperty(someTrajectories, async (trajectories) => {
      const { weights, evenWeights } = await packed(trajectories);
      assertEquals(weights, evenWeights);
      assertAlmostEquals(weights.reduce((sum, weight) => sum + weight, 0), 1, 1e-6);
    }),
    { numRuns: 30 },
  );
});

gpuTest("a discount weighs the t-th token of every response by γ^(t−1) / N", async () => {
  const batch = await packed([{ prompt: [1], response: [2, 3, 4] }, { prompt: [1, 1], response: [5, 6] }], 0.5);
  assertEquals(batch.weights, [1, 0.5, 0.25, 1, 0.5].map((discount) => Math.fround(discount / 5)));
  assertEquals(batch.evenWeights, Array(5).fill(Math.fround(1 / 5)));
});

gpuTest("a trajectory without a response or a prompt is refused by its number", () => {
  const fine = { prompt: [1], response: [2] };
  const pack = (bad: Trajectory) => () => packTrajectories(gpu, [fine, bad], ONE_TEXT);
  assertThrows(
    pack({ prompt: [1, 2], response: [] }),
    RangeError,
    "Cannot pack trajectory 1: it has no response",
  );
  assertThrows(pack({ prompt: [], response: [1] }), RangeError, "Cannot pack trajectory 1: it has no prompt");
  assertThrows(() => packTrajectories(gpu, [], ONE_TEXT), RangeError, "Cannot pack no trajectories");
});

gpuTest("releasing a batch gives back all of its buffers", () => {
  const cycle = () => {
    releaseBatch(gpu, packTrajectories(gpu, [{ prompt: Array(300).fill(1), response: Array(500).fill(2) }], ONE_TEXT));
    // A dispatchless flush submits nothing: the uploads may take released buffers only after a submit.
    const scratch = gpu.allocate([1]);
    gpu.clear(scratch);
    gpu.release(scratch);
    gpu.flush();
    return gpu.liveBuffers;
  };
  const first = cycle();
  for (let i = 0; i < 4; i++) assertEquals(cycle(), first);
});
