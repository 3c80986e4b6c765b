import { EnumerableMdp, mean, softmax, type Table } from "#lib/objectives/enumerable_mdp.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import type { PreferenceTheorySettings } from "./settings.ts";

/** How far the identities of PbKD with AMMD are from holding, for one problem. */
export interface IdentityErrors {
  /** |gap of r_b − U_off(Q)|, b = student. */
  readonly student: number;
  /** |gap of r_b − U_on(Q)|, b = teacher. */
  readonly teacher: number;
  /** Of all texts and both b, the largest |r_b(x, τ) − V_b(s_0) − Σ_t γ^(t−1) A_b(s_t, y_t)|. */
  readonly texts: number;
  /** |gap of r_b − U_on(Q)|, b = student: what is no identity, and not 0. */
  readonly crossed: number;
}

const MOST_WORDS = 4;
const LONGEST = 4;
const LEAST_DISCOUNT = 0.1;

/** For a problem of random size with a random table Q and two random policies, `count` times. */
export function identityErrors(seed: number, count: number): IdentityErrors[] {
  const random = new RandomStream(seed, "preference identities");
  return Array.from({ length: count }, () => {
    const mdp = new EnumerableMdp({
      vocabSize: 2 + random.integer(MOST_WORDS - 1),
      horizon: 1 + random.integer(LONGEST),
      gamma: LEAST_DISCOUNT + (1 - LEAST_DISCOUNT) * random.uniform(),
    });
    const table = () =>
      Array.from({ length: mdp.stateCount }, () => Array.from({ length: mdp.vocabSize }, () => random.normal()));
    return errorsOf(mdp, { q: table(), teacher: table().map(softmax), student: table().map(softmax) });
  });
}

interface Tables {
  readonly q: Table;
  readonly teacher: Table;
  readonly student: Table;
}

function errorsOf(mdp: EnumerableMdp, { q, teacher, student }: Tables): IdentityErrors {
  const gapOf = (b: Table) => {
    const reward = mdp.rewardOf(b, q);
    return mdp.return(teacher, reward) - mdp.return(student, reward);
  };
  const [off, on] = [mdp.offPolicyMoment(q, teacher, student), mdp.onPolicyMoment(q, teacher, student)];
  const sumsOf = (table: Table) => mdp.discountedSums((state, action) => table[state][action]);
  const textErrors = [teacher, student].flatMap((b) => {
    const [rewards, advantages] = [sumsOf(mdp.rewardOf(b, q)), sumsOf(mdp.advantages(b, q))];
    return rewards.map((reward, text) => Math.abs(reward - mean(q[0], b[0]) - advantages[text]));
  });
  return {
    student: Math.abs(gapOf(student) - off),
    teacher: Math.abs(gapOf(teacher) - on),
    texts: Math.max(...textErrors),
    crossed: Math.abs(gapOf(student) - on),
  };
}

/** The scores of a seed: logarithms to base 10, as these numbers differ by orders of magnitude. */
export function measureIdentities({ identityDraws }: PreferenceTheorySettings, seed: number) {
  const errors = identityErrors(seed, identityDraws);
  // Below the spacing of float64 around 1 an error is as good as none.
  const logOf = (value: number) => Math.log10(Math.max(value, Number.EPSILON));
  const largest = (kind: keyof IdentityErrors) => logOf(Math.max(...errors.map((of) => of[kind])));
  return {
    identity_student: largest("student"),
    identity_teacher: largest("teacher"),
    identity_texts: largest("texts"),
    identity_crossed: logOf(errors.reduce((sum, { crossed }) => sum + crossed, 0) / errors.length),
  };
}
