import type { RandomStream } from "#lib/random/random_stream.ts";
import { added, addOuter, addTo, dot, type Matrix, scaled, type Vector, zeros } from "./linear_algebra.ts";
import type { PreferenceProblem } from "./problem.ts";
import type { Local } from "./convex.ts";

/** How often two texts of a prompt were compared, and how often the first was preferred; fractions where labels are probabilities. */
interface Comparison {
  readonly difference: Vector;
  pairs: number;
  wins: number;
}

/** A pair as it was drawn: texts by their numbers. */
export interface DrawnPair {
  readonly prompt: number;
  readonly first: number;
  readonly second: number;
}

/** A pair from a prompt at random, the first text of one policy, the second of the other: prompt, text. */
export function drawPair(random: RandomStream, first: Matrix, second: Matrix): DrawnPair {
  const prompt = random.integer(first.length);
  const textOf = (policy: Matrix) => random.weightedChoice([...policy[prompt].keys()], policy[prompt]);
  return { prompt, first: textOf(first), second: textOf(second) };
}

/** P(first ≻ second) = σ(r_w(x, first) − r_w(x, second)) (Bradley & Terry 1952), for weights in coordinates of `visible`. */
export function preference(
  { texts }: PreferenceProblem,
  { prompt, first, second }: DrawnPair,
  weights: Vector,
): number {
  return sigmoid(dot(added(texts[prompt][first], texts[prompt][second], -1), weights));
}

/** Labelled pairs, counted: of the texts of a prompt there are few, so that a million pairs are as fast as a thousand. */
export class PairCounts {
  readonly #problem: PreferenceProblem;
  readonly #comparisons = new Map<number, Comparison>();
  #pairs = 0;

  constructor(problem: PreferenceProblem) {
    this.#problem = problem;
  }

  /** N, with the pairs of a text and itself: these have been paid for but say nothing. */
  get pairs(): number {
    return this.#pairs;
  }

  /** @param firstWins whether the first was preferred, or the probability that it is */
  add({ prompt, first, second }: DrawnPair, firstWins: number, pairs = 1): void {
    this.#pairs += pairs;
    if (first === second) return;
    const [low, high] = [Math.min(first, second), Math.max(first, second)];
    const texts = this.#problem.texts[prompt];
    const key = (prompt * texts.length + low) * texts.length + high;
    let comparison = this.#comparisons.get(key);
    if (comparison === undefined) {
      comparison = { difference: added(texts[low], texts[high], -1), pairs: 0, wins: 0 };
      this.#comparisons.set(key, comparison);
    }
    comparison.pairs += pairs;
    comparison.wins += pairs * (first === low ? firstWins : 1 - firstWins);
  }

  /**
   * LL_w' − LL_w with its derivatives in w, LL_w = Σ log σ(±(r_w(x, τ) − r_w(x, τ'))) over pairs of different texts and w' a reward to
   * compare with. Term by term: the difference of two sums of many pairs would be lost in their rounding.
   */
  shortfall(weights: Vector, from: Vector): Local {
    const hessian = zeros(weights.length);
    const gradient = new Array<number>(weights.length).fill(0);
    let value = 0;
    for (const { difference, pairs, wins } of this.#comparisons.values()) {
      const logit = dot(difference, weights);
      const probability = sigmoid(logit);
      value += pairs * softplusRise(dot(difference, from), logit) - wins * (logit - dot(difference, from));
      addTo(gradient, difference, pairs * probability - wins);
      addOuter(hessian, difference, pairs * probability * (1 - probability));
    }
    return { value, gradient, hessian };
  }
}

/** The labels' expectation under a reward in place of labels, as many pairs would have them: `pairs` of each two texts of a prompt. */
export function expectedCounts(problem: PreferenceProblem, weights: Vector, pairs: number): PairCounts {
  const counts = new PairCounts(problem);
  problem.texts.forEach((texts, prompt) => {
    for (let first = 0; first < texts.length; first++) {
      for (let second = first + 1; second < texts.length; second++) {
        const pair = { prompt, first, second };
        counts.add(pair, preference(problem, pair, weights), pairs);
      }
    }
  });
  return counts;
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** log(1 + e^to) − log(1 + e^from) */
function softplusRise(from: number, to: number): number {
  return Math.log1p(sigmoid(from) * Math.expm1(to - from));
}

/** −log(B² − |w|²): the barrier of rewards whose weights are not longer than B. */
export function ballBarrier(weights: Vector, bound: number): Local | undefined {
  const room = bound ** 2 - dot(weights, weights);
  if (!(room > 0)) return undefined;
  const gradient = scaled(weights, 2 / room);
  const hessian = zeros(weights.length);
  hessian.forEach((row, i) => row[i] = 2 / room);
  addOuter(hessian, gradient, 1);
  return { value: -Math.log(room), gradient, hessian };
}
