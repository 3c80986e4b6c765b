import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tape, Variable } from "#lib/autograd/tape.ts";
import { Critic } from "#lib/models/critic.ts";

/**
 * A bounded linear reward of tokens: r = tanh(w · φ + c), |r| ≤ 1, as the paper's theory asks for bounded rewards. It is a critic with one
 * value, and starts as r = 0.
 *
 * @param featureSize F, the size of φ
 */
export function rewardHead(gpu: Gpu, { featureSize }: { readonly featureSize: number }): Critic {
  return new Critic(gpu, { featureSize, vocabSize: 1, head: "linear", bound: "tanh" }, () => 0);
}

/**
 * r of N tokens → `"N"`.
 *
 * @param features φ, `"N F"`, of models that have read the token, for those before it do not know which token it is
 * @throws {RangeError} if F is not the head's
 */
export function tokenRewards(tape: Tape, head: Critic, features: Variable): Variable {
  return tape.reshape(head.values(tape, features), [features.value.shape[0]]);
}
