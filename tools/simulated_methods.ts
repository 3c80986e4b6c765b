/** Scores of simulated methods, to measure on them how often the significance test finds what is there and what is not. */
import { BLEU_OF_ITEMS } from "#lib/metrics/bleu.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { jackknifeValues } from "#lib/statistics/item_scores.ts";
import type { SeedScore } from "#lib/statistics/significance.ts";
import { mean, sampleSd } from "#lib/statistics/statistics.ts";

/** Standard deviations of a difference: between seeds, of an item on all seeds, and of an item on one seed. */
export interface Noise {
  readonly items: number;
  readonly seeds: number;
  readonly item: number;
  readonly residual: number;
}

/** Two methods on the same seeds and items, a new draw at every call. */
export type Simulation = (seeds: number, draw: Draws) => readonly [readonly SeedScore[], readonly SeedScore[]];

const POOL = 2 ** 16;

/** Random numbers at little cost: standard normal ones are two of a pool for each random word. */
export class Draws {
  readonly #stream: RandomStream;
  readonly #pool: Float64Array;
  #word = 0;
  #used = true;

  constructor(purpose: string) {
    this.#stream = new RandomStream(1, purpose);
    const drawn = Float64Array.from({ length: POOL }, () => this.#stream.normal());
    const [center, sd] = [mean(drawn), sampleSd(drawn)];
    this.#pool = drawn.map((value) => (value - center) / sd);
  }

  normal(): number {
    this.#used = !this.#used;
    if (this.#used) return this.#pool[this.#word >>> 16];
    this.#word = this.#stream.nextUint32();
    return this.#pool[this.#word & (POOL - 1)];
  }

  uniform(): number {
    return this.#stream.nextUint32() / 2 ** 32;
  }
}

/** Methods whose scores are normal, and which differ by `shift` in truth. */
export function normalMethods({ items, seeds, item, residual }: Noise, shift = 0, paired = true): Simulation {
  // Not paired, both sides have their own seeds, and each half the variance of the difference.
  const scale = paired ? 1 : Math.SQRT1_2;
  return (seedCount, draw) => {
    const effects = Array.from({ length: items }, () => item * draw.normal());
    const side = (level: number, ofItems: readonly number[], firstSeed: number) =>
      scores(seedCount, firstSeed, () => {
        const ofSeed = level + scale * seeds * draw.normal();
        return ofItems.map((effect) => ofSeed + effect + scale * residual * draw.normal());
      });
    const nothing = effects.map(() => 0);
    const before = paired ? scores(seedCount, 1, () => nothing) : side(0, nothing, 1);
    return [before, side(shift, effects, paired ? 1 : 100)];
  };
}

/**
 * Equal methods with the skewed scores of ROUGE-L: most items near 0, some exactly 1. Where the first gives each item a share of its words,
 * the second gives all or nothing, as often as keeps the mean: their differences are skewed too.
 */
export function skewedMethods(seeds: number, items = 200): Simulation {
  return (seedCount, draw) => {
    const difficulty = Array.from({ length: items }, () => draw.normal());
    const seedEffects = Array.from({ length: seedCount }, () => [seeds * draw.normal(), seeds * draw.normal()]);
    const share = (item: number, effect: number) => 1 / (1 + Math.exp(1.5 + 1.5 * difficulty[item] - 6 * effect));
    const side = (method: number, score: (share: number) => number) =>
      seedEffects.map((effects, seed) =>
        scoreOf(seed, difficulty.map((_, item) => score(share(item, effects[method]))))
      );
    return [side(0, (share) => share), side(1, (share) => draw.uniform() < share ? 1 : 0)];
  };
}

/** Equal methods scored by BLEU: n-grams of segments of 4 to 20 words match as often as seed, item and chance make them. */
export function bleuMethods(seeds: number, items = 140): Simulation {
  return (seedCount, draw) => {
    const lengths = Array.from({ length: items }, () => 4 + Math.floor(17 * draw.uniform()));
    const difficulty = lengths.map(() => draw.normal());
    const side = () =>
      Array.from({ length: seedCount }, (_, seed) => {
        const ofSeed = seeds * draw.normal();
        const counts = lengths.map((words, item) => {
          const share = 1 / (1 + Math.exp(0.5 * difficulty[item] - 6 * ofSeed - 0.4 * draw.normal()));
          return segment(words, Math.max(1, words + Math.round(draw.normal())), share, draw);
        });
        const parts = BLEU_OF_ITEMS.parts.map((_, part) => counts.map((numbers) => numbers[part]));
        const values = jackknifeValues(parts, BLEU_OF_ITEMS);
        return { seed, value: mean(values), items: [values] };
      });
    return [side(), side()];
  };
}

/** The counts of a segment whose words match one by one with this probability, its n-grams where all their words do. */
function segment(referenceWords: number, words: number, share: number, draw: Draws): number[] {
  const isRight = Array.from({ length: words }, () => draw.uniform() < share);
  const orders = [1, 2, 3, 4];
  const matches = orders.map((order) =>
    isRight.filter((_, end) => end >= order - 1 && isRight.slice(end - order + 1, end + 1).every((right) => right))
      .length
  );
  return [...matches, ...orders.map((order) => Math.max(0, words - order + 1)), words, referenceWords];
}

function scores(seedCount: number, firstSeed: number, items: () => readonly number[]): SeedScore[] {
  return Array.from({ length: seedCount }, (_, s) => scoreOf(firstSeed + s, items()));
}

function scoreOf(seed: number, items: readonly number[]): SeedScore {
  return { seed, value: mean(items), items: [items] };
}
