import { RandomStream } from "#lib/random/random_stream.ts";
import { ConfidenceSet, slackOf } from "./confidence_set.ts";
import type { OnlineLearner } from "./learners.ts";
import { type Matrix, scaled, times, type Vector } from "./linear_algebra.ts";
import { minMaxStudent } from "./min_max.ts";
import { drawPair, PairCounts, preference } from "./pair_counts.ts";
import { drawProblem, type PreferenceProblem, subOptimality } from "./problem.ts";
import type { PreferenceTheorySettings } from "./settings.ts";

/** Σ over rounds t ≤ T of max_π J(π, r*) − J(π_t, r*) by the scale of r*: means over draws. */
export interface OnlineResult {
  /** T */
  readonly rounds: number;
  readonly regret: ReadonlyMap<number, number>;
}

/** The T at which regret is looked at: each half of the next, and the last one the last round. */
const LOOKS = 6;

/** Rounds of learning: in each a student is played, which is the min-max student of the pairs before. */
export function learnOnline(settings: PreferenceTheorySettings, learner: OnlineLearner, seed: number): OnlineResult[] {
  const { scales, onlineDraws, rounds } = settings;
  const problem = drawProblem(settings, seed);
  const preferred = times(problem.visible, problem.preferred);
  const regrets = new Map(scales.map((scale) => [
    scale,
    Array.from({ length: onlineDraws }, (_, draw) => {
      const random = new RandomStream(seed, `online pairs ${draw}, scale ${scale}`);
      return cumulative(play(problem, scaled(preferred, scale), learner, settings, random));
    }),
  ]));
  return Array.from({ length: LOOKS }, (_, i) => Math.round(rounds / 2 ** (LOOKS - 1 - i))).map((look) => ({
    rounds: look,
    regret: new Map([...regrets].map(([scale, draws]) => [
      scale,
      draws.reduce((sum, regret) => sum + regret[look - 1], 0) / onlineDraws,
    ])),
  }));
}

/** What the student of each round falls short of the best policy. */
function play(
  problem: PreferenceProblem,
  preferred: Vector,
  learner: OnlineLearner,
  { rounds, firstPairs, pairsPerRound, pairsGrowth, delta, rewardBound }: PreferenceTheorySettings,
  random: RandomStream,
): number[] {
  const counts = new PairCounts(problem);
  const drawPairs = (number: number, policy: Matrix) => {
    for (let n = 0; n < number; n++) {
      const pair = drawPair(random, policy, problem.teacher);
      counts.add(pair, random.uniform() < preference(problem, pair, preferred) ? 1 : 0);
    }
  };
  const learn = () => {
    const limits = { slack: slackOf(counts.pairs, delta), bound: rewardBound, dimensions: preferred.length };
    const student = minMaxStudent(problem, new ConfidenceSet(counts, limits));
    return { student, pairs: counts.pairs, shortfall: subOptimality(problem, student, preferred) };
  };
  drawPairs(firstPairs, problem.student);
  let learned = learn();
  return Array.from({ length: rounds }, () => {
    const { student, pairs, shortfall } = learned;
    if (learner === "online_rounds") drawPairs(pairsPerRound, student);
    if (counts.pairs > pairs && counts.pairs >= pairsGrowth * pairs) learned = learn();
    return shortfall;
  });
}

function cumulative(values: readonly number[]): number[] {
  let sum = 0;
  return values.map((value) => sum += value);
}
