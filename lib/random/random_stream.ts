import { philox4x32 } from "#kernels/random/philox.ts";

const TWO_TO_32 = 0x1_0000_0000;
const BLOCK_WORDS = 4;

/**
 * A stream of random numbers that depends on nothing but a seed and a purpose, such as `"shuffle"`. Streams of different
 * purposes are independent, so that drawing more of one changes no other.
 *
 * The n-th block of four words is `philox4x32([n mod 2^32, n / 2^32, 0, 0], [seed, fnv1a32(purpose)])`.
 */
export class RandomStream {
  readonly #key: readonly [number, number];
  /** The block that the next word is of, once one of its words was drawn. */
  #block: readonly number[] = [];
  #position = 0;

  /** @throws {RangeError} if `seed` is not an integer from 0 to 2^32 − 1 */
  constructor(seed: number, purpose: string) {
    if (!Number.isInteger(seed) || seed < 0 || seed >= TWO_TO_32) {
      throw new RangeError(`Cannot open a random stream: seed is ${seed} but must be an integer from 0 to 4294967295`);
    }
    this.#key = [seed, fnv1a32(purpose)];
  }

  /** Words of 32 bits drawn so far: all that the stream's future depends on. */
  get position(): number {
    return this.#position;
  }

  /**
   * Goes to where a stream of the same seed and purpose was at this position, forward or back.
   *
   * @throws {RangeError} if `position` is not an integer ≥ 0
   */
  seek(position: number): void {
    if (!Number.isSafeInteger(position) || position < 0) {
      throw new RangeError(`Cannot seek in a random stream: position is ${position} but must be an integer ≥ 0`);
    }
    this.#position = position;
    if (position % BLOCK_WORDS !== 0) this.#readBlock();
  }

  /** The next 32 random bits, as an unsigned integer. */
  nextUint32(): number {
    const place = this.#position % BLOCK_WORDS;
    if (place === 0) this.#readBlock();
    this.#position++;
    return this.#block[place];
  }

  /** A number in [0, 1) with 53 random bits. */
  uniform(): number {
    const upper = this.nextUint32() >>> 5; // 27 bits
    const lower = this.nextUint32() >>> 6; // 26 bits
    return (upper * 0x400_0000 + lower) / 2 ** 53;
  }

  /**
   * An integer from 0 to `count` − 1, each exactly equally likely.
   *
   * @throws {RangeError} if `count` is not an integer from 1 to 2^32
   */
  integer(count: number): number {
    if (!Number.isInteger(count) || count < 1 || count > TWO_TO_32) {
      throw new RangeError(`Cannot draw an integer: count is ${count} but must be an integer from 1 to 4294967296`);
    }
    // Words above the last multiple of count would favour the small remainders.
    const limit = TWO_TO_32 - TWO_TO_32 % count;
    let word = this.nextUint32();
    while (word >= limit) word = this.nextUint32();
    return word % count;
  }

  /**
   * One of the values, each equally likely.
   *
   * @throws {RangeError} if there are none
   */
  choice<T>(values: readonly T[]): T {
    if (values.length === 0) throw new RangeError("Cannot choose: there are no values");
    return values[this.integer(values.length)];
  }

  /**
   * One of the values, with probability proportional to its weight.
   *
   * @throws {RangeError} unless there is one finite weight ≥ 0 per value and one of them is positive
   */
  weightedChoice<T>(values: readonly T[], weights: readonly number[]): T {
    if (weights.length !== values.length) {
      throw new RangeError(`Cannot choose: there are ${values.length} values but ${weights.length} weights`);
    }
    const wrong = weights.find((weight) => !(weight >= 0 && weight < Infinity));
    if (wrong !== undefined) throw new RangeError(`Cannot choose: a weight is ${wrong} but must be finite and ≥ 0`);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    if (total === 0) throw new RangeError("Cannot choose: no weight is positive");
    let remaining = this.uniform() * total;
    let last = 0;
    for (let index = 0; index < values.length; index++) {
      if (weights[index] === 0) continue;
      if (remaining < weights[index]) return values[index];
      remaining -= weights[index];
      last = index;
    }
    return values[last]; // reached only when rounding leaves a remainder past the last positive weight
  }

  /** Puts the values in random order, in place, every order equally likely (Fisher–Yates), and returns the same array. */
  shuffle<T>(values: T[]): T[] {
    for (let end = values.length - 1; end > 0; end--) {
      const other = this.integer(end + 1);
      [values[end], values[other]] = [values[other], values[end]];
    }
    return values;
  }

  /** A number from the standard normal distribution (Box & Muller 1958, cosine branch). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  #readBlock(): void {
    const index = Math.floor(this.#position / BLOCK_WORDS);
    this.#block = philox4x32([index >>> 0, Math.floor(index / TWO_TO_32), 0, 0], this.#key);
  }
}

/** The 32-bit FNV-1a hash of a text's UTF-8 bytes (Fowler, Noll & Vo), as an unsigned integer. */
export function fnv1a32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
