import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import type { RandomStream } from "#lib/random/random_stream.ts";
import type { Resumable, SavedPart } from "./resumable.ts";

/**
 * The latest texts that a student wrote, first in, first out, to be learnt from again: off-policy, but cheaper than new ones (as in
 * the public code of DistiLLM; Ko et al. 2024, arXiv 2402.03898). Its state is the texts; the random stream's is whoever's made it.
 */
export class ReplayBuffer<Text = Trajectory> implements Resumable<readonly Text[]> {
  readonly capacity: number;
  readonly #random: RandomStream;
  /** Oldest first. */
  #texts: readonly Text[] = [];

  /** @throws {RangeError} unless `capacity`, in texts, is a positive integer */
  constructor(capacity: number, random: RandomStream) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RangeError(`Cannot make a replay buffer: capacity is ${capacity} but must be a positive integer`);
    }
    this.capacity = capacity;
    this.#random = random;
  }

  get size(): number {
    return this.#texts.length;
  }

  get isFull(): boolean {
    return this.#texts.length === this.capacity;
  }

  /** Adds texts, and drops the oldest that are too many. */
  push(texts: readonly Text[]): void {
    this.#texts = [...this.#texts, ...texts].slice(-this.capacity);
  }

  /**
   * So many different texts, every choice and order equally likely; they stay in the buffer.
   *
   * @throws {RangeError} if the buffer holds fewer
   */
  draw(count: number): Text[] {
    if (count > this.size) throw new RangeError(`Cannot draw ${count} texts: the replay buffer holds ${this.size}`);
    const places = [...this.#texts.keys()];
    // The first steps of a Fisher-Yates shuffle.
    return Array.from({ length: count }, (_, i) => {
      const other = i + this.#random.integer(places.length - i);
      [places[i], places[other]] = [places[other], places[i]];
      return this.#texts[places[i]];
    });
  }

  state(): { readonly values: readonly Text[] } {
    return { values: this.#texts };
  }

  restore({ values }: SavedPart<readonly Text[]>): void {
    if (values.length > this.capacity) {
      throw new RangeError(`it holds ${values.length} texts but has room for ${this.capacity}`);
    }
    this.#texts = [...values];
  }
}
