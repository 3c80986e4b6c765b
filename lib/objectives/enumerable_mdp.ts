/** Values indexed by state, then by action. */
export type Table = readonly (readonly number[])[];

/**
 * A text-like decision problem small enough to enumerate: V actions, T steps, a state for every prefix. Expectations over whole
 * trajectories are sums, so the propositions of AMMD (Jia 2024) hold to rounding and can be seen to. Policies are tables of
 * probabilities.
 *
 * The states are the inner nodes of a V-ary tree, numbered level by level: action a leads from state s to state V s + a + 1.
 */
export class EnumerableMdp {
  readonly vocabSize: number;
  readonly horizon: number;
  readonly gamma: number;
  readonly stateCount: number;
  /** Every full sequence of actions. */
  readonly trajectories: readonly (readonly number[])[];
  /** The state before each action of each trajectory: `states[i][t]`. */
  readonly states: readonly (readonly number[])[];

  constructor({ vocabSize, horizon, gamma }: { vocabSize: number; horizon: number; gamma: number }) {
    this.vocabSize = vocabSize;
    this.horizon = horizon;
    this.gamma = gamma;
    let stateCount = 0;
    let trajectories: number[][] = [[]];
    for (let t = 0; t < horizon; t++) {
      stateCount += trajectories.length;
      trajectories = trajectories.flatMap((prefix) =>
        Array.from({ length: vocabSize }, (_, action) => [...prefix, action])
      );
    }
    this.stateCount = stateCount;
    this.trajectories = trajectories;
    this.states = trajectories.map((actions) => {
      let next = 0;
      return actions.map((action) => {
        const state = next;
        next = vocabSize * state + action + 1;
        return state;
      });
    });
  }

  /** P(τ) of every trajectory under a policy. */
  probabilities(policy: Table): number[] {
    return this.trajectories.map((actions, i) =>
      actions.reduce((product, action, t) => product * policy[this.states[i][t]][action], 1)
    );
  }

  /** E_{τ~π} Σ_t γ^(t−1) g(s_t, y_t). */
  expect(policy: Table, g: (state: number, action: number) => number): number {
    const probabilities = this.probabilities(policy);
    return this.discountedSums(g).reduce((total, sum, i) => total + probabilities[i] * sum, 0);
  }

  /** Σ_t γ^(t−1) g(s_t, y_t) of every trajectory; with a reward, its return r(x, τ). */
  discountedSums(g: (state: number, action: number) => number): number[] {
    return this.trajectories.map((actions, i) =>
      actions.reduce((sum, action, t) => sum + this.gamma ** t * g(this.states[i][t], action), 0)
    );
  }

  /** J(π) = E_{τ~π} Σ_t γ^(t−1) r(s_t, y_t). */
  return(policy: Table, reward: Table): number {
    return this.expect(policy, (state, action) => reward[state][action]);
  }

  /** Q^π(s, a) = r(s, a) + γ E_{a'~π} Q^π(s', a'), and r alone at the last step. */
  actionValues(policy: Table, reward: Table): number[][] {
    const values: number[][] = Array(this.stateCount);
    // Later states have higher numbers.
    for (let state = this.stateCount - 1; state >= 0; state--) {
      values[state] = reward[state].map((r, action) => r + this.gamma * this.#nextValue(policy, values, state, action));
    }
    return values;
  }

  /**
   * The reward whose Q^π is a given table: r(s, a) = Q(s, a) − γ E_{a'~π} Q(s', a'). There is one for every table, so whatever a
   * critic finds is the gap of some reward.
   */
  rewardOf(policy: Table, actionValues: Table): number[][] {
    return actionValues.map((row, state) =>
      row.map((value, action) => value - this.gamma * this.#nextValue(policy, actionValues, state, action))
    );
  }

  /** A_b(s, a) = Q(s, a) − V_b(s), V_b(s) = E_{a'~b} Q(s, a'). */
  advantages(b: Table, actionValues: Table): number[][] {
    return actionValues.map((row, state) => row.map((value) => value - mean(row, b[state])));
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

  /** E_{a'~π} Q(s', a') at the state s' that an action leads to; 0 after the last step. */
  #nextValue(policy: Table, values: Table, state: number, action: number): number {
    const next = this.vocabSize * state + action + 1;
    return next < this.stateCount ? mean(values[next], policy[next]) : 0;
  }
}

/** E_{a~policy} f(a) at one state. */
export function mean(f: readonly number[], policy: readonly number[]): number {
  return f.reduce((sum, value, action) => sum + policy[action] * value, 0);
}

export function softmax(logits: readonly number[]): number[] {
  const largest = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - largest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
