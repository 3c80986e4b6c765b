import { assert } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import type { Critic } from "#lib/models/critic.ts";
import { logLikelihood } from "#lib/objectives/preference/bradley_terry.ts";
import { packPairs } from "#lib/objectives/preference/pair_batch.ts";
import { type FeaturedPairs, tokenRewardLogits } from "#lib/objectives/preference/reward_guidance.ts";
import { rewardHead } from "#lib/objectives/preference/reward_head.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { fitPreferences } from "#lib/training/fit_preferences.ts";
import type { Contest } from "../contest.ts";
import { labelContests } from "./oracle.ts";
import { teacherWins } from "./teacher_wins.ts";

const gpu = await testGpu();
const VOCAB = 8;
const LENGTH = 6;
const REWARD = { gamma: 1, rewarded: "everyToken" } as const;
const FIT = { steps: 200, learningRate: 0.05, betas: [0.9, 0.98], lookEvery: 10, patience: 3 } as const;

/** Pairs of texts of one policy each, the teacher's in either place: a token is below 4 with a probability of its writer's own. */
function contestsOf(seed: number, count: number, low: { teacher: number; student: number }): Contest[] {
  const random = new RandomStream(seed, "texts of two policies");
  const textOf = (writer: "teacher" | "student") =>
    Array.from({ length: LENGTH }, () => {
      const half = random.uniform() < low[writer] ? 0 : VOCAB / 2;
      return half + Math.floor(random.uniform() * VOCAB / 2);
    });
  return Array.from({ length: count }, (_, n) => {
    const writers = n % 3 === 0 ? ["student", "teacher"] as const : ["teacher", "student"] as const;
    return { prompt: [1], texts: [textOf(writers[0]), textOf(writers[1])], writers, references: [] };
  });
}

/** The pairs that the oracle makes of contests; a token's features say which it is. */
async function pack(contests: readonly Contest[]): Promise<FeaturedPairs> {
  const { pairs } = await labelContests(
    contests,
    teacherWins,
    { temperature: 0, round: 1 },
    new RandomStream(1, "none"),
  );
  const tokens = pairs.flatMap(({ texts }) => texts.flat());
  const features = new Float32Array(tokens.length * VOCAB);
  tokens.forEach((token, i) => features[i * VOCAB + token] = 1);
  const batch = packPairs(gpu, pairs, { kind: "oneText" }, { seen: "after" });
  return { ...batch, features: gpu.upload(features, [tokens.length, VOCAB]) };
}

/** The probability that a reward gives a text of the teacher more than one of the student: the area under its ROC curve. */
function areaUnder(head: ReadonlyMap<string, Float32Array>, contests: readonly Contest[]): number {
  const [weights, [bias]] = [head.get("values.weight")!, head.get("values.bias")!];
  const rewardOf = (text: readonly number[]) => text.reduce((sum, token) => sum + Math.tanh(weights[token] + bias), 0);
  const of = (writer: string) =>
    contests.flatMap(({ texts, writers }) => texts.filter((_, i) => writers[i] === writer).map(rewardOf));
  const [teacher, student] = [of("teacher"), of("student")];
  const wins = teacher.flatMap((a) => student.map((b) => a > b ? 1 : a < b ? 0 : 0.5));
  return wins.reduce<number>((sum, win) => sum + win, 0) / wins.length;
}

async function fittedArea(low: { teacher: number; student: number }): Promise<number> {
  using head: Critic = rewardHead(gpu, { featureSize: VOCAB });
  const likelihood = (tape: Tape, pairs: FeaturedPairs) =>
    logLikelihood(tape, tokenRewardLogits(tape, { head }, pairs, REWARD), pairs);
  const [training, heldOut] = [[await pack(contestsOf(1, 120, low))], [await pack(contestsOf(2, 60, low))]];
  await fitPreferences(gpu, { learner: head, logLikelihood: likelihood, training, heldOut }, FIT);
  return areaUnder(await head.store.read(), contestsOf(3, 100, low));
}

gpuTest(
  "the reward that teacherWins fits tells fresh texts of teacher and student apart where the two differ",
  async () => {
    const [apart, alike] = [
      await fittedArea({ teacher: 0.75, student: 0.3 }),
      await fittedArea({ teacher: 0.5, student: 0.5 }),
    ];
    assert(apart > 0.9, `${apart}`);
    assert(alike > 0.4 && alike < 0.6, `${alike}`);
  },
);
