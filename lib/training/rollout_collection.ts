import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import type { DistillationPlayers } from "#lib/objectives/distillation.ts";
import { collectRollout, type MiniLlmSettings, releaseRollout, type Rollout } from "#lib/objectives/minillm.ts";
import { packTrajectories, type Trajectory } from "#lib/objectives/trajectory_batch.ts";
import type { RandomStream } from "#lib/random/random_stream.ts";
import { type PartState, type Resumable, type SavedPart, writeSaved } from "./resumable.ts";

/** A collection that is not used up: the texts of its mini-batches, their places in the order of use, and how many were used. */
export interface CollectedTexts {
  readonly texts: readonly (readonly Trajectory[])[];
  readonly order: readonly number[];
  readonly used: number;
}

export interface RolloutSource {
  readonly players: DistillationPlayers;
  readonly texts: { rollouts(batches: number): Promise<readonly (readonly Trajectory[])[]> };
  readonly settings: MiniLlmSettings;
  /** Orders the mini-batches of each pass. */
  readonly random: RandomStream;
}

/**
 * What MiniLLM's steps learn from: mini-batches that are collected together and used `ppoEpochs` times each, every pass in an order of
 * its own, before others are collected. Its state holds their scores, since the student that scored them has moved.
 */
export class RolloutCollection implements Resumable<CollectedTexts>, Disposable {
  readonly #gpu: Gpu;
  readonly #source: RolloutSource;
  #texts: readonly (readonly Trajectory[])[] = [];
  #rollouts: Rollout[] = [];
  /** Places of the mini-batches, pass after pass. */
  #order: readonly number[] = [];
  #used = 0;

  constructor(gpu: Gpu, source: RolloutSource) {
    this.#gpu = gpu;
    this.#source = source;
  }

  /**
   * The mini-batch of the next step; it stays the collection's.
   *
   * @param stepsLeft with it, which bounds a new collection
   */
  async next(stepsLeft: number): Promise<Rollout> {
    if (this.#used === this.#order.length) {
      this.#clear();
      await this.#collect(Math.min(this.#source.settings.rolloutBatches, stepsLeft));
    }
    return this.#rollouts[this.#order[this.#used++]];
  }

  state(): PartState<CollectedTexts> {
    if (this.#used === this.#order.length) return { values: { texts: [], order: [], used: 0 } };
    const texts = this.#texts.map((batch) => batch.map(({ prompt, response }) => ({ prompt, response })));
    return { values: { texts, order: this.#order, used: this.#used }, tensors: this.#scores() };
  }

  restore({ values: { texts, order, used }, arrays }: SavedPart<CollectedTexts>): void {
    this.#clear();
    this.#rollouts = texts.map((batch) => {
      const packed = packTrajectories(this.#gpu, batch, this.#source.players.student.layout);
      const unscored = () => this.#gpu.allocate(packed.actions.shape);
      return { texts: packed, samplerLogProb: unscored(), rewards: unscored(), advantages: unscored() };
    });
    writeSaved(this.#gpu, this.#scores(), arrays);
    [this.#texts, this.#order, this.#used] = [texts, order, used];
  }

  [Symbol.dispose](): void {
    this.#clear();
  }

  async #collect(batches: number): Promise<void> {
    const { players, texts, settings, random } = this.#source;
    this.#texts = await texts.rollouts(batches);
    if (this.#texts.length === 0) throw new RangeError("Cannot train: rollouts() gave no texts");
    for (const batch of this.#texts) {
      this.#rollouts.push(collectRollout(this.#gpu, players, batch, settings));
      await this.#gpu.throttle();
    }
    const passes = Array.from({ length: settings.ppoEpochs }, () => random.shuffle([...this.#texts.keys()]));
    this.#order = passes.flat();
  }

  #scores(): Record<string, Tensor> {
    return Object.fromEntries(this.#rollouts.flatMap(({ samplerLogProb, rewards, advantages }, i) => [
      [`sampler log-probabilities ${i}`, samplerLogProb],
      [`rewards ${i}`, rewards],
      [`advantages ${i}`, advantages],
    ]));
  }

  #clear(): void {
    for (const rollout of this.#rollouts) releaseRollout(this.#gpu, rollout);
    [this.#texts, this.#rollouts, this.#order, this.#used] = [[], [], [], 0];
  }
}
