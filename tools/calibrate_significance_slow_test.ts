import { assert } from "@std/assert";
import { shareFound } from "./calibrate_significance.ts";
import { normalMethods } from "./simulated_methods.ts";

// As many simulations as it takes to tell a rate of errors of 5 % from one of 6 %.
for (const paired of [true, false]) {
  Deno.test(`of equal methods at most 6 % are told apart on ${paired ? "the same" : "other"} seeds, however much seeds vary`, () => {
    for (const seeds of [3, 5]) {
      for (const sd of [0, 0.05, 0.2]) {
        const simulation = normalMethods({ items: 200, seeds: sd, item: 0.15, residual: 0.3 }, 0, paired);
        const share = shareFound(simulation, { seeds, simulations: 4000, name: `${paired} ${sd}` });
        assert(share <= 0.06, `${share} of ${seeds} seeds that vary by ${sd}`);
      }
    }
  });
}

// The seeds' changes vary by √(0.007² + 0.1²/200), one point.
Deno.test("a change of 3 points on 5 seeds is found in nearly all cases where the seeds' changes vary by one point", () => {
  const simulation = normalMethods({ items: 200, seeds: 0.007, item: 0.05, residual: 0.1 }, 0.03);
  assert(shareFound(simulation, { seeds: 5, simulations: 500, name: "power" }) >= 0.98);
});
