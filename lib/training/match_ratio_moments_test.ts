import { assert, assertEquals } from "@std/assert";
import { Gpu } from "#kernels/runtime/gpu.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { RatioCritic } from "#lib/objectives/ratio_critic.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { Checkpoint } from "./checkpoint.ts";
import { matchRatioMoments, type RatioMatchingSettings } from "./match_moments.ts";
import { MeasureLog } from "./measure_log.ts";
import { assertResumes, EveryStep } from "./test_snapshots.ts";

const gpu = await testGpu();
const SETTINGS = { beta: 0.5, gamma: 1, sftWeight: 0, learnsScale: false, criticLearningRateFactor: 5 };
const texts = (word: number): readonly Trajectory[] =>
  [[3, 1, 4], [6, 5, 3]].map((prompt) => ({ prompt, response: [word, 8, 9, 10] }));

interface Trial {
  readonly settings?: Partial<RatioMatchingSettings>;
  readonly steps?: number;
  readonly device?: Gpu;
  readonly checkpoint?: Checkpoint;
  readonly onStep?: () => void;
}

/** Runs the loop on tiny players and returns what was drawn and logged, and the parameters at the end. */
async function runTrial({ settings, steps = 3, device = gpu, checkpoint, onStep }: Trial = {}) {
  using student = tinyDecoder(device, "llama", { spread: 1 });
  using teacher = tinyDecoder(device, "llama", { spread: 2, seed: 2 });
  using critic = new RatioCritic(device, { c: 0.5 });
  const drawn = { offPolicy: 0, onPolicy: 0, data: 0 };
  const asked: number[] = [];
  checkpoint?.keep("draws", {
    state: () => ({ values: { ...drawn } }),
    restore: ({ values }) => void Object.assign(drawn, values),
  });
  const log = new MeasureLog(device, "test", 2);
  await matchRatioMoments(device, {
    players: { student, teacher, critic },
    texts: {
      offPolicy: () => (drawn.offPolicy++, texts(7)),
      onPolicy: (batches) => {
        asked.push(batches);
        return Promise.resolve(Array.from({ length: batches }, () => texts(11 + drawn.onPolicy++)));
      },
      data: () => (drawn.data++, texts(12)),
    },
    settings: { ...SETTINGS, ...settings },
    schedule: { steps, warmupSteps: 0, learningRate: 0.005, finalLearningRateFraction: 0.1 },
    optimizer: { betas: [0.9, 0.99], eps: 1e-8, weightDecay: 0.01 },
    maxGradNorm: 1,
    ...{ log, checkpoint },
    onStep: () => Promise.resolve(onStep?.()),
  });
  return { drawn, asked, rows: log.rows, student: await student.store.read(), critic: await critic.store.read() };
}

gpuTest(
  "the best response takes no texts, steps or warm-up of its own: a step is one batch of either side",
  async () => {
    const { drawn, asked, rows, critic } = await runTrial({ settings: { sftWeight: 0.5 } });
    assertEquals(drawn, { offPolicy: 3, onPolicy: 3, data: 3 });
    assertEquals(asked, [1, 1, 1]);
    assertEquals([...critic.get("log_scale")!], [0]);
    const stepsOf = (measure: string) => rows.filter((row) => row.measure === measure).map(({ step }) => step);
    for (const measure of ["loss", "grad_norm", "d_off", "d_on", "two_tv_off", "two_tv_on"]) {
      assertEquals(stepsOf(measure), [2, 3], measure);
    }
    assertEquals(stepsOf("critic_loss"), []);
  },
);

gpuTest("a moment that beta leaves out draws no texts", async () => {
  assertEquals((await runTrial({ settings: { beta: 1 } })).drawn, { offPolicy: 3, onPolicy: 0, data: 0 });
  assertEquals((await runTrial({ settings: { beta: 0 } })).drawn, { offPolicy: 0, onPolicy: 3, data: 0 });
});

gpuTest("the student comes nearer its teacher, by the critic's own moment and by 2 TV", async () => {
  const { rows } = await runTrial({ settings: { beta: 1 }, steps: 20 });
  const at = (measure: string, step: number) => rows.find((row) => row.measure === measure && row.step === step)!.value;
  for (const measure of ["d_off", "two_tv_off"]) assert(at(measure, 20) < 0.9 * at(measure, 2), measure);
});

gpuTest(
  "a scale that learns rises in the student's step, and its rate does not touch the student's first",
  async () => {
    const learned = { learnsScale: true, criticLearningRateFactor: 10 };
    const { critic, rows } = await runTrial({ settings: learned });
    assert(critic.get("log_scale")![0] > 0.05);
    assert(rows.some(({ measure, value }) => measure === "critic_log_scale" && value > 0));
    const [one, other] = [await runTrial({ steps: 1 }), await runTrial({ steps: 1, settings: learned })];
    assertEquals(other.student, one.student);
  },
);

gpuTest("a run that goes on from any step ends the same to the bit, with a scale that learns too", async () => {
  for (const learnsScale of [false, true]) {
    const train = (checkpoint?: Checkpoint) =>
      runTrial({ settings: { learnsScale, sftWeight: 0.5 }, steps: 4, checkpoint }).then(({ asked: _, ...end }) => end);
    await assertResumes(gpu, train, [1, 2, 3, 4]);
  }
});

gpuTest("nothing is held for a critic: one number, which has no optimizer unless it learns", async () => {
  const partsOf = async (learnsScale: boolean) => {
    const saved = new EveryStep();
    await runTrial({ settings: { learnsScale }, steps: 1, checkpoint: new Checkpoint(gpu, saved) });
    return saved.saved[0].parts;
  };
  const [held, learned] = [await partsOf(false), await partsOf(true)];
  assertEquals(Object.keys(held).toSorted(), ["draws", "log", "student"]);
  assertEquals(Object.keys(learned).toSorted(), ["critic", "draws", "log", "student"]);
  assertEquals(Object.keys(learned.critic.arrays), ["parameters 0", "first moments 0", "second moments 0"]);
  await using own = await Gpu.open();
  const before = own.liveBuffers;
  using critic = new RatioCritic(own, { c: 0.5 });
  assertEquals([critic.store.parameterCount, own.liveBuffers - before], [1, 1]);
});

gpuTest("what is held does not grow: as many buffers live after every step, once all sizes have been met", async () => {
  // A device of its own: what other tests left in the pool would hide a leak.
  await using own = await Gpu.open({ tuning: { leastImageBytes: 0, mostUncopiedBytes: 0 } });
  const buffers: number[] = [];
  await runTrial({ device: own, steps: 9, onStep: () => buffers.push(own.liveBuffers + own.liveImages) });
  assertEquals(new Set(buffers.slice(3)).size, 1, `${buffers}`);
});
