/** Values indexed by state, then by action. */
export type Table = readonly (readonly number[])[];

/**
 * A text-like decision problem small enough to enumerate: V actions, T steps, a state for every prefix. Expectations over whole
 * trajectories are sums, so the propositions of AMMD can be checked to rounding.
 */
export class EnumerableMdp {
  readonly vocabSize: number;
  readonly horizon: number;
  readonly gamma: number;
  /** Every full sequence of actions. */
  readonly trajectories: readonly (readonly number[])[];
  /** The state before each action of each trajectory: `states[i][t]`. */
  readonly states: readonly (readonly number[])[];
  readonly stateCount: number;

  constructor({ vocabSize, horizon, gamma }: { vocabSize: number; horizon: number; gamma: number }) {
    this.vocabSize = vocabSize;
    this.horizon = horizon;
    this.gamma = gamma;
    const prefixes = new Map<string, number>();
    let ends: number[][] = [[]];
    for (let t = 0; t < horizon; t++) {
      for (const prefix of ends) prefixes.set(prefix.join(), prefixes.size);
      ends = ends.flatMap((prefix) => Array.from({ length: vocabSize }, (_, action) => [...prefix, action]));
    }
    this.trajectories = ends;
    this.states = ends.map((actions) => actions.map((_, t) => prefixes.get(actions.slice(0, t).join())!));
    this.stateCount = prefixes.size;
  }

  /** P(τ) of every trajectory under a policy (probabilities by state). */
  probabilities(policy: Table): number[] {
    return this.trajectories.map((actions, i) =>
      actions.reduce((product, action, t) => product * policy[this.states[i][t]][action], 1)
    );
  }

  /** J(π) = E_{τ~π} Σ_t γ^(t−1) r(s_t, y_t). */
  return(policy: Table, reward: Table): number {
    return this.expect(policy, (state, action) => reward[state][action]);
  }

  /** E_{τ~π} Σ_t γ^(t−1) g(s_t, y_t). */
  expect(policy: Table, g: (state: number, action: number) => number): number {
    const probabilities = this.probabilities(policy);
    return this.trajectories.reduce((total, actions, i) => {
      const discounted = actions.reduce((sum, action, t) => sum + this.gamma ** t * g(this.states[i][t], action), 0);
      return total + probabilities[i] * discounted;
    }, 0);
  }

  /** Q^π(s, a) = r(s, a) + γ E_{a'~π} Q^π(s', a'), and r alone at the last step. */
  actionValues(policy: Table, reward: Table): number[][] {
    const values: number[][] = Array.from({ length: this.stateCount }, () => Array(this.vocabSize).fill(0));
    for (let t = this.horizon - 1; t >= 0; t--) {
      this.trajectories.forEach((actions, i) => {
        const state = this.states[i][t];
        let later = 0;
        if (t + 1 < this.horizon) {
          const next = this.states[i][t + 1];
          later = values[next].reduce((sum, value, action) => sum + policy[next][action] * value, 0);
        }
        values[state][actions[t]] = reward[state][actions[t]] + this.gamma * later;
      });
    }
    return values;
  }

  /** E U_off with f: trajectories of the teacher, f at its actions minus its mean under the student (AMMD Proposition 1). */
  offPolicyMoment(f: Table, teacher: Table, student: Table): number {
    return this.expect(teacher, (state, action) => f[state][action] - mean(f[state], student[state]));
  }

  /** E U_on with f: trajectories of the student, the mean of f under the teacher minus f at its actions (Proposition 2). */
  onPolicyMoment(f: Table, teacher: Table, student: Table): number {
    return this.expect(student, (state, action) => mean(f[state], teacher[state]) - f[state][action]);
  }

  /** E_{τ~visitor} Σ_t γ^(t−1) 2·TV(teacher, student): both moments' supremum over |f| ≤ 1 (Corollary 1). */
  twoTotalVariation(visitor: Table, teacher: Table, student: Table): number {
    return this.expect(
      visitor,
      (state) => teacher[state].reduce((sum, p, action) => sum + Math.abs(p - student[state][action]), 0),
    );
  }
}

/** E_{a~policy} f(a) at one state. */
function mean(f: readonly number[], policy: readonly number[]): number {
  return f.reduce((sum, value, action) => sum + policy[action] * value, 0);
}

export function softmax(logits: readonly number[]): number[] {
  const largest = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - largest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
