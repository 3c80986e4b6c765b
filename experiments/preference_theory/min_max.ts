import { type ConfidenceSet, PRECISION } from "./confidence_set.ts";
import { barrierMinimum, type Local } from "./convex.ts";
import { added, addOuter, addTo, dot, type Matrix, scaled, type Vector, zeros } from "./linear_algebra.ts";
import { bestPolicy, meanFeatures, type PreferenceProblem } from "./problem.ts";

/**
 * The student of PbKD, π̂ = argmin_π max_{r ∈ R(D)} J(π*, r) − J(π, r), over all policies of an enumerable problem: prompt, text.
 *
 * The game is bilinear in P(τ|x) and w, so that the order of min and max does not matter. Seen from the reward it is convex:
 *
 *     min over w ∈ R(D), z of E_x z_x − w · E_{τ~π*} Φ(x, τ)   with   z_x ≥ w · Φ(x, τ) for every text
 *
 * and π̂(τ|x) is the multiplier of a text's constraint, over the probability of its prompt: what a barrier method ends with, with a gap
 * between both sides of at most `PRECISION.return`.
 */
export function minMaxStudent(problem: PreferenceProblem, rewards: ConfidenceSet): number[][] {
  const { texts, teacher } = problem;
  const [prompts, target] = [texts.length, meanFeatures(problem, teacher)];
  const start = rewards.likeliest;
  const { at, weight } = barrierMinimum({
    cost: [...scaled(target, -1), ...texts.map(() => 1 / prompts)],
    barrier: (y) => barrierOf(texts, rewards, y),
    constraints: rewards.constraints + texts.reduce((sum, { length }) => sum + length, 0),
    start: [...start, ...texts.map((ofPrompt) => 1 + Math.max(...ofPrompt.map((text) => dot(text, start))))],
  }, PRECISION.return);
  return texts.map((ofPrompt, x) => {
    const multipliers = ofPrompt.map((text) => prompts / (weight * (at[target.length + x] - dot(text, at))));
    // Their sum is 1 as far as the last barrier's minimum is exact.
    return scaled(multipliers, 1 / multipliers.reduce((sum, value) => sum + value, 0));
  });
}

/** The student that maximises the return of one reward: slack 0, "maximum-likelihood reward, then policy optimisation". */
export function greedyStudent(problem: PreferenceProblem, rewards: ConfidenceSet): number[][] {
  return bestPolicy(problem, rewards.likeliest);
}

/** max over R(D) of J(π*, r) − J(π, r): what the student may be behind its teacher, as far as the pairs tell. */
export function worstGap(problem: PreferenceProblem, rewards: ConfidenceSet, policy: Matrix): number {
  return -rewards.leastProduct(added(meanFeatures(problem, policy), meanFeatures(problem, problem.teacher), -1));
}

/** That of the rewards, and −log(z_x − w · Φ(x, τ)) of every text; y = (w, z). */
function barrierOf(texts: readonly Matrix[], rewards: ConfidenceSet, y: Vector): Local | undefined {
  const dimensions = y.length - texts.length;
  const own = rewards.barrier(y.slice(0, dimensions));
  if (own === undefined) return undefined;
  let { value } = own;
  const gradient = [...own.gradient, ...texts.map(() => 0)];
  const hessian = zeros(y.length);
  own.hessian.forEach((row, i) => addTo(hessian[i], row, 1));
  for (let x = 0; x < texts.length; x++) {
    const z = dimensions + x;
    for (const text of texts[x]) {
      const room = y[z] - dot(text, y);
      if (!(room > 0)) return undefined;
      value -= Math.log(room);
      addTo(gradient, text, 1 / room);
      gradient[z] -= 1 / room;
      // The outer product of the constraint's normal, (Φ, −1 at x).
      addOuter(hessian, text, 1 / room ** 2);
      addTo(hessian[z], text, -1 / room ** 2);
      hessian[z][z] += 1 / room ** 2;
    }
  }
  return { value, gradient, hessian };
}
