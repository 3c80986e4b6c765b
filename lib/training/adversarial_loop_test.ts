import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { multiply } from "#kernels/elementwise/multiply/multiply.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { ones, ParameterStore } from "#lib/nn/parameter_store.ts";
import { meanOverTokens } from "#lib/objectives/states.ts";
import { adversarialLoop, type AdversarialRun } from "./adversarial_loop.ts";
import { Checkpoint } from "./checkpoint.ts";
import { MeasureLog } from "./measure_log.ts";
import { assertResumes } from "./test_snapshots.ts";

const gpu = await testGpu();

const STEPS = 3;
const WARMUP = 2;
const RATE = 0.01;
/** With so small moments' memory, Adam moves a parameter by the learning rate in the direction of its gradient's sign. */
const SIGN = { betas: [0, 0], eps: 1e-12, weightDecay: 0 } as const;

/**
 * The game min_x max_{y, z} x·(y + z) from x = y = z = 1, each a mean over four numbers: a player whose loss is linear in it and two
 * adversaries of other rates, none of which is a model or a critic.
 */
async function play(checkpoint?: Checkpoint, onRound: (what: string) => void = () => {}) {
  const store = () => new ParameterStore(gpu, [{ name: "value", shape: [4], decayed: false, initial: ones }], () => 0);
  const [x, y, z] = [store(), store(), store()];
  const weights = gpu.upload(new Float32Array(4).fill(0.25));
  const product = (tape: Tape, one: ParameterStore, other: ParameterStore): Variable => {
    const factors = { x: tape.parameter(one.get("value")), y: tape.parameter(other.get("value")) };
    return meanOverTokens(tape, tape.apply(multiply, factors, {}), { weights });
  };
  const log = new MeasureLog(gpu, "game", 1);
  const adversary = (name: string, store: ParameterStore, learningRateFactor: number) => ({
    ...{ name, store, learningRateFactor, optimizer: SIGN },
    ascent: (tape: Tape) => {
      const value = product(tape, x, store);
      return { value, measures: { [`${name}_value`]: value } };
    },
  });
  const run: AdversarialRun<Record<never, never>> = {
    player: {
      ...{ name: "player", store: x, optimizer: SIGN, maxGradNorm: 1e6 },
      schedule: { steps: STEPS, learningRate: RATE, warmupSteps: 0, finalLearningRateFraction: 1 },
      descent(tape) {
        const loss = product(tape, x, y);
        return { loss, measures: { loss } };
      },
    },
    adversaries: [adversary("first", y, 2), adversary("second", z, 5)],
    adversaryName: "reward",
    adversarySteps: 2,
    warmupRounds: WARMUP,
    texts(round) {
      onRound(`texts ${JSON.stringify(round)}`);
      return Promise.resolve({
        adversaries: (step) => (onRound(`adversaries ${step}`), [{}]),
        player: () => (onRound("player"), [{}]),
      });
    },
    ...{ log, checkpoint },
    onStep: (step) => Promise.resolve(onRound(`step ${step}`)),
  };
  await adversarialLoop(gpu, run);
  const values = await Promise.all([x, y, z].map(async (store) => (await store.read()).get("value")![0]));
  for (const each of [x, y, z]) each[Symbol.dispose]();
  gpu.release(weights);
  return { values, rows: log.rows };
}

gpuTest(
  "adversaries ascend at their own rates in every round, and the player descends once the warm-up is over",
  async () => {
    const { values: [x, y, z], rows } = await play();
    const rounds = WARMUP + STEPS;
    assertAlmostEquals(x, 1 - STEPS * RATE, 1e-6);
    assertAlmostEquals(y, 1 + 2 * rounds * 2 * RATE, 1e-5);
    assertAlmostEquals(z, 1 + 2 * rounds * 5 * RATE, 1e-5);
    const measures = new Set(rows.map(({ measure }) => measure));
    for (const name of ["loss", "grad_norm", "reward_loss", "reward_grad_norm", "first_value", "second_value"]) {
      assert(measures.has(name), `${name} of ${[...measures]}`);
    }
  },
);

gpuTest(
  "a round draws its texts at once, then a batch for each step of the adversaries, then the player's",
  async () => {
    const asked: string[] = [];
    await play(undefined, (what) => asked.push(what));
    const warmUp = ['texts {"adversarySteps":2,"playerSteps":false}', "adversaries 0", "adversaries 1"];
    const round = ['texts {"adversarySteps":2,"playerSteps":true}', "adversaries 0", "adversaries 1"];
    assertEquals(asked, [
      ...[...warmUp, ...warmUp, ...round, "step 0", "player", "step 1"],
      ...[...round, "player", "step 2", ...round, "player", "step 3"],
    ]);
  },
);

gpuTest("a game ends the same to the bit, whenever it was stopped", async () => {
  await assertResumes(gpu, (checkpoint) => play(checkpoint), [1, 2, 3, WARMUP + STEPS]);
});
