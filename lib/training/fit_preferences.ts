import type { Gpu } from "#kernels/runtime/gpu.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import type { ParameterStore } from "#lib/nn/parameter_store.ts";
import { linearCombination } from "#lib/objectives/linear_combination.ts";
import type { PairLabels } from "#lib/objectives/preference/pair_batch.ts";
import { AdamW } from "./adam_w.ts";
import { NonFiniteError } from "./measure_log.ts";
import { updateStep } from "./update_step.ts";

export interface PreferenceFit {
  /** At most. */
  readonly steps: number;
  readonly learningRate: number;
  readonly betas: readonly [number, number];
  /** Steps between looks at the held-out pairs, each of which waits for the GPU. */
  readonly lookEvery: number;
  /** Looks in a row that find nothing better, after which the fit ends. */
  readonly patience: number;
}

/** The mean log-likelihood of a batch's labels under the reward that learns, nats → `"1"`. */
export type LogLikelihood<Batch> = (tape: Tape, batch: Batch) => Variable;

export interface PreferenceFitRun<Batch extends PairLabels> {
  /** Whose parameters learn. */
  readonly learner: { readonly store: ParameterStore };
  readonly logLikelihood: LogLikelihood<Batch>;
  /** One batch a step, over and over. */
  readonly training: readonly Batch[];
  readonly heldOut: readonly Batch[];
  /** Is told how many steps are done, before each look at the held-out pairs. What it throws ends the fit. */
  readonly heed?: (done: number) => void;
}

/** Where a fit ended: the best of its looks. */
export interface FittedPreferences {
  /** Steps up to it; 0 where no step made the held-out pairs likelier. */
  readonly steps: number;
  /** Mean log-likelihood of the held-out pairs there, nats. */
  readonly heldOutLogLikelihood: number;
}

/**
 * The maximum-likelihood reward φ_mle = argmax LL_φ(D) of PbKD, stopped early: ascends by AdamW on the likelihood of the training pairs
 * and leaves the learner where the held-out pairs were likeliest. LL_max of the confidence set is `meanLogLikelihood` of D there.
 *
 * @throws {RangeError} if there are no training or no held-out pairs
 * @throws {NonFiniteError} if the likelihood of the held-out pairs is no number
 */
export async function fitPreferences<Batch extends PairLabels>(
  gpu: Gpu,
  { learner: { store }, logLikelihood, training, heldOut, heed }: PreferenceFitRun<Batch>,
  { steps, learningRate, betas, lookEvery, patience }: PreferenceFit,
): Promise<FittedPreferences> {
  if (training.length === 0) throw new RangeError("Cannot fit a reward to no pairs");
  // What bounds a reward is its form and the early stop, not decay.
  using optimizer = new AdamW(gpu, store, { betas, eps: 1e-8, weightDecay: 0 });
  using best = new KeptValues(gpu, store);
  const look = () => meanLogLikelihood(gpu, logLikelihood, heldOut);
  let fitted: FittedPreferences = { steps: 0, heldOutLogLikelihood: await look() };
  for (let step = 1, worse = 0; step <= steps && worse < patience; step++) {
    const batch = training[(step - 1) % training.length];
    const { grad_norm } = await updateStep(gpu, [{ optimizer, learningRate }], [(tape) => {
      const loss = linearCombination(tape, [{ weight: -1, value: logLikelihood(tape, batch) }]);
      return { loss, measures: {} };
    }]);
    gpu.release(grad_norm);
    if (step % lookEvery !== 0 && step !== steps) continue;
    heed?.(step);
    const now = await look();
    worse = now > fitted.heldOutLogLikelihood ? 0 : worse + 1;
    if (worse > 0) continue;
    fitted = { steps: step, heldOutLogLikelihood: now };
    best.keep();
  }
  best.restore();
  return fitted;
}

/**
 * The mean log-likelihood of the pairs of some batches, nats: each pair counts alike, whatever the batches' sizes.
 *
 * @throws {RangeError} if there are none
 * @throws {NonFiniteError} if it is no number
 */
export async function meanLogLikelihood<Batch extends PairLabels>(
  gpu: Gpu,
  logLikelihood: LogLikelihood<Batch>,
  batches: readonly Batch[],
): Promise<number> {
  if (batches.length === 0) throw new RangeError("Cannot take the likelihood of no pairs");
  let [sum, pairs] = [0, 0];
  for (const batch of batches) {
    const [count] = batch.firstWeights.shape;
    using tape = new Tape(gpu);
    const [mean] = await gpu.read(logLikelihood(tape, batch).value);
    sum += count * mean;
    pairs += count;
  }
  const mean = sum / pairs;
  if (!Number.isFinite(mean)) throw new NonFiniteError(`The log-likelihood of ${pairs} pairs is ${mean}`);
  return mean;
}

/** A copy of a store's values, taken at once and by `keep`. */
export class KeptValues implements Disposable {
  readonly #gpu: Gpu;
  readonly #values;

  constructor(gpu: Gpu, { segments }: ParameterStore) {
    this.#gpu = gpu;
    this.#values = segments.map(({ values }) => ({ learned: values, kept: gpu.allocateLasting(values.shape) }));
    this.keep();
  }

  keep(): void {
    for (const { learned, kept } of this.#values) this.#gpu.copy(learned, kept);
  }

  restore(): void {
    for (const { learned, kept } of this.#values) this.#gpu.copy(kept, learned);
  }

  [Symbol.dispose](): void {
    for (const { kept } of this.#values) this.#gpu.release(kept);
  }
}
