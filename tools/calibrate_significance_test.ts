import { assert, assertAlmostEquals } from "@std/assert";
import { testDifference, type VarianceComponents } from "#lib/statistics/significance.ts";
import { noiseOf, shareFound, shareOfTables } from "./calibrate_significance.ts";
import { bleuMethods, Draws, type Noise, normalMethods, skewedMethods } from "./simulated_methods.ts";

const noise = (seeds: number): Noise => ({ items: 100, seeds, item: 0.15, residual: 0.3 });

// 8 % of 400 is a rate of 5 % and almost three standard errors.
Deno.test("with 3 seeds at most 8 % of equal methods are told apart, by any kind of score", () => {
  const kinds = {
    normal: normalMethods(noise(0.05)),
    "seeds that vary more than items": normalMethods(noise(0.2)),
    "seeds that do not vary": normalMethods(noise(0)),
    "other seeds on both sides": normalMethods(noise(0.05), 0, false),
    skewed: skewedMethods(0.03, 100),
    "skewed, one seed far from another": skewedMethods(0.1, 100),
  };
  for (const [name, simulation] of Object.entries(kinds)) {
    const share = shareFound(simulation, { seeds: 3, simulations: 400, name });
    assert(share <= 0.08, `${share} of ${name}`);
  }
  const bleu = shareFound(bleuMethods(0.03, 60), { seeds: 3, simulations: 200, name: "bleu" });
  assert(bleu <= 0.08, `${bleu} of BLEU`);
});

Deno.test("with 3 seeds a mark stands in at most 8 % of tables of equal methods, and as few methods are told from the best", () => {
  for (const reference of ["baseline", "best"] as const) {
    const share = shareOfTables(noise(0.2), { seeds: 3, methods: 6, simulations: 300, reference });
    assert(share <= 0.08, `${share} from the ${reference}`);
  }
});

Deno.test("a difference of many standard errors is found, and a small one mostly is not", () => {
  const small = { items: 100, seeds: 0.01, item: 0.05, residual: 0.1 };
  const found = (shift: number) =>
    shareFound(normalMethods(small, shift), { seeds: 3, simulations: 200, name: `${shift}` });
  assert(found(0.2) === 1);
  assert(found(0.005) < 0.2);
});

Deno.test("the noise that is estimated from simulated differences is the one that they were made with", () => {
  const made = { items: 200, seeds: 0.1, item: 0.2, residual: 0.3 };
  const draws = new Draws("noise");
  const components = Array.from({ length: 400 }, () => {
    const tested = testDifference(...normalMethods(made)(3, draws));
    return tested.components as Required<VarianceComponents>;
  });
  const found = noiseOf(components, 3, made.items);
  for (const name of ["seeds", "item", "residual"] as const) assertAlmostEquals(found[name], made[name], 0.01);
});
