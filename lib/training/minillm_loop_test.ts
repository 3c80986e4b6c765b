import { assert, assertEquals, assertRejects } from "@std/assert";
import { Gpu } from "#kernels/runtime/gpu.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { ANCESTRAL, generate } from "#lib/generation/generate.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { type MiniLlmSettings } from "#lib/objectives/minillm.ts";
import { MINILLM_DEFAULTS } from "#lib/objectives/test_minillm.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { MeasureLog } from "./measure_log.ts";
import { miniLlmLoop } from "./minillm_loop.ts";
import type { CollectedTexts } from "./rollout_collection.ts";
import { assertResumes } from "./test_snapshots.ts";

const gpu = await testGpu();
const NO_END = 0xffffffff;
const NEW_TOKENS = 5;
const prompts = [[3, 1, 4], [6, 5, 3], [2, 7, 1]];
const dataTexts: readonly Trajectory[] = prompts.map((prompt) => ({ prompt, response: [7, 8, 9, 10] }));

interface Trial {
  readonly settings?: Partial<MiniLlmSettings>;
  readonly steps?: number;
  readonly logEvery?: number;
  readonly learningRate?: number;
  readonly gpu?: Gpu;
  readonly onStep?: (step: number) => void;
  readonly onRollouts?: () => void;
  readonly checkpoint?: Checkpoint;
  /** What rollouts() gives in place of mini-batches, to see it refused. */
  readonly noTexts?: boolean;
}

/**
 * Runs the loop on tiny players, a teacher less sure of its words than the student, and returns what was drawn, logged
 * and learned.
 */
async function runTrial(trial: Trial = {}) {
  const { steps = 10, logEvery = 2, learningRate = 0.005, gpu: device = gpu } = trial;
  const settings = { ...MINILLM_DEFAULTS, ppoEpochs: 2, rolloutBatches: 2, ...trial.settings };
  using student = tinyDecoder(device, "llama", { spread: 4 });
  using teacher = tinyDecoder(device, "llama", { spread: 1, seed: 2 });
  const log = new MeasureLog(device, "test", logEvery);
  const drawn = { rollouts: [] as number[], data: 0, awaits: 0 };
  const teacherBefore = await teacher.store.read();
  trial.checkpoint?.keep("purposes of rollouts", {
    state: () => ({ values: [...drawn.rollouts] }),
    restore: ({ values }) => void drawn.rollouts.push(...values),
  });
  await miniLlmLoop(device, {
    players: { student, teacher },
    settings,
    texts: {
      rollouts: async (batches) => {
        trial.onRollouts?.();
        if (trial.noTexts) return [];
        const all = Array.from({ length: batches }, () => prompts).flat();
        const before = device.awaits;
        const responses = await generate(device, student, all.map((promptIds, key) => ({ promptIds, key })), {
          ...ANCESTRAL,
          maxNewTokens: NEW_TOKENS,
          eosId: NO_END,
          padId: 0,
          seed: 1,
          purpose: `rollouts ${drawn.rollouts.push(batches)}`,
        }, { model: teacher, weight: settings.mixtureWeight });
        drawn.awaits += device.awaits - before;
        const texts = all.map((prompt, i) => ({ prompt, response: responses[i] }));
        return Array.from({ length: batches }, (_, b) => texts.slice(prompts.length * b, prompts.length * (b + 1)));
      },
      data: () => (drawn.data++, dataTexts),
    },
    schedule: { steps, warmupSteps: 0, learningRate, finalLearningRateFraction: 0.1 },
    optimizer: { betas: [0.9, 0.99], eps: 1e-8, weightDecay: 0.01 },
    maxGradNorm: 1,
    random: new RandomStream(1, "mini-batches"),
    log,
    checkpoint: trial.checkpoint,
    onStep: (step) => {
      trial.onStep?.(step);
      return Promise.resolve();
    },
  });
  assertEquals(await teacher.store.read(), teacherBefore);
  return { drawn, rows: log.rows, parameters: await student.store.read() };
}

const valuesOf = (rows: MeasureLog["rows"], measure: string) =>
  rows.filter((row) => row.measure === measure).map(({ value }) => value);

gpuTest("it takes as many optimizer steps as its schedule has, reporting before the first and after each", async () => {
  for (const steps of [1, 4, 10]) {
    const seen: number[] = [];
    const { drawn, rows } = await runTrial({ steps, logEvery: 1, onStep: (step) => seen.push(step) });
    assertEquals(seen, Array.from({ length: steps + 1 }, (_, step) => step));
    assertEquals(drawn.data, steps);
    for (const measure of ["loss", "policy_loss", "reverse_kl", "reward", "clip_fraction", "task_loss", "grad_norm"]) {
      assertEquals(valuesOf(rows, measure).length, steps, measure);
    }
  }
});

gpuTest(
  "texts are collected anew after every ppoEpochs passes, and at the end no more than the steps left can use",
  async () => {
    const collected = async (steps: number, settings: Partial<MiniLlmSettings>) =>
      (await runTrial({ steps, settings })).drawn.rollouts;
    assertEquals(await collected(10, { ppoEpochs: 2, rolloutBatches: 2 }), [2, 2, 2]);
    assertEquals(await collected(9, { ppoEpochs: 2, rolloutBatches: 2 }), [2, 2, 1]);
    assertEquals(await collected(7, { ppoEpochs: 1, rolloutBatches: 3 }), [3, 3, 1]);
    assertEquals(await collected(3, { ppoEpochs: 4, rolloutBatches: 4 }), [3]);
  },
);

gpuTest("every pass learns from each mini-batch once, and the rewards are those of the collection", async () => {
  const settings = { ppoEpochs: 3, rolloutBatches: 4 };
  const { rows } = await runTrial({ steps: 12, logEvery: 1, settings });
  const rewards = valuesOf(rows, "reward");
  const passes = [rewards.slice(0, 4), rewards.slice(4, 8), rewards.slice(8)];
  const sorted = passes.map((pass) => pass.toSorted((a, b) => a - b));
  assertEquals(new Set(sorted[0]).size, 4);
  assertEquals([sorted[1], sorted[2]], [sorted[0], sorted[0]]);
  assert(passes[1].join() !== passes[0].join() || passes[2].join() !== passes[0].join());
});

gpuTest("the data are left alone where taskWeight is 0", async () => {
  const { drawn, rows } = await runTrial({ steps: 3, settings: { taskWeight: 0 } });
  assertEquals(drawn.data, 0);
  assertEquals(valuesOf(rows, "task_loss"), []);
});

gpuTest("two runs give equal bits, in parameters and measures", async () => {
  const [one, two] = [await runTrial(), await runTrial()];
  assertEquals(two.parameters, one.parameters);
  assertEquals(two.rows, one.rows);
});

gpuTest("a run that goes on from any step, in the middle of a collection too, ends the same to the bit", async () => {
  for (const settings of [{}, { taskWeight: 0, singleStep: false, ppoEpochs: 3 }]) {
    const train = async (checkpoint?: Checkpoint) => {
      const seen: number[] = [];
      const { rows, parameters, drawn } = await runTrial({
        settings,
        steps: 7,
        logEvery: 3,
        checkpoint,
        onStep: (step) => seen.push(step),
      });
      return { rows, parameters, rollouts: drawn.rollouts, end: seen.at(-1) ?? 7 };
    };
    const snapshots = await assertResumes(gpu, train, [1, 2, 3, 4, 6, 7]);
    // After a whole collection there is nothing of it to keep.
    const texts = snapshots.map(({ parts }) => (parts.rollouts.values as CollectedTexts).texts.length);
    assertEquals(texts, settings.ppoEpochs === 3 ? [2, 2, 2, 2, 2, 0, 1] : [2, 2, 2, 0, 2, 2, 2]);
  }
});

gpuTest("without a task the student comes nearer to its teacher in reverse KL, and earns more", async () => {
  const { rows } = await runTrial({ settings: { taskWeight: 0 }, steps: 60, logEvery: 12, learningRate: 0.01 });
  const [divergences, rewards] = [valuesOf(rows, "reverse_kl"), valuesOf(rows, "reward")];
  assert(divergences.at(-1)! < 0.6 * divergences[0], `reverse KL ${divergences}`);
  assert(rewards.at(-1)! > 0.6 * rewards[0], `rewards ${rewards}`);
});

gpuTest("the policy gradient alone, on the student's own texts, raises the reward", async () => {
  const settings = { taskWeight: 0, singleStep: false, mixtureWeight: 0, whitened: false, gamma: 0 };
  const { rows } = await runTrial({ settings, steps: 60, logEvery: 12, learningRate: 0.01 });
  const rewards = valuesOf(rows, "reward");
  assert(rewards.at(-1)! > 0.7 * rewards[0], `rewards ${rewards}`);
});

gpuTest("no GPU buffer is created from the third collection on", async () => {
  for (const settings of [{}, { singleStep: false, taskWeight: 0 }]) {
    // A device of its own: what other tests left in the pool would hide a leak.
    await using own = await Gpu.open();
    const [atCollections, inSteps]: number[][] = [[], []];
    await runTrial({
      gpu: own,
      settings,
      steps: 16,
      logEvery: 5,
      onRollouts: () => atCollections.push(own.liveBuffers),
      onStep: () => inSteps.push(own.liveBuffers),
    });
    assertEquals(atCollections.length, 4);
    assertEquals(new Set(atCollections.slice(2)).size, 1, `${atCollections}`);
    // Steps 9 and 10 are of the third collection.
    assertEquals(new Set(inSteps.slice(10)).size, 1, `${inSteps}`);
  }
});

gpuTest("a step awaits the GPU at most once on average, besides collecting texts and reading the log", async () => {
  const before = gpu.awaits;
  const { drawn } = await runTrial({ steps: 16, logEvery: 100 });
  const scored = drawn.rollouts.reduce((sum, batches) => sum + batches, 0);
  // Writing the texts, and reading the log and the three stores that the trial reads.
  const awaits = gpu.awaits - before - drawn.awaits - 1 - 3;
  assert(awaits <= 16 + scored, `${awaits} awaits in 16 steps`);
});

gpuTest("no passes, and a collection without texts, are refused", async () => {
  await assertRejects(() => runTrial({ settings: { ppoEpochs: 0 } }), RangeError, "ppoEpochs is 0, not 1 or more");
  await assertRejects(() => runTrial({ noTexts: true }), RangeError, "rollouts() gave no texts");
});
