import { assert, assertAlmostEquals } from "@std/assert";
import { learningRateAt } from "./schedule.ts";

const schedule = { steps: 100, warmupSteps: 10, learningRate: 2e-3, finalLearningRateFraction: 0.1 };

Deno.test("learningRateAt rises linearly, then falls along a cosine to its final fraction", () => {
  assertAlmostEquals(learningRateAt(0, schedule), 2e-4, 1e-12);
  assertAlmostEquals(learningRateAt(50, schedule), 2e-3 * 0.55, 1e-12);
  assertAlmostEquals(learningRateAt(100, schedule), 2e-4, 1e-12);
  for (let step = 10; step < 100; step++) {
    assert(learningRateAt(step + 1, schedule) < learningRateAt(step, schedule));
  }
});

Deno.test("learningRateAt starts at the peak without warm-up", () => {
  assertAlmostEquals(learningRateAt(0, { ...schedule, warmupSteps: 0 }), 2e-3, 1e-12);
});
