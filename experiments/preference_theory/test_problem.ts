/** A small problem for tests of what is learned from its pairs. */
import { RandomStream } from "#lib/random/random_stream.ts";
import { scaled, times, type Vector } from "./linear_algebra.ts";
import { drawPair, PairCounts, preference } from "./pair_counts.ts";
import { drawProblem, type PreferenceProblem } from "./problem.ts";
import { PREFERENCE_THEORY, type PreferenceTheorySettings } from "./settings.ts";

/** The defaults but for what differs. */
export function testSettings(changes: Partial<PreferenceTheorySettings> = {}): PreferenceTheorySettings {
  return { ...PREFERENCE_THEORY.schema.parse({}), ...changes };
}

export const PROBLEM: PreferenceProblem = drawProblem(testSettings(), 10);
/** Its preferred reward in coordinates of `visible`. */
export const PREFERRED: Vector = times(PROBLEM.visible, PROBLEM.preferred);

/** Pairs of teacher and student, labelled by the preferred reward at a scale. */
export function labelledPairs(pairs: number, { seed = 1, scale = 1 } = {}): PairCounts {
  const random = new RandomStream(seed, "labelled pairs");
  const counts = new PairCounts(PROBLEM);
  const weights = scaled(PREFERRED, scale);
  for (let n = 0; n < pairs; n++) {
    const pair = drawPair(random, PROBLEM.teacher, PROBLEM.student);
    counts.add(pair, random.uniform() < preference(PROBLEM, pair, weights) ? 1 : 0);
  }
  return counts;
}

/** Vectors from N(0, 1). */
export function normals(count: number, dimensions: number, purpose: string): number[][] {
  const random = new RandomStream(1, purpose);
  return Array.from({ length: count }, () => Array.from({ length: dimensions }, () => random.normal()));
}
