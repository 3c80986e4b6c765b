import { assert, assertEquals } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import type { ConfidenceState } from "#lib/objectives/preference/confidence_set.ts";
import { plad } from "#lib/objectives/preference/plad.ts";
import type { PreferenceState } from "#lib/preferences/preference_data.ts";
import { gkdTexts } from "#lib/training/gkd_texts.ts";
import { imitkdTexts } from "#lib/training/imitkd_texts.ts";
import { Checkpoint, type Snapshot } from "#lib/training/checkpoint.ts";
import type { DistillmMemory } from "#lib/training/distillm_texts.ts";
import { assertResumes } from "#lib/training/test_snapshots.ts";
import { instructionTask } from "#experiments/tasks/instruction_task.ts";
import type { StudentRun } from "#lib/bench/method.ts";
import { schemaOf } from "#lib/bench/profile_schema.ts";
import { loadProfile } from "#lib/bench/profile.ts";
import { choicesOf, dataOf, drawsOf, teacherTextsOf } from "#lib/bench/student_texts.ts";
import { matchMomentsOf } from "./ammd.ts";
import { learnFromMixedTexts } from "./minillm.ts";
import { passingContext } from "#lib/bench/test_context.ts";
import { distilAdaptively, distilOn, fineTuneOn, learnFromPairs } from "#lib/bench/text_training.ts";
import { Workbench } from "#lib/bench/workbench.ts";
import { EXPERIMENTS } from "#experiments/main.ts";
import { distillationOf } from "#lib/bench/recipe.ts";
import { effectiveSettings, runMethod } from "#lib/bench/method_registry.ts";
import { matchMomentsByPairs } from "./mm_pbkd_offline.ts";
import { guideByPairs } from "./pbkd_offline.ts";
import { METHODS, PREFERENCE_METHODS } from "./registry.ts";

const SEED = 10;

const STEPS = 8;
const WARMUP = 2;

const profile = await loadProfile("smoke", schemaOf(EXPERIMENTS), [
  ...["trainRecords=40", "maxNewTokens=5"].map((setting) => `data.${setting}`),
  ...["teacher.training.steps=3", "student.training.steps=3", `distillation.steps=${STEPS}`],
  ...["distillation.teacherTexts=12", "optimizer.batchSize=4", `ammd.criticWarmupSteps=${WARMUP}`],
  ...["preferences.pairs=16", "preferences.rounds=2", "pbkd_offline.fit.steps=5", "mm_pbkd_offline.fit.steps=5"],
  // No interval ends with the curves or the run, so that measures wait while the run is saved.
  ...["curveEvery=3", "curvePrompts=3", "logEvery=5", "critic.steps=2"].map((setting) => `evaluation.${setting}`),
  ...["data.itemsPerSet=4", "mm_pbkd_offline.criticWarmupSteps=0"],
]);
const AMMD = effectiveSettings(METHODS.ammd_sft, profile);
const LEARNED: typeof AMMD = { ...AMMD, critic: "learned" };
const PBKD = effectiveSettings(PREFERENCE_METHODS.pbkd_online, profile);
const MM_PBKD = effectiveSettings(PREFERENCE_METHODS.mm_pbkd_online, profile);
const MINILLM = effectiveSettings(METHODS.minillm, profile);
const gpu = await testGpu();

const context = passingContext(gpu, profile);
const bench = await Workbench.open(context, instructionTask(context));

interface Kind {
  readonly train: (run: StudentRun) => Promise<void>;
  /** Steps as the loop counts them, if other than those of the student. */
  readonly steps?: number;
  /** What the snapshots are to show, so that the run is one that tells something. */
  readonly check?: (snapshots: readonly Snapshot[]) => void;
}

const forwardKl = { distance: { kind: "forwardKl" }, kdRatio: 1, temperature: 1 } as const;
const scheduled = { capacity: 8, initialStudentShare: 0.7, studentShareIncrement: 0.1, lossMargin: 0.1 };

const KINDS: Readonly<Record<string, Kind>> = {
  "the data": { train: (run) => fineTuneOn(run, dataOf(run)) },
  "the teacher's texts": { train: async (run) => fineTuneOn(run, await teacherTextsOf(run)) },
  "the student's own texts": { train: (run) => distilOn(run, drawsOf(run).student, forwardKl) },
  "the student's texts and the data by turns": {
    train: (run) => distilOn(run, gkdTexts(drawsOf(run), { studentShare: 0.5 }, choicesOf(run)), forwardKl),
  },
  "a replay buffer": {
    train: (run) =>
      distilOn(run, imitkdTexts(drawsOf(run), { studentShare: 0.8, capacity: 6 }, choicesOf(run)), forwardKl),
    check: (snapshots) => assertEquals((snapshots[STEPS - 1].parts["source of texts"].values as unknown[]).length, 6),
  },
  "the adaptive scheduler": {
    train: (run) => distilAdaptively(run, { ...scheduled, raiseWhen: "lossStalls" }, forwardKl),
    check: (snapshots) => {
      const { counts, raises, referenceLoss } = snapshots[STEPS - 1].parts["source of texts"].values as DistillmMemory;
      assert(Object.values(counts).every((count) => count > 0) && raises > 0, JSON.stringify({ counts, raises }));
      assert(referenceLoss !== null);
    },
  },
  "texts of student and teacher mixed": {
    train: (run) => learnFromMixedTexts(run, { ...MINILLM, rolloutBatches: 2, ppoEpochs: 2 }),
  },
  "texts of both for two critics": {
    train: (run) => matchMomentsOf(run, LEARNED),
    steps: WARMUP + STEPS,
  },
  "texts of both for the best response": {
    train: (run) => matchMomentsOf(run, AMMD),
  },
  "texts of both for the best response, whose scale learns": {
    train: (run) => matchMomentsOf(run, { ...AMMD, ratio: { c: 0.5, learned: true } }),
    check: (snapshots) => assert("critic" in snapshots[0].parts),
  },
  "the data and the student's texts for two critics": {
    train: (run) => matchMomentsOf(run, { ...LEARNED, offPolicySource: "data", head: "mlp", criticWarmupSteps: 0 }),
  },
  "pairs of texts": {
    train: (run) =>
      learnFromPairs(run, { student: run.student }, plad({ kind: "ranking", margin: 1 }), { online: true }),
    check: assertTwoRounds,
  },
  "pairs of texts, with what the metric makes of them": {
    train: (run) =>
      learnFromPairs(run, { student: run.student }, plad({ kind: "margin", scale: 9 }), {
        ...{ online: true, oracle: "teacherWins", qualityGaps: true },
      }),
    check: assertGaps,
  },
  "a reward held by pairs that come in rounds": {
    train: (run) => guideByPairs(run, PBKD),
    check: assertHeld,
  },
  "a critic held by pairs that come in rounds": {
    train: (run) => matchMomentsByPairs(run, { ...MM_PBKD, criticWarmupSteps: WARMUP }),
    steps: WARMUP + STEPS,
    check: assertHeld,
  },
};

/** Labels say who wrote a text, and gaps how good it is. */
function assertGaps(snapshots: readonly Snapshot[]): void {
  assertTwoRounds(snapshots);
  const pairs = (snapshots.at(-1)!.parts.preferences.values as PreferenceState).rounds.flat();
  assert(pairs.every(({ label, qualityGap }) => label === 1 && qualityGap! >= -1 && qualityGap! <= 1));
  assert(new Set(pairs.map(({ qualityGap }) => qualityGap)).size > 1);
}

/** The second round begins in the middle. */
function assertTwoRounds(snapshots: readonly Snapshot[]): void {
  const rounds = snapshots.map(({ parts }) => (parts.preferences.values as PreferenceState).rounds);
  assertEquals([rounds[0].length, rounds.at(-1)!.length], [1, 2]);
  // Of 16 pairs 8 are drawn in each, but for those whose texts are equal or empty.
  for (const [i, pairs] of rounds.at(-1)!.entries()) {
    assert(pairs.length > 0 && pairs.length <= 8 && pairs.every(({ round }) => round === i + 1));
  }
}

/** A fit has found a likelihood, which a run that goes on starts from. */
function assertHeld(snapshots: readonly Snapshot[]): void {
  assertTwoRounds(snapshots);
  const states = snapshots.map(({ parts }) => parts["confidence set"].values as ConfidenceState);
  assert(states.every(({ maxLogLikelihood }) => maxLogLikelihood < 0), JSON.stringify(states));
}

gpuTest("without pairs, moment matching by preferences is AMMD's on-policy game to the bit", async () => {
  const trained = async (train: Kind["train"]) => {
    using student = await bench.studentFromSft(SEED);
    const log = bench.log("test", SEED);
    await train({ bench, student, name: "test", seed: SEED, profile, distillation: distillationOf(profile), log });
    return { parameters: await student.store.read(), rows: log.rows };
  };
  const { criticSteps, criticLearningRateFactor } = LEARNED;
  const shared = { criticSteps, criticLearningRateFactor, criticWarmupSteps: WARMUP };
  assertEquals(
    await trained((run) => matchMomentsByPairs(run, { ...MM_PBKD, ...shared, slackPerPair: null })),
    await trained((run) => matchMomentsOf(run, { ...LEARNED, ...shared, features: "teacher", beta: 0, sftWeight: 0 })),
  );
});

const NOWHERE = { load: () => Promise.resolve(undefined), isDue: () => false, save: () => Promise.resolve() };

for (const [name, method] of Object.entries(PREFERENCE_METHODS)) {
  gpuTest(`a cell of ${name} is the same to the bit, its pairs included, whenever it was stopped`, async () => {
    const trained = async (checkpoint = new Checkpoint(gpu, NOWHERE)) => {
      bench.cellCheckpoint = () => checkpoint;
      return await runMethod(method, bench, { name, seed: SEED });
    };
    // Where pairs come in rounds the second has begun.
    const snapshots = await assertResumes(gpu, trained, [5, STEPS]);
    const { pairs = [] } = await trained();
    assertEquals(pairs.length > 0, "preferences" in snapshots[0].parts);
    assertEquals(
      Math.max(0, ...pairs.map(({ round }) => round)),
      name === "dpkd" ? 0 : name.endsWith("online") ? 2 : 1,
    );
  });
}

for (const [texts, { train, steps = STEPS, check }] of Object.entries(KINDS)) {
  gpuTest(`a student that learns from ${texts} ends the same to the bit, whenever its run was stopped`, async () => {
    const trained = async (checkpoint?: Checkpoint) => {
      using student = await bench.studentFromSft(SEED);
      const log = bench.log("test", SEED);
      await train({
        ...{ bench, student, name: "test", seed: SEED, profile, distillation: distillationOf(profile) },
        log,
        checkpoint,
      });
      return { parameters: await student.store.read(), rows: log.rows };
    };
    const snapshots = await assertResumes(gpu, trained, [1, 2, 5, steps]);
    check?.(snapshots);
  });
}
