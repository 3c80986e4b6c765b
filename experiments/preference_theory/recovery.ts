import { RandomStream } from "#lib/random/random_stream.ts";
import { likeliestReward } from "./confidence_set.ts";
import {
  added,
  addOuter,
  dot,
  norm,
  scaled,
  symmetricEigenpairs,
  times,
  type Vector,
  weightedSum,
  zeros,
} from "./linear_algebra.ts";
import { drawPair, PairCounts, preference } from "./pair_counts.ts";
import { drawProblem, namedBlindDirections, type PreferenceProblem } from "./problem.ts";
import type { PreferenceTheorySettings } from "./settings.ts";

/** How far the reward of maximum likelihood is from the preferred one, scale 1: means over draws. */
export interface RecoveryResult {
  readonly pairs: number;
  /** Within the directions that pairs can show. */
  readonly visible: number;
  /** Within the others, where the fit stays at 0 and the preferred reward does not. */
  readonly blind: number;
}

/** Fits of N pairs of the teacher against the student before distillation; those of smaller N are the first of the greater. */
export function recoverReward(settings: PreferenceTheorySettings, seed: number): RecoveryResult[] {
  const { sizes, draws, rewardBound } = settings;
  const problem = drawProblem(settings, seed);
  const preferred = times(problem.visible, problem.preferred);
  const random = new RandomStream(seed, "recovery pairs");
  const fits = Array.from({ length: draws }, () => {
    const counts = new PairCounts(problem);
    return sizes.map((pairs) => {
      while (counts.pairs < pairs) {
        const pair = drawPair(random, problem.teacher, problem.student);
        counts.add(pair, random.uniform() < preference(problem, pair, preferred) ? 1 : 0);
      }
      return errorOf(problem, likeliestReward(counts, preferred.length, rewardBound));
    });
  });
  return sizes.map((pairs, place) => {
    const meanOf = (side: "visible" | "blind") => fits.reduce((sum, ofDraw) => sum + ofDraw[place][side], 0) / draws;
    return { pairs, visible: meanOf("visible"), blind: meanOf("blind") };
  });
}

/** |w − w*| on either side, for fitted weights in coordinates of `visible`, that is with none in blind directions. */
function errorOf({ visible, blind, preferred }: PreferenceProblem, fitted: Vector) {
  const difference = added(weightedSum(visible, fitted), preferred, -1);
  return { visible: norm(times(visible, difference)), blind: norm(times(blind, difference)) };
}

/** What pairs cannot show: how many directions, and whether they are those that have names. */
export interface BlindDirections {
  readonly visible: number;
  readonly blind: number;
  /** By name: of the direction at length 1, the length of what pairs can show. 0 but for rounding. */
  readonly shown: ReadonlyMap<string, number>;
  /** The largest part of a blind direction of length 1 that is in no combination of named ones. 0 but for rounding. */
  readonly unnamed: number;
}

export function blindDirections(problem: PreferenceProblem): BlindDirections {
  const { visible, blind } = problem;
  const named = namedBlindDirections(problem).map(({ name, direction }) => ({
    name,
    unit: scaled(direction, 1 / norm(direction)),
  }));
  const moments = zeros(problem.preferred.length);
  for (const { unit } of named) addOuter(moments, unit, 1);
  const span = symmetricEigenpairs(moments).filter(({ value }) => value > 1e-12).map(({ vector }) => vector);
  const outside = blind.map((direction) =>
    norm(added(direction, weightedSum(span, span.map((vector) => dot(vector, direction))), -1))
  );
  return {
    visible: visible.length,
    blind: blind.length,
    shown: new Map(named.map(({ name, unit }) => [name, norm(times(visible, unit))])),
    unnamed: Math.max(0, ...outside),
  };
}
