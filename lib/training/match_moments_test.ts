import { assert, assertEquals } from "@std/assert";
import { Gpu } from "#kernels/runtime/gpu.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Checkpoint } from "./checkpoint.ts";
import type { MomentMatchingSettings } from "./match_moments.ts";
import { type PlayerValues, runTrial } from "./test_moment_trial.ts";
import { assertResumes, EveryStep } from "./test_snapshots.ts";

const gpu = await testGpu();

const moved = (before: PlayerValues, after: PlayerValues) =>
  (Object.keys(before) as (keyof PlayerValues)[]).filter((player) =>
    [...before[player]].some(([name, values]) => values.join() !== after[player].get(name)!.join())
  );

gpuTest("the critics move before the student; from then on all move each step, but never the teacher", async () => {
  const { start, snapshots } = await runTrial({ watched: true, settings: { criticWarmupSteps: 2 } });
  assertEquals(snapshots.length, 4);
  assertEquals(moved(start, snapshots[0]), ["offPolicyCritic", "onPolicyCritic"]);
  // The critics' ascent of the first step came before the first snapshot.
  assertEquals(moved(snapshots[0], snapshots[1]), ["student"]);
  for (let step = 2; step <= 3; step++) {
    assertEquals(moved(snapshots[step - 1], snapshots[step]), ["student", "offPolicyCritic", "onPolicyCritic"]);
  }
});

gpuTest("without warm-up, too, the first ascent of the critics comes before the student's first step", async () => {
  const { start, snapshots } = await runTrial({ watched: true, steps: 1 });
  assertEquals(moved(start, snapshots[0]), ["offPolicyCritic", "onPolicyCritic"]);
  assert(moved(snapshots[0], snapshots[1]).includes("student"));
});

gpuTest("every ascent and every descent is on texts of its own", async () => {
  const settings = { criticSteps: 3, criticWarmupSteps: 2 };
  const { drawn } = await runTrial({ settings });
  assertEquals(drawn, { offPolicy: 5 * 3 + 3, onPolicy: 5 * 3 + 3, data: 0 });
});

gpuTest(
  "the student writes its texts of a round in one go, for every ascent and, once it moves, its own descent",
  async () => {
    const { asked } = await runTrial({ settings: { criticSteps: 3, criticWarmupSteps: 2 } });
    assertEquals(asked, [3, 3, 4, 4, 4]);
  },
);

gpuTest("with beta 1 no text is drawn from the student, and its critic rests", async () => {
  const { drawn, start, end } = await runTrial({ watched: true, settings: { beta: 1 } });
  assertEquals(drawn, { offPolicy: 6, onPolicy: 0, data: 0 });
  assertEquals(moved(start, end), ["student", "offPolicyCritic"]);
});

gpuTest("with beta 0 no text is drawn from the teacher, and its critic rests", async () => {
  const { drawn, start, end } = await runTrial({ watched: true, settings: { beta: 0 } });
  assertEquals(drawn, { offPolicy: 0, onPolicy: 6, data: 0 });
  assertEquals(moved(start, end), ["student", "onPolicyCritic"]);
});

gpuTest("the data are drawn once a student step where sftWeight is above 0", async () => {
  const { drawn } = await runTrial({ settings: { sftWeight: 0.5, criticSteps: 2 } });
  assertEquals(drawn.data, 3);
});

gpuTest("two runs give equal bits, in every player's parameters and every measure", async () => {
  for (const horizon of ["immediate", "rewardToGo"] as const) {
    const settings = { horizon, sftWeight: 0.5, criticWarmupSteps: 1 };
    const [one, two] = [await runTrial({ settings }), await runTrial({ settings })];
    assertEquals(two.end, one.end);
    assertEquals(two.rows, one.rows);
    assert(one.rows.length > 10);
  }
});

gpuTest("a run that goes on from any round, of the warm-up too, ends the same to the bit", async () => {
  for (const settings of [{ criticWarmupSteps: 2, sftWeight: 0.5, criticSteps: 2 }, { beta: 1 }, { beta: 0 }]) {
    const warmup = settings.criticWarmupSteps ?? 0;
    const train = async (checkpoint?: Checkpoint) => {
      const { drawn, rows, end } = await runTrial({ settings, steps: 4, logEvery: 3, checkpoint });
      return { drawn, rows, end };
    };
    await assertResumes(gpu, train, [1, 2, 3, 4, warmup + 4]);
  }
});

gpuTest("a run that goes on neither reports a step again nor the start", async () => {
  const store = new EveryStep();
  const settings = { criticWarmupSteps: 2 };
  const stepsOf = async (checkpoint: Checkpoint) => {
    const steps: number[] = [];
    await runTrial({ settings, checkpoint, onStep: (step) => steps.push(step) });
    return steps;
  };
  assertEquals(await stepsOf(new Checkpoint(gpu, store)), [0, 1, 2, 3]);
  const fromRound = (round: number) => stepsOf(new Checkpoint(gpu, new EveryStep(store.saved[round - 1])));
  assertEquals(await fromRound(1), [0, 1, 2, 3]);
  assertEquals(await fromRound(2), [0, 1, 2, 3]);
  assertEquals(await fromRound(3), [2, 3]);
  assertEquals(await fromRound(5), []);
});

gpuTest("each measure is logged once an interval, of both critics and the student, the warm-up as step 0", async () => {
  const { rows } = await runTrial({ settings: { criticSteps: 2, criticWarmupSteps: 3 }, steps: 5, logEvery: 2 });
  const stepsOf = (measure: string) => rows.filter((row) => row.measure === measure).map(({ step }) => step);
  for (const measure of ["critic_loss", "d_off", "two_tv_off", "d_on", "two_tv_on", "critic_grad_norm"]) {
    assertEquals(stepsOf(measure), [0, 2, 4, 5], measure);
  }
  for (const measure of ["loss", "grad_norm"]) assertEquals(stepsOf(measure), [2, 4, 5], measure);
});

gpuTest("the critics' ascent raises the moments, at most to 2·TV", async () => {
  const { rows } = await runTrial({ settings: { beta: 1, moments: "full", criticWarmupSteps: 40 }, steps: 1 });
  const at = (step: number) =>
    Object.fromEntries(rows.filter((row) => row.step === step).map(({ measure, value }) => [measure, value]));
  const [warmup, after] = [at(0), at(1)];
  assert(warmup.d_off > 0 && after.d_off > warmup.d_off, `${warmup.d_off} to ${after.d_off}`);
  assert(after.d_off > 0.9 * after.two_tv_off && after.d_off <= after.two_tv_off * (1 + 1e-5), `${after.d_off}`);
});

gpuTest(
  "the number of live GPU buffers is constant from the third step on, through the critics' and the student's updates",
  async () => {
    for (const settings of [{ criticSteps: 2, sftWeight: 0.5 }, { beta: 1, criticWarmupSteps: 2 }, { beta: 0 }]) {
      // A device of its own: what other tests left in the pool would hide a leak.
      await using own = await Gpu.open({ tuning: { leastImageBytes: 0, mostUncopiedBytes: 0 } });
      const buffers: number[] = [];
      await runTrial({
        gpu: own,
        settings,
        steps: 9,
        logEvery: 4,
        onStep: () => buffers.push(own.liveBuffers + own.liveImages),
      });
      // onStep(0) comes before the student's first step.
      assertEquals(new Set(buffers.slice(3)).size, 1, `${JSON.stringify(settings)}: ${buffers}`);
    }
  },
);

gpuTest(
  "updates await the GPU at most once each on average; writing the student's texts adds what reading them takes",
  async () => {
    const awaitsOf = async (settings: Partial<MomentMatchingSettings>) => {
      const before = gpu.awaits;
      await runTrial({ settings, steps: 10, logEvery: 100 });
      // The log at the end and the four stores that the trial reads.
      return gpu.awaits - before - 1 - 4;
    };
    assert(await awaitsOf({ beta: 1 }) <= 20);
    // Each of 20 updates reads one batch of generated texts.
    assert(await awaitsOf({ beta: 0.5 }) <= 40);
  },
);

gpuTest("with the teacher's states known beforehand every number is the same", async () => {
  const [afresh, known] = [await runTrial({}), await runTrial({ knowsStates: true })];
  assertEquals(known.rows, afresh.rows);
  assertEquals(known.end, afresh.end);
});
