import { EnumerableMdp, softmax, type Table } from "#lib/objectives/enumerable_mdp.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import {
  added,
  addOuter,
  dot,
  type Matrix,
  norm,
  scaled,
  symmetricEigenpairs,
  times,
  type Vector,
  weightedSum,
  zeros,
} from "./linear_algebra.ts";
import type { ProblemSettings } from "./settings.ts";

/** A feature of a token that the reward is linear in. */
interface Feature {
  readonly name: string;
  /** φ(x, s, a) */
  value(prompt: number, state: number, action: number): number;
}

/** A direction of rewards that no pair can show, and why. */
export interface NamedDirection {
  readonly name: string;
  readonly direction: Vector;
}

/**
 * Distillation from preferences where everything can be enumerated: a few prompts x, equally frequent; the texts of an EnumerableMdp in
 * answer to each; rewards r_w(x, s, a) = w · φ(x, s, a), so that a text's is w · Φ(x, τ), Φ(x, τ) = Σ_t γ^(t−1) φ(x, s_t, y_t).
 */
export interface PreferenceProblem {
  readonly mdp: EnumerableMdp;
  readonly featureNames: readonly string[];
  /** Φ(x, τ) of each prompt's texts: prompt, text, feature. */
  readonly textFeatures: readonly Matrix[];
  /** P(τ | x) of the teacher, whose texts pay but are not the best: prompt, text. */
  readonly teacher: Matrix;
  /** The same of the student that distillation starts from. */
  readonly student: Matrix;
  /** The preferred reward at scale 1: a weight for each feature, of length 1 in what pairs can show. */
  readonly preferred: Vector;
  /**
   * Orthonormal rows: the directions of w that pairs of texts of one prompt can show. Rewards that differ elsewhere alone have the same
   * preferences and the same gaps.
   */
  readonly visible: Matrix;
  /** Orthonormal rows: the directions that no pair shows. */
  readonly blind: Matrix;
  /** Φ(x, τ) in coordinates of `visible`: prompt, text, coordinate. */
  readonly texts: readonly Matrix[];
}

/** The problem of a seed: a reward, a teacher that follows a reward near it, and a student that follows it less. */
export function drawProblem(settings: ProblemSettings, seed: number): PreferenceProblem {
  const { prompts, teacherSharpness, studentSharpness, teacherError } = settings;
  const mdp = new EnumerableMdp(settings);
  const features = featuresOf(mdp, prompts);
  const textFeatures = Array.from({ length: prompts }, (_, prompt) => featuresOfTexts(mdp, features, prompt));
  const { visible, blind } = splitDirections(textFeatures);
  const random = new RandomStream(seed, "preference problem");
  const draw = () => {
    const drawn = features.map(() => random.normal());
    return scaled(drawn, 1 / norm(times(visible, drawn)));
  };
  const [preferred, error] = [draw(), draw()];
  const followed = added(preferred, error, teacherError);
  const policiesOf = (sharpness: number) =>
    Array.from(
      { length: prompts },
      (_, prompt) => mdp.probabilities(softPolicy(mdp, rewardTable(mdp, features, prompt, followed), sharpness)),
    );
  return {
    ...{ mdp, featureNames: features.map(({ name }) => name), textFeatures, preferred, visible, blind },
    teacher: policiesOf(teacherSharpness),
    student: policiesOf(studentSharpness),
    texts: textFeatures.map((ofPrompt) => ofPrompt.map((text) => times(visible, text))),
  };
}

/** J(π, r_w) = E_x E_{τ~π} r_w(x, τ) for weights in coordinates of `visible`, up to what all policies have alike. */
export function returnOf(problem: PreferenceProblem, policy: Matrix, weights: Vector): number {
  return dot(meanFeatures(problem, policy), weights);
}

/** E_x E_{τ~π} Φ(x, τ) in coordinates of `visible`. */
export function meanFeatures({ texts }: PreferenceProblem, policy: Matrix): number[] {
  const means = texts.map((ofPrompt, prompt) => weightedSum(ofPrompt, policy[prompt]));
  return weightedSum(means, means.map(() => 1 / means.length));
}

/** The policy of the largest return for weights in coordinates of `visible`: a text of each prompt, the first of equal ones. */
export function bestPolicy({ texts }: PreferenceProblem, weights: Vector): number[][] {
  return texts.map((ofPrompt) => {
    const returns = times(ofPrompt, weights);
    const best = returns.indexOf(Math.max(...returns));
    return returns.map((_, text) => text === best ? 1 : 0);
  });
}

/** max_π' J(π', r_w) − J(π, r_w) ≥ 0: what a policy falls short of the best of all, the teacher or not. */
export function subOptimality({ texts }: PreferenceProblem, policy: Matrix, weights: Vector): number {
  const shortfalls = texts.map((ofPrompt, prompt) => {
    const returns = times(ofPrompt, weights);
    const best = Math.max(...returns);
    return returns.reduce((sum, value, text) => sum + policy[prompt][text] * (best - value), 0);
  });
  return shortfalls.reduce((sum, value) => sum + value, 0) / texts.length;
}

/** The directions of rewards that pairs cannot show by what they are; together they span `blind`. */
export function namedBlindDirections({ mdp, featureNames }: PreferenceProblem): NamedDirection[] {
  const directionOf = (isPart: (name: string) => boolean) => featureNames.map((name) => isPart(name) ? 1 : 0);
  const prompts = featureNames.filter((name) => name.startsWith("prompt "));
  return [
    ...prompts.map((prompt, x) => ({
      name: `c(x) of prompt ${x + 1}`,
      direction: directionOf((name) => name === prompt),
    })),
    // Through length it would count; all texts of an enumerated problem have one.
    {
      name: `a constant per token, of texts of ${mdp.horizon} tokens`,
      direction: directionOf((name) => name.startsWith("word ")),
    },
    { name: "shaping by a potential", direction: directionOf((name) => name === SHAPING) },
  ];
}

const SHAPING = "shaping";

/** Words, two relations of a word to the one before it, the prompt's own word; and what no pair can show. */
function featuresOf(mdp: EnumerableMdp, prompts: number): Feature[] {
  const { vocabSize, gamma } = mdp;
  const isTrue = (condition: boolean) => condition ? 1 : 0;
  /** The word before a state, if there is one. */
  const previous = (state: number) => state === 0 ? undefined : (state - 1) % vocabSize;
  return [
    ...Array.from({ length: vocabSize }, (_, word): Feature => ({
      name: `word ${word}`,
      value: (_, __, action) => isTrue(action === word),
    })),
    { name: "repetition", value: (_, state, action) => isTrue(action === previous(state)) },
    {
      name: "succession",
      value: (_, state, action) => isTrue(state > 0 && action === (previous(state)! + 1) % vocabSize),
    },
    { name: "own word of the prompt", value: (prompt, _, action) => isTrue(action === prompt % vocabSize) },
    ...Array.from({ length: prompts }, (_, own): Feature => ({
      name: `prompt ${own + 1}`,
      value: (prompt, state) => isTrue(state === 0 && prompt === own),
    })),
    {
      name: SHAPING,
      value: (_, state, action) => gamma * potential(mdp, vocabSize * state + action + 1) - potential(mdp, state),
    },
  ];
}

/** How often word 0 has been said before a state; 0 after the last token, so that γ ψ(s') − ψ(s) sums to nothing over a text. */
function potential({ vocabSize, stateCount }: EnumerableMdp, state: number): number {
  if (state === 0 || state >= stateCount) return 0;
  let said = 0;
  for (let at = state; at > 0; at = Math.floor((at - 1) / vocabSize)) if ((at - 1) % vocabSize === 0) said++;
  return said;
}

function featuresOfTexts(mdp: EnumerableMdp, features: readonly Feature[], prompt: number): number[][] {
  const sums = features.map(({ value }) => mdp.discountedSums((state, action) => value(prompt, state, action)));
  return mdp.trajectories.map((_, text) => sums.map((ofTexts) => ofTexts[text]));
}

function rewardTable(mdp: EnumerableMdp, features: readonly Feature[], prompt: number, weights: Vector): Table {
  return Array.from(
    { length: mdp.stateCount },
    (_, state) =>
      Array.from(
        { length: mdp.vocabSize },
        (_, action) => dot(features.map(({ value }) => value(prompt, state, action)), weights),
      ),
  );
}

/** One step of soft policy improvement over the uniform policy. */
function softPolicy(mdp: EnumerableMdp, reward: Table, sharpness: number): Table {
  const uniform: number[][] = Array(mdp.stateCount).fill(Array(mdp.vocabSize).fill(1 / mdp.vocabSize));
  return mdp.actionValues(uniform, reward).map((row) => softmax(scaled(row, sharpness)));
}

/** What is below this share of the greatest eigenvalue is 0 but for rounding. */
const NOTHING = 1e-12;

/** The eigenvectors of the second moments of all differences Φ(x, τ) − Φ(x, τ'): of positive eigenvalues, and of 0. */
function splitDirections(textFeatures: readonly Matrix[]): { readonly visible: Matrix; readonly blind: Matrix } {
  const moments = zeros(textFeatures[0][0].length);
  for (const ofPrompt of textFeatures) {
    // Σ over pairs of (a − b)(a − b)ᵀ is 2n times that of deviations from the mean.
    const center = weightedSum(ofPrompt, ofPrompt.map(() => 1 / ofPrompt.length));
    for (const text of ofPrompt) addOuter(moments, added(text, center, -1), 1);
  }
  const pairs = symmetricEigenpairs(moments);
  const isVisible = ({ value }: { readonly value: number }) => value > NOTHING * pairs[0].value;
  return {
    visible: pairs.filter(isVisible).map(({ vector }) => vector),
    blind: pairs.filter((pair) => !isVisible(pair)).map(({ vector }) => vector),
  };
}
