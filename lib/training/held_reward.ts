import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import type { ParameterStore } from "#lib/nn/parameter_store.ts";
import type { Ascent } from "#lib/objectives/ascent.ts";
import { logLikelihood, pairAccuracy } from "#lib/objectives/preference/bradley_terry.ts";
import {
  afterAscent,
  type ConfidenceSettings,
  type ConfidenceState,
  heldWithin,
} from "#lib/objectives/preference/confidence_set.ts";
import type { LabelledPair, PairBatch } from "#lib/objectives/preference/pair_batch.ts";
import { releaseBatch } from "#lib/objectives/trajectory_batch.ts";
import { fitPreferences, type FittedPreferences, KeptValues, type PreferenceFit } from "./fit_preferences.ts";
import { NonFiniteError } from "./measure_log.ts";
import type { Resumable, SavedPart } from "./resumable.ts";

/** What holds an adversary while it ascends. */
export interface Hold {
  /** The adversary's ascent as it may go. */
  within(tape: Tape, ascent: Ascent): Ascent;
  /** Is told that a step of the ascent is done. @returns what is to be logged of it; the caller releases it */
  ascended(): Promise<Readonly<Record<string, Tensor>>>;
}

/** Pairs that a reward is fitted on, and those that its fit stops early by. */
export interface SplitPairs {
  readonly fitting: readonly LabelledPair[];
  readonly heldOut: readonly LabelledPair[];
}

/** A reward of texts, as pairs know it. */
export interface PairReward<Batch extends PairBatch> {
  /** The parameters that it learns by. */
  readonly store: ParameterStore;
  /** Pairs as it reads them, with all that stands still while it learns; `releaseBatch` releases it. */
  pack(pairs: readonly LabelledPair[]): Batch;
  /** The Bradley-Terry logits of the pairs → `"P"`. */
  logits(tape: Tape, batch: Batch): Variable;
}

export interface HeldRewardOptions<Batch extends PairBatch> {
  readonly reward: PairReward<Batch>;
  /** All pairs so far. */
  readonly pairs: () => SplitPairs;
  readonly settings: ConfidenceSettings;
  readonly fit: PreferenceFit;
}

/** What a fit to the pairs came to. */
export interface HeldFit extends FittedPreferences {
  /** LL_max: mean log-likelihood of the pairs that it was fitted on, nats. */
  readonly maxLogLikelihood: number;
  /** The share of the held-out pairs that it orders as they are labelled. */
  readonly heldOutAccuracy: number;
}

interface PackedPairs<Batch> {
  readonly fitting: Batch;
  readonly heldOut: Batch;
}

/**
 * A reward that is fitted to preference pairs and then held inside their confidence set while it ascends (PbKD): the likelihood in the
 * constraint is that of all pairs that it was fitted on, not of a batch of them, so that LL_max is no maximum over noise. Its state is
 * the multiplier and LL_max; the pairs and the reward's parameters are whoever's gave them.
 */
export class HeldReward<Batch extends PairBatch> implements Hold, Resumable<ConfidenceState | null>, Disposable {
  readonly #gpu: Gpu;
  readonly #options: HeldRewardOptions<Batch>;
  /** The reward as it was made. */
  readonly #initial: KeptValues;
  #state: ConfidenceState | null = null;
  #packed: PackedPairs<Batch> | undefined;

  constructor(gpu: Gpu, options: HeldRewardOptions<Batch>) {
    this.#gpu = gpu;
    this.#options = options;
    this.#initial = new KeptValues(gpu, options.reward.store);
  }

  /**
   * Fits the reward to the pairs as they are now, from what it was at the start, since an adversary may stand where no step makes held-out
   * pairs likelier: φ_mle and LL_max. The multiplier starts from 0 again, as the reward is inside the new set.
   *
   * @param heed as `fitPreferences` has it
   * @throws {RangeError} if there are no pairs, or none is held out
   */
  async refit(heed?: (done: number) => void): Promise<HeldFit> {
    this.#release();
    this.#initial.restore();
    const { reward: { store }, fit } = this.#options;
    const { fitting, heldOut } = this.#pairs();
    const batches = { training: [fitting], heldOut: [heldOut] };
    const fitted = await fitPreferences(
      this.#gpu,
      { learner: { store }, logLikelihood: this.#logLikelihood, ...batches, heed },
      fit,
    );
    const { logLikelihood: maxLogLikelihood, heldOutAccuracy } = await this.#look();
    this.#state = { multiplier: 0, maxLogLikelihood };
    return { ...fitted, maxLogLikelihood, heldOutAccuracy };
  }

  /** @throws {RangeError} before the first fit */
  within(tape: Tape, ascent: Ascent): Ascent {
    const likelihood = () => this.#logLikelihood(tape, this.#pairs().fitting);
    return heldWithin(tape, ascent, likelihood, this.#now(), this.#options.settings);
  }

  /**
   * Moves the multiplier by how far the step ended inside the set or outside. Logged: `multiplier`, `violation` in nats, and
   * `reward_accuracy`, the share of the held-out pairs that the reward still orders as they are labelled.
   */
  async ascended(): Promise<Readonly<Record<string, Tensor>>> {
    const { settings } = this.#options;
    const { logLikelihood: now, heldOutAccuracy } = await this.#look();
    const violation = Math.max(0, this.#now().maxLogLikelihood - settings.slackPerPair - now);
    this.#state = afterAscent(this.#now(), now, settings);
    const number = (value: number) => this.#gpu.upload(Float32Array.of(value));
    return {
      multiplier: number(this.#state.multiplier),
      violation: number(violation),
      reward_accuracy: number(heldOutAccuracy),
    };
  }

  state(): { readonly values: ConfidenceState | null } {
    return { values: this.#state };
  }

  restore({ values }: SavedPart<ConfidenceState | null>): void {
    this.#release();
    this.#state = values;
  }

  [Symbol.dispose](): void {
    this.#initial[Symbol.dispose]();
    this.#release();
  }

  readonly #logLikelihood = (tape: Tape, batch: Batch): Variable =>
    logLikelihood(tape, this.#options.reward.logits(tape, batch), batch);

  /** What the reward makes of its pairs as it is now: the mean log-likelihood of those that it was fitted on, and how it orders the others. */
  async #look(): Promise<{ readonly logLikelihood: number; readonly heldOutAccuracy: number }> {
    using tape = new Tape(this.#gpu);
    const { fitting, heldOut } = this.#pairs();
    const asked = [this.#logLikelihood(tape, fitting), this.#options.reward.logits(tape, heldOut)];
    // Every ascent ends with this: both in one wait for the GPU.
    const [[mean], logits] = await this.#gpu.readAll(asked.map(({ value }) => value));
    const pairs = this.#options.pairs();
    if (!Number.isFinite(mean)) {
      throw new NonFiniteError(`The log-likelihood of ${pairs.fitting.length} pairs is ${mean}`);
    }
    const labels = pairs.heldOut.map(({ label }) => label);
    return { logLikelihood: mean, heldOutAccuracy: pairAccuracy(logits as Float32Array, labels) };
  }

  #now(): ConfidenceState {
    if (this.#state === null) {
      throw new RangeError("Cannot hold a reward in a confidence set: it was fitted to no pairs");
    }
    return this.#state;
  }

  /** Packed when they are first needed, since a run that goes on has its pairs before its models. */
  #pairs(): PackedPairs<Batch> {
    const { reward, pairs } = this.#options;
    if (!this.#packed) {
      const { fitting, heldOut } = pairs();
      this.#packed = { fitting: reward.pack(fitting), heldOut: reward.pack(heldOut) };
    }
    return this.#packed;
  }

  #release(): void {
    for (const batch of Object.values<Batch>({ ...this.#packed })) releaseBatch(this.#gpu, batch);
    this.#packed = undefined;
  }
}
