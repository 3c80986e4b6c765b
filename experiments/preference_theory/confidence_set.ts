import { barrierMinimum, type Local, minimize } from "./convex.ts";
import { added, addOuter, dot, type Matrix, scaled, type Vector } from "./linear_algebra.ts";
import { ballBarrier, type PairCounts } from "./pair_counts.ts";

/** How near to the end optimisations go: of log-likelihoods in nats, of returns in units of reward. */
export const PRECISION = { logLikelihood: 1e-6, return: 1e-5 };

/** Barriers of the bound, one after the other. The last is how many nats short of the greatest LL the search ends. */
const BARRIERS = [1, 1e-2, 1e-4, PRECISION.logLikelihood];

/** argmax of LL_w over |w| ≤ bound; 0 in directions in which the pairs say nothing. */
export function likeliestReward(counts: PairCounts, dimensions: number, bound: number): Vector {
  const origin: Vector = new Array<number>(dimensions).fill(0);
  return BARRIERS.reduce((weights: Vector, factor) =>
    minimize(
      (w) => {
        const ball = ballBarrier(w, bound);
        return ball && sumOf(counts.shortfall(w, origin), ball, factor);
      },
      weights,
      factor * 1e-3,
    ), origin);
}

/**
 * R(D) = { r_w : LL_w ≥ max LL − 2ζ, |w| ≤ bound }: the confidence set of PbKD for a linear reward class, convex because LL is concave.
 * Without pairs, or with an infinite ζ, it is the class.
 */
export class ConfidenceSet {
  /** The reward of maximum likelihood; 0 where all are in the set. */
  readonly likeliest: Vector;
  /** Constraints of `barrier`. */
  readonly constraints: number = 2;
  readonly #counts: PairCounts;
  readonly #slack: number;
  readonly #bound: number;

  /** @param slack 2ζ > 0 in nats of summed log-likelihood, which is twice the paper's L */
  constructor(counts: PairCounts, { slack, bound, dimensions }: {
    readonly slack: number;
    readonly bound: number;
    readonly dimensions: number;
  }) {
    this.likeliest = slack === Infinity
      ? new Array<number>(dimensions).fill(0)
      : likeliestReward(counts, dimensions, bound);
    this.#counts = counts;
    this.#slack = slack;
    this.#bound = bound;
  }

  contains(weights: Vector): boolean {
    return this.barrier(weights) !== undefined;
  }

  /** −log(LL_w − LL_max + 2ζ) − log(bound² − |w|²): finite inside of the set alone. */
  barrier(weights: Vector): Local | undefined {
    const ball = ballBarrier(weights, this.#bound);
    if (ball === undefined || this.#slack === Infinity) return ball;
    const shortfall = this.#counts.shortfall(weights, this.likeliest);
    const room = this.#slack - shortfall.value;
    if (!(room > 0)) return undefined;
    const hessian = shortfall.hessian.map((row) => scaled(row, 1 / room));
    addOuter(hessian, shortfall.gradient, 1 / room ** 2);
    return sumOf(ball, { value: -Math.log(room), gradient: scaled(shortfall.gradient, 1 / room), hessian });
  }

  /** min over R(D) of w · v, at most `PRECISION.return` above it. */
  leastProduct(direction: Vector): number {
    const { at } = barrierMinimum({
      cost: direction,
      barrier: (w) => this.barrier(w),
      constraints: this.constraints,
      start: this.likeliest,
    }, PRECISION.return);
    return dot(at, direction);
  }
}

/** 2ζ = log(N / δ): the logarithm of the paper's rate √(log(N/δ)/N). */
export function slackOf(pairs: number, delta: number): number {
  return Math.log(pairs / delta);
}

function sumOf(one: Local, other: Local, factor = 1): Local {
  const hessian: Matrix = one.hessian.map((row, i) => added(row, other.hessian[i], factor));
  return {
    value: one.value + factor * other.value,
    gradient: added(one.gradient, other.gradient, factor),
    hessian,
  };
}
