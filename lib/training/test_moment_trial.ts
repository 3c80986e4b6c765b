import type { Gpu } from "#kernels/runtime/gpu.ts";
import { testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { ANCESTRAL, generate } from "#lib/generation/generate.ts";
import { Critic } from "#lib/models/critic.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { KnownStates } from "#lib/objectives/known_states.ts";
import type { ConfidenceSettings } from "#lib/objectives/preference/confidence_set.ts";
import type { LabelledPair } from "#lib/objectives/preference/pair_batch.ts";
import { criticLogits, packTaughtPairs } from "#lib/objectives/preference/value_rewards.ts";
import { releaseBatch, type Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { matchMoments, type MomentMatchingRun, type MomentMatchingSettings } from "./match_moments.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { HeldReward } from "./held_reward.ts";
import { MeasureLog } from "./measure_log.ts";
import type { TrainingMemory } from "./training_memory.ts";

const shared = await testGpu();

const defaults: MomentMatchingSettings = {
  beta: 0.5,
  gamma: 1,
  features: "both",
  moments: "sampled",
  horizon: "immediate",
  baseline: "none",
  sftWeight: 0,
  criticSteps: 1,
  criticWarmupSteps: 0,
  criticLearningRateFactor: 5,
};
const NO_END = 0xffffffff;
const prompts = [[3, 1, 4], [6, 5, 3]];
const teacherTexts: readonly Trajectory[] = prompts.map((prompt) => ({ prompt, response: [7, 8, 9, 10] }));

/** The parameters of all players. */
export type PlayerValues = Record<
  "student" | "teacher" | "offPolicyCritic" | "onPolicyCritic",
  Map<string, Float32Array>
>;

export interface Trial {
  readonly settings?: Partial<MomentMatchingSettings>;
  readonly steps?: number;
  readonly logEvery?: number;
  readonly gpu?: Gpu;
  /** Whether the parameters of all players are read before the first step and after each. */
  readonly watched?: boolean;
  readonly onStep?: (step: number) => void;
  /** Whether the teacher's states of its own texts are known beforehand. */
  readonly knowsStates?: boolean;
  readonly memory?: TrainingMemory;
  readonly checkpoint?: Checkpoint;
  /** Pairs whose confidence set holds the on-policy critic, from where it is at the start: no text better than another. */
  readonly held?: ConfidenceSettings & { readonly pairs: readonly LabelledPair[] };
}

/** Runs the loop on tiny players and returns what was drawn, logged and, if watched, how the players moved. */
export async function runTrial(trial: Trial) {
  const { settings, steps = 3, logEvery = 2, gpu: device = shared, watched = false, onStep, knowsStates = false } =
    trial;
  const featureSize = settings?.features === "teacher" ? 16 : 32;
  const critic = () => new Critic(device, { featureSize, vocabSize: 33, head: "linear", bound: "tanh" }, () => 0);
  using student = tinyDecoder(device, "llama", { spread: 1 });
  using teacher = tinyDecoder(device, "llama", { spread: 2, seed: 2 });
  using offPolicyCritic = critic();
  using onPolicyCritic = critic();
  const players = { student, teacher, offPolicyCritic, onPolicyCritic };
  const drawn = { offPolicy: 0, onPolicy: 0, data: 0 };
  const asked: number[] = [];
  const snapshots: PlayerValues[] = [];
  const log = new MeasureLog(device, "test", logEvery);
  trial.checkpoint?.keep("draws", {
    state: () => ({ values: { ...drawn } }),
    restore: ({ values }) => void Object.assign(drawn, values),
  });
  using held = trial.held && new HeldReward(device, {
    reward: {
      store: onPolicyCritic.store,
      pack: (pairs) => packTaughtPairs(device, pairs, teacher),
      logits: (tape, batch) => criticLogits(tape, { critic: onPolicyCritic, teacher }, batch, { gamma: 1 }),
    },
    pairs: () => ({ fitting: trial.held!.pairs, heldOut: trial.held!.pairs }),
    settings: trial.held,
    fit: { steps: 1, learningRate: 1, betas: [0.9, 0.99], lookEvery: 1, patience: 1 },
  });
  held?.restore({ values: { multiplier: 0, maxLogLikelihood: -Math.LN2 }, arrays: {} });
  if (held) trial.checkpoint?.keep("confidence set", held);
  const run: MomentMatchingRun = {
    players,
    held,
    settings: { ...defaults, ...settings },
    texts: {
      offPolicy: () => (drawn.offPolicy++, teacherTexts),
      offPolicyStates: knowsStates ? await KnownStates.of(device, teacher, teacherTexts) : undefined,
      onPolicy: async (batches) => {
        const first = drawn.onPolicy;
        drawn.onPolicy += batches;
        asked.push(batches);
        const keyed = Array.from({ length: batches }, () => prompts).flat().map((promptIds, key) => ({
          promptIds,
          key,
        }));
        const responses = await generate(device, student, keyed, {
          ...ANCESTRAL,
          maxNewTokens: 4,
          eosId: NO_END,
          padId: 0,
          seed: 1,
          purpose: `on-policy ${first}`,
        });
        const texts = keyed.map(({ promptIds }, i) => ({ prompt: promptIds, response: responses[i] }));
        return Array.from({ length: batches }, (_, i) => texts.slice(i * prompts.length, (i + 1) * prompts.length));
      },
      data: () => (drawn.data++, teacherTexts),
    },
    schedule: { steps, warmupSteps: 0, learningRate: 0.005, finalLearningRateFraction: 0.1 },
    optimizer: { betas: [0.9, 0.99], eps: 1e-8, weightDecay: 0.01 },
    maxGradNorm: 1,
    log,
    memory: trial.memory,
    checkpoint: trial.checkpoint,
    onStep: async (step) => {
      onStep?.(step);
      if (watched) snapshots.push(await readAll(players));
    },
  };
  const start = watched ? await readAll(players) : undefined;
  await matchMoments(device, run);
  const logits = settings?.features === "teacher" ? await logitsOf(device, teacher, onPolicyCritic) : [];
  return { drawn, asked, rows: log.rows, start: start!, snapshots, end: await readAll(players), logits };
}

/** Pairs that a critic has an opinion of. */
export const PAIRS: readonly LabelledPair[] = [
  { prompt: [3, 1, 4], texts: [[7, 8, 9, 10], [5, 2]], label: 1 },
  { prompt: [6, 5, 3], texts: [[1, 12], [7, 8, 9]], label: 1 },
];

/** By how much a critic finds the first text of each of them better. */
async function logitsOf(device: Gpu, teacher: LanguageModel, critic: Critic): Promise<number[]> {
  const batch = packTaughtPairs(device, PAIRS, teacher);
  using tape = new Tape(device);
  const logits = [...await device.read(criticLogits(tape, { critic, teacher }, batch, { gamma: 1 }).value)];
  releaseBatch(device, batch);
  return logits;
}

async function readAll(players: MomentMatchingRun["players"]): Promise<PlayerValues> {
  const { student, teacher, offPolicyCritic, onPolicyCritic } = players;
  return {
    student: await student.store.read(),
    teacher: await teacher.store.read(),
    offPolicyCritic: await offPolicyCritic.store.read(),
    onPolicyCritic: await onPolicyCritic.store.read(),
  };
}
