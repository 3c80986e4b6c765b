import { assert } from "@std/assert";
import { RandomStream } from "#lib/random/random_stream.ts";
import { type SeedScore, testChange } from "./change_significance.ts";

// Simulated changes, as many as it takes to tell a rate of errors of 5 % from one of 6 %.

function scores(rows: readonly (readonly number[])[], firstSeed = 1): SeedScore[] {
  return rows.map((items, s) => ({
    seed: firstSeed + s,
    value: items.reduce((sum, value) => sum + value, 0) / items.length,
    items,
  }));
}

interface Noise {
  readonly seedCount: number;
  /** Standard deviations of the difference: between seeds, of an item on all seeds, and of an item on one seed. */
  readonly seeds: number;
  readonly items: number;
  readonly residual: number;
}

const ITEMS = 200;
const POOL = 2 ** 16;

/** Standard normal numbers at little cost: two of a pool for each random word. */
function normalSource(stream: RandomStream): () => number {
  const drawn = Float64Array.from({ length: POOL }, () => stream.normal());
  const mean = drawn.reduce((sum, value) => sum + value, 0) / POOL;
  const sd = Math.sqrt(drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0) / POOL);
  const pool = drawn.map((value) => (value - mean) / sd);
  let [word, used] = [0, true];
  return () => {
    used = !used;
    if (used) return pool[word >>> 16];
    word = stream.nextUint32();
    return pool[word & (POOL - 1)];
  };
}

/** Which share of simulated changes by `shift` has p below 0.05. */
function shareFound(shift: number, noise: Noise, simulations: number, paired = true): number {
  const normal = normalSource(new RandomStream(1, `changes ${JSON.stringify([shift, noise, paired])}`));
  const nothing = Array<number>(ITEMS).fill(0);
  // Not paired, both sides have their own seeds, and each half the variance of the difference.
  const scale = paired ? 1 : Math.SQRT1_2;
  const side = (mean: number, effects: readonly number[], firstSeed: number) =>
    scores(
      Array.from({ length: noise.seedCount }, () => {
        const level = mean + scale * noise.seeds * normal();
        return effects.map((effect) => level + effect + scale * noise.residual * normal());
      }),
      firstSeed,
    );
  let found = 0;
  for (let simulation = 0; simulation < simulations; simulation++) {
    const items = nothing.map(() => noise.items * normal());
    const before = paired ? scores(Array(noise.seedCount).fill(nothing)) : side(0, nothing, 1);
    if (testChange(before, side(shift, items, paired ? 1 : 100)).p! < 0.05) found++;
  }
  return found / simulations;
}

// The setting of the comment in lib/statistics/paired_bootstrap.ts, whose test finds up to 0.24 (3 seeds) and 0.13 (5 seeds) there.
for (const paired of [true, false]) {
  Deno.test(`of equal methods at most 6 % are told apart on ${paired ? "the same" : "other"} seeds, however much seeds vary`, () => {
    for (const seedCount of [3, 5]) {
      for (const seeds of [0, 0.05, 0.2]) {
        const share = shareFound(0, { seedCount, seeds, items: 0.15, residual: 0.3 }, 4000, paired);
        assert(share <= 0.06, `${share} of ${seedCount} seeds that vary by ${seeds}`);
      }
    }
  });
}

// The seeds' changes vary by √(0.007² + 0.1²/200), one point.
Deno.test("a change of 3 points on 5 seeds is found in nearly all cases where the seeds' changes vary by one point", () => {
  const noise = { seedCount: 5, seeds: 0.007, items: 0.05, residual: 0.1 };
  assert(shareFound(0.03, noise, 500) >= 0.98);
});
