import { RandomStream } from "#lib/random/random_stream.ts";
import { ConfidenceSet, slackOf } from "./confidence_set.ts";
import { added, type Matrix, scaled, times, type Vector } from "./linear_algebra.ts";
import type { OfflineLearner } from "./learners.ts";
import { greedyStudent, minMaxStudent } from "./min_max.ts";
import { drawPair, PairCounts, preference } from "./pair_counts.ts";
import { bestPolicy, drawProblem, meanFeatures, type PreferenceProblem, returnOf, subOptimality } from "./problem.ts";
import type { PreferenceTheorySettings } from "./settings.ts";

/** What came of N pairs: means over draws of the pairs. */
export interface OfflineResult {
  readonly pairs: number;
  /** max_π J(π, r*) − J(π̂, r*) by the scale of r*. */
  readonly suboptimality: ReadonlyMap<number, number>;
  /** At scale 1, what the confidence set says that it is at most (`guaranteeOf`). */
  readonly guarantee: number;
  /** The share of draws and scales whose preferred reward is in the confidence set. */
  readonly coverage: number;
}

/** Students of pairs that were drawn before: those of smaller N are the first of the greater. Learners see the same pairs. */
export function learnOffline(
  settings: PreferenceTheorySettings,
  learner: OfflineLearner,
  seed: number,
): OfflineResult[] {
  const { sizes, scales, draws } = settings;
  const problem = drawProblem(settings, seed);
  const preferred = times(problem.visible, problem.preferred);
  const learn = learnerOf(problem, learner, settings);
  const random = new RandomStream(seed, "offline pairs");
  const outcomes = Array.from({ length: draws }, () => {
    // Scales share pairs and the chances that decide labels: they differ in what is preferred alone.
    const counts = scales.map(() => new PairCounts(problem));
    let drawn = 0;
    return sizes.map((pairs) => {
      for (; drawn < pairs; drawn++) addPair(problem, counts, scales.map((scale) => scaled(preferred, scale)), random);
      return scales.map((scale, i) => {
        const isGuaranteed = learner === "offline_set" && scale === 1;
        return outcomeOf(problem, learn(counts[i]), scaled(preferred, scale), isGuaranteed);
      });
    });
  });
  return sizes.map((pairs, place) => {
    const at = outcomes.map((ofDraw) => ofDraw[place]);
    const meanOf = (value: (outcomes: readonly Outcome[]) => number) =>
      at.reduce((sum, ofDraw) => sum + value(ofDraw), 0) / draws;
    return {
      pairs,
      suboptimality: new Map(scales.map((scale, i) => [scale, meanOf((of) => of[i].suboptimality)])),
      guarantee: meanOf((of) => of[scales.indexOf(1)].guarantee),
      coverage: meanOf((of) => of.filter(({ covered }) => covered).length / scales.length),
    };
  });
}

/** Draws a pair of the teacher against the student before distillation, and labels it by every preferred reward. */
function addPair(
  problem: PreferenceProblem,
  counts: readonly PairCounts[],
  preferred: readonly Vector[],
  random: RandomStream,
): void {
  const pair = drawPair(random, problem.teacher, problem.student);
  const chance = random.uniform();
  counts.forEach((of, i) => of.add(pair, chance < preference(problem, pair, preferred[i]) ? 1 : 0));
}

interface Outcome {
  readonly suboptimality: number;
  readonly guarantee: number;
  readonly covered: boolean;
}

/** What a learner makes of pairs: a student, from the rewards that it holds possible. */
type Learn = (counts: PairCounts) => { readonly student: Matrix; readonly rewards: ConfidenceSet };

function learnerOf(
  problem: PreferenceProblem,
  learner: OfflineLearner,
  { delta, rewardBound }: PreferenceTheorySettings,
): Learn {
  const limits = { bound: rewardBound, dimensions: problem.visible.length };
  if (learner === "offline_imitation") {
    // Nothing in it depends on the pairs.
    const all = new ConfidenceSet(new PairCounts(problem), { slack: Infinity, ...limits });
    const learned = { student: minMaxStudent(problem, all), rewards: all };
    return () => learned;
  }
  const studentOf = learner === "offline_mle" ? greedyStudent : minMaxStudent;
  return (counts) => {
    const rewards = new ConfidenceSet(counts, { slack: slackOf(counts.pairs, delta), ...limits });
    return { student: studentOf(problem, rewards), rewards };
  };
}

function outcomeOf(
  problem: PreferenceProblem,
  { student, rewards }: ReturnType<Learn>,
  preferred: Vector,
  isGuaranteed: boolean,
): Outcome {
  return {
    suboptimality: subOptimality(problem, student, preferred),
    guarantee: isGuaranteed ? guaranteeOf(problem, rewards, preferred) : 0,
    covered: rewards.contains(preferred),
  };
}

/**
 * D(π°, r*) − min over R(D) of D(π°, r), where D(π, r) = J(π, r) − J(π*, r) and π° is the best policy for r*. Where r* is in R(D) the
 * sub-optimality of the min-max student is at most this, as that student has the greatest least D: the step of the proof which leads to
 * the rate.
 */
export function guaranteeOf(problem: PreferenceProblem, rewards: ConfidenceSet, preferred: Vector): number {
  const best = bestPolicy(problem, preferred);
  const ahead = added(meanFeatures(problem, best), meanFeatures(problem, problem.teacher), -1);
  const gain = returnOf(problem, best, preferred) - returnOf(problem, problem.teacher, preferred);
  return gain - rewards.leastProduct(ahead);
}
