import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import type { RandomStream } from "#lib/random/random_stream.ts";
import type { Resumable, SavedPart } from "./resumable.ts";

const WINDOW_BATCHES = 8;

/** Where a stream of batches stands. */
export interface BatchPosition {
  /** Words that its random stream had given when the round was dealt. */
  readonly roundStart: number;
  /** Batches of the round that were taken. */
  readonly taken: number;
}

/**
 * An endless stream of batches: the texts shuffled, sorted by length within windows of eight batches so that a batch holds
 * texts of like length, the batches shuffled; then all over again. Texts that fill no window sit one round out.
 */
export class TextBatches<Text extends Trajectory> implements Resumable<BatchPosition> {
  readonly #texts: readonly Text[];
  readonly #size: number;
  readonly #random: RandomStream;
  #round: readonly (readonly Text[])[] = [];
  #roundStart: number;
  #taken = 0;

  /**
   * @param random for these batches alone
   * @throws {RangeError} if there are no texts
   */
  constructor(texts: readonly Text[], batchSize: number, random: RandomStream) {
    if (texts.length === 0) throw new RangeError("Cannot make batches of no texts");
    this.#texts = texts;
    this.#size = Math.min(batchSize, texts.length);
    this.#random = random;
    this.#roundStart = random.position;
  }

  next(): readonly Text[] {
    if (this.#taken === this.#round.length) this.#deal();
    return this.#round[this.#taken++];
  }

  state(): { readonly values: BatchPosition } {
    return { values: { roundStart: this.#roundStart, taken: this.#taken } };
  }

  restore({ values: { roundStart, taken } }: SavedPart<BatchPosition>): void {
    this.#random.seek(roundStart);
    this.#deal();
    if (!(taken <= this.#round.length)) {
      throw new RangeError(`${taken} batches of a round were taken, but one has ${this.#round.length}`);
    }
    this.#taken = taken;
  }

  #deal(): void {
    const size = this.#size;
    const window = Math.min(size * WINDOW_BATCHES, Math.floor(this.#texts.length / size) * size);
    this.#roundStart = this.#random.position;
    const shuffled = this.#random.shuffle([...this.#texts]);
    const batches: Text[][] = [];
    for (let start = 0; start + window <= shuffled.length; start += window) {
      const sorted = shuffled.slice(start, start + window).sort((a, b) => length(a) - length(b));
      for (let at = 0; at < sorted.length; at += size) batches.push(sorted.slice(at, at + size));
    }
    this.#round = this.#random.shuffle(batches);
    this.#taken = 0;
  }
}

function length({ prompt, response }: Trajectory): number {
  return prompt.length + response.length;
}
