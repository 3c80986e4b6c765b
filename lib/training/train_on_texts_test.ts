import { assert, assertEquals, assertRejects } from "@std/assert";
import { Gpu } from "#kernels/runtime/gpu.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { ANCESTRAL, generate } from "#lib/generation/generate.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { distillation } from "#lib/objectives/distillation.ts";
import { fineTuning } from "#lib/objectives/supervised.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { DistillmTexts } from "./distillm_texts.ts";
import { Checkpoint, type UnreadSnapshot } from "./checkpoint.ts";
import { MeasureLog } from "./measure_log.ts";
import { assertResumes, EveryStep } from "./test_snapshots.ts";
import { trainOnTexts } from "./train_on_texts.ts";

const gpu = await testGpu();
/** Texts that count upward: what follows is decided by the token before. */
const texts: readonly Trajectory[] = Array.from({ length: 8 }, (_, i) => ({
  prompt: [2 + i, 3 + i, 4 + i],
  response: [5 + i, 6 + i, 7 + i, 8 + i],
}));

const common = {
  schedule: { steps: 24, warmupSteps: 4, learningRate: 0.01, finalLearningRateFraction: 0.1 },
  optimizer: { betas: [0.9, 0.99], eps: 1e-8, weightDecay: 0.01 },
  maxGradNorm: 1,
} as const;

/** Fine-tunes a fresh student on batches of four and returns everything that came of it. */
async function fineTune(
  { logEvery = 6, onStep, gpu: device = gpu, checkpoint, steps = 24 }: {
    logEvery?: number;
    onStep?: (step: number) => void;
    gpu?: Gpu;
    checkpoint?: Checkpoint;
    steps?: number;
  } = {},
) {
  using student = tinyDecoder(device, "llama", { spread: 1 });
  const log = new MeasureLog(device, "test", logEvery);
  let drawn = 0;
  checkpoint?.keep("draws", { state: () => ({ values: drawn }), restore: ({ values }) => drawn = values });
  await trainOnTexts(device, {
    ...common,
    players: { student },
    store: student.store,
    objective: fineTuning,
    schedule: { ...common.schedule, steps },
    nextTexts: () => drawn++ % 2 === 0 ? texts.slice(0, 4) : texts.slice(4),
    log,
    checkpoint,
    onStep: (step) => {
      onStep?.(step);
      return Promise.resolve();
    },
  });
  return { rows: log.rows, drawn, parameters: await student.store.read() };
}

gpuTest(
  "fine-tuning learns its texts, drawing once a step and reporting before the first step and after each",
  async () => {
    const steps: number[] = [];
    const { rows, drawn } = await fineTune({ onStep: (step) => steps.push(step) });
    assertEquals(drawn, 24);
    assertEquals(steps, Array.from({ length: 25 }, (_, step) => step));
    const losses = rows.filter(({ measure }) => measure === "loss");
    assertEquals(losses.map(({ step }) => step), [6, 12, 18, 24]);
    assert(losses[3].value < 0.6 * losses[0].value, `${losses.map(({ value }) => value)}`);
    assertEquals(rows.filter(({ measure }) => measure === "grad_norm").length, 4);
  },
);

gpuTest("steps that fill no interval are logged at the end", async () => {
  const { rows } = await fineTune({ logEvery: 10 });
  assertEquals(rows.filter(({ measure }) => measure === "loss").map(({ step }) => step), [10, 20, 24]);
});

gpuTest("two runs give equal bits, in parameters and measures", async () => {
  const [one, two] = [await fineTune(), await fineTune()];
  assertEquals(two, one);
});

gpuTest(
  "a run that goes on from any step ends the same to the bit, measures that wait for the log included",
  async () => {
    const train = (checkpoint?: Checkpoint) => fineTune({ checkpoint, steps: 7, logEvery: 5 });
    await assertResumes(gpu, train, [1, 4, 5, 6, 7]);
  },
);

gpuTest(
  "a run that goes on neither reports a step again nor the start; from its last step it does nothing",
  async () => {
    const store = new EveryStep();
    await fineTune({ checkpoint: new Checkpoint(gpu, store), steps: 4 });
    const from = async (step: number) => {
      const reported: number[] = [];
      const checkpoint = new Checkpoint(gpu, new EveryStep(store.saved[step - 1]));
      await fineTune({ checkpoint, steps: 4, onStep: (step) => reported.push(step) });
      return reported;
    };
    assertEquals([await from(1), await from(3), await from(4)], [[2, 3, 4], [4], []]);
  },
);

gpuTest("a run that saving interrupts gives back what it held, and goes on from there", async () => {
  await using own = await Gpu.open({ tuning: { leastImageBytes: 0, mostUncopiedBytes: 0 } });
  const interrupted = async () => {
    const store = new EveryStep();
    const save = async (snapshot: UnreadSnapshot) => {
      await store.save(snapshot);
      if (snapshot.step === 2) throw new Error("interrupted");
    };
    const stopping = { load: () => store.load(), isDue: () => true, save };
    const training = () => fineTune({ gpu: own, checkpoint: new Checkpoint(own, stopping), logEvery: 1, steps: 4 });
    await assertRejects(training, Error, "interrupted");
    return { buffers: own.liveBuffers, snapshot: store.saved[1] };
  };
  const [{ buffers, snapshot }, again] = [await interrupted(), await interrupted()];
  assertEquals(again.buffers, buffers);
  const rest = await fineTune({ checkpoint: new Checkpoint(gpu, new EveryStep(snapshot)), logEvery: 1, steps: 4 });
  assertEquals(rest, await fineTune({ logEvery: 1, steps: 4 }));
});

gpuTest("the number of live GPU buffers is constant from the third step on", async () => {
  for (const logEvery of [1, 10]) {
    // A device of its own: what other tests left in the pool would hide a leak.
    await using own = await Gpu.open({ tuning: { leastImageBytes: 0, mostUncopiedBytes: 0 } });
    const buffers: number[] = [];
    await fineTune({ gpu: own, logEvery, onStep: () => buffers.push(own.liveBuffers + own.liveImages) });
    assertEquals(new Set(buffers.slice(3)).size, 1, `${buffers}`);
  }
});

gpuTest("a step awaits the GPU at most once on average, besides reading the log", async () => {
  const before = gpu.awaits;
  await fineTune({ logEvery: 100 });
  // One for the log at the end, one for the parameters that this test reads.
  assert(gpu.awaits - before <= 24 + 2, `${gpu.awaits - before} awaits in 24 steps`);
});

gpuTest("distillation moves the student toward its teacher and leaves the teacher as it is", async () => {
  using student = tinyDecoder(gpu, "llama", { spread: 1 });
  using teacher = tinyDecoder(gpu, "llama", { spread: 1, seed: 2 });
  const before = await teacher.store.read();
  const log = new MeasureLog(gpu, "test", 4);
  await trainOnTexts(gpu, {
    ...common,
    players: { student, teacher },
    store: student.store,
    objective: distillation({ distance: { kind: "forwardKl" }, kdRatio: 1, temperature: 1 }),
    nextTexts: () => texts,
    log,
  });
  const losses = log.rows.filter(({ measure }) => measure === "loss").map(({ value }) => value);
  assert(losses.at(-1)! < 0.5 * losses[0], `${losses}`);
  assertEquals(await teacher.store.read(), before);
});

/** DistiLLM on a fresh student, whose texts it samples while it trains. */
async function distilFromOwnTexts() {
  using student = tinyDecoder(gpu, "llama", { spread: 1 });
  using teacher = tinyDecoder(gpu, "llama", { spread: 1, seed: 2 });
  const prompts = texts.slice(0, 4).map(({ prompt }) => prompt);
  const asked: number[] = [];
  let draws = 0;
  const source = new DistillmTexts(
    {
      data: () => texts.slice(4),
      async student() {
        const settings = { ...ANCESTRAL, maxNewTokens: 4, eosId: 0xffffffff, padId: 0, seed: 1 };
        const batch = prompts.map((promptIds, key) => ({ promptIds, key }));
        const responses = await generate(gpu, student, batch, { ...settings, purpose: `draw ${draws++}` });
        return prompts.map((prompt, i) => ({ prompt, response: responses[i] }));
      },
    },
    {
      steps: 24,
      capacity: 16,
      initialStudentShare: 0.7,
      studentShareIncrement: 0.1,
      raiseWhen: "lossStalls",
      lossMargin: 0.1,
    },
    new RandomStream(1, "test"),
  );
  const log = new MeasureLog(gpu, "test", 6);
  await trainOnTexts(gpu, {
    ...common,
    players: { student, teacher },
    store: student.store,
    objective: distillation({ distance: { kind: "skewForwardKl", skew: 0.1 }, kdRatio: 1, temperature: 1 }),
    nextTexts: (step) => (asked.push(step), source.next(step)),
    log,
  });
  return { rows: log.rows, asked, counts: source.counts, parameters: await student.store.read() };
}

gpuTest(
  "texts may be written while it trains: each step asks for its own, in turn, and two runs give equal bits",
  async () => {
    const first = await distilFromOwnTexts();
    assertEquals(first.asked, Array.from({ length: 24 }, (_, i) => i + 1));
    assert(Object.values(first.counts).every((count) => count > 2), JSON.stringify(first.counts));
    const losses = first.rows.filter(({ measure }) => measure === "loss").map(({ value }) => value);
    assert(losses[3] < losses[0], `${losses}`);
    assertEquals(await distilFromOwnTexts(), first);
  },
);
