import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import type { RandomStream } from "#lib/random/random_stream.ts";
import { ReplayBuffer } from "./replay_buffer.ts";
import type { SavedPart } from "./resumable.ts";
import type { TextDraws, TextSource } from "./text_draws.ts";

export interface DistillmTextSettings {
  /** Updates in all: the share of the student's texts that are new falls linearly to 0 at the last. */
  readonly steps: number;
  /** Texts in the replay buffer. */
  readonly capacity: number;
  /** φ at the start. */
  readonly initialStudentShare: number;
  /** How much a raise adds to φ. */
  readonly studentShareIncrement: number;
  /** When a validation loss raises φ; see `DistillmTexts.observe`. */
  readonly raiseWhen: "lossStalls" | "lossRises";
  /** ε of that comparison, in nats. */
  readonly lossMargin: number;
}

/** Where the texts of a step come from. */
export type DistillmSource = "student" | "buffer" | "data";

/** What the scheduler remembers. */
export interface DistillmMemory {
  readonly counts: Readonly<Record<DistillmSource, number>>;
  readonly buffer: readonly Trajectory[];
  readonly batchSize: number;
  readonly raises: number;
  readonly referenceLoss: number | null;
}

/**
 * The adaptive off-policy scheduler of DistiLLM (Ko et al. 2024, arXiv 2402.03898), as its public code runs it. With r uniform in
 * [0, 1) and φ the share of steps that take texts of the student, a step
 *
 * - has the student write a batch, and keeps it in a replay buffer, if r < φ (1 − step / steps), or if r < φ and the buffer is not full,
 * - draws from the buffer if r < φ otherwise,
 * - takes the data if r ≥ φ.
 *
 * The position of the random stream is no part of its state: others may draw from it too.
 */
export class DistillmTexts implements TextSource {
  /** Steps so far, by where their texts came from. */
  readonly counts: Record<DistillmSource, number> = { student: 0, buffer: 0, data: 0 };
  readonly #draws: TextDraws;
  readonly #settings: DistillmTextSettings;
  readonly #random: RandomStream;
  readonly #buffer: ReplayBuffer;
  #batchSize = 0;
  #raises = 0;
  /** The loss that the next one is compared with. */
  #referenceLoss: number | null = null;

  constructor(draws: TextDraws, settings: DistillmTextSettings, random: RandomStream) {
    this.#draws = draws;
    this.#settings = settings;
    this.#random = random;
    this.#buffer = new ReplayBuffer(settings.capacity, random);
  }

  /** φ: the probability that a step takes texts of the student, new or from the buffer. */
  get studentShare(): number {
    const { initialStudentShare, studentShareIncrement } = this.#settings;
    return Math.min(1, initialStudentShare + this.#raises * studentShareIncrement);
  }

  /**
   * Tells the scheduler a validation loss (nats): the first one before training, then one at each evaluation. φ is raised
   *
   * - with `lossRises`, if the loss is at least `lossMargin` above the one of the last raise (at first, of the start): the comparison
   *   of the public code. Where the student never gets that much worse, φ stays where it is, and at 0 the method is its distance on
   *   the data alone;
   * - with `lossStalls`, if the loss is not more than `lossMargin` below the lowest so far, so that short runs use the student too.
   */
  observe(validationLoss: number): void {
    const reference = this.#referenceLoss;
    if (reference === null) {
      this.#referenceLoss = validationLoss;
      return;
    }
    const { raiseWhen, lossMargin } = this.#settings;
    const raised = raiseWhen === "lossRises"
      ? validationLoss >= reference + lossMargin
      : validationLoss > reference - lossMargin;
    if (raised) this.#raises++;
    if (raiseWhen === "lossRises" ? raised : validationLoss < reference) this.#referenceLoss = validationLoss;
  }

  /** The texts of a step, counted from 1. */
  async next(step: number): Promise<readonly Trajectory[]> {
    const source = this.#sourceOf(step);
    this.counts[source]++;
    if (source === "data") return this.#draws.data();
    if (source === "buffer") return this.#buffer.draw(this.#batchSize);
    const fresh = await this.#draws.student();
    this.#batchSize = fresh.length;
    this.#buffer.push(fresh);
    return fresh;
  }

  state(): { readonly values: DistillmMemory } {
    return {
      values: {
        counts: { ...this.counts },
        buffer: this.#buffer.state().values,
        batchSize: this.#batchSize,
        raises: this.#raises,
        referenceLoss: this.#referenceLoss,
      },
    };
  }

  restore({ values: { counts, buffer, batchSize, raises, referenceLoss }, arrays }: SavedPart<DistillmMemory>): void {
    this.#buffer.restore({ values: buffer, arrays });
    Object.assign(this.counts, counts);
    this.#batchSize = batchSize;
    this.#raises = raises;
    this.#referenceLoss = referenceLoss;
  }

  #sourceOf(step: number): DistillmSource {
    const r = this.#random.uniform();
    const share = this.studentShare;
    if (r >= share) return "data";
    return r < share * (1 - step / this.#settings.steps) || !this.#buffer.isFull ? "student" : "buffer";
  }
}
