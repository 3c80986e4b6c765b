import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { rotaryFrequencies, type RotaryScaling } from "./frequencies.ts";

/** The scaling and base of LLaMA 3.1. */
const base = { headSize: 128, theta: 500_000 };
const llama3: RotaryScaling = {
  type: "llama3",
  factor: 8,
  lowFrequencyFactor: 1,
  highFrequencyFactor: 4,
  originalPositions: 8192,
};

Deno.test("rotary frequencies fall from 1 by powers of the base", () => {
  const frequencies = rotaryFrequencies({ headSize: 8, theta: 10_000 });
  [1, 0.1, 0.01, 0.001].forEach((expected, i) => assertAlmostEquals(frequencies[i], expected, 1e-15));
});

Deno.test("linear scaling divides every frequency", () => {
  const scaled = rotaryFrequencies({ ...base, scaling: { type: "linear", factor: 4 } });
  assertEquals(scaled, rotaryFrequencies(base).map((frequency) => frequency / 4));
});

Deno.test("LLaMA 3's scaling keeps waves of at most 2048 positions, divides those of more than 8192 by 8, and mixes between", () => {
  const plain = rotaryFrequencies(base);
  const scaled = rotaryFrequencies({ ...base, scaling: llama3 });
  const kinds = { kept: 0, mixed: 0, divided: 0 };
  plain.forEach((frequency, i) => {
    const wave = 2 * Math.PI / frequency;
    if (wave <= 2048) {
      assertEquals(scaled[i], frequency);
      kinds.kept++;
    } else if (wave >= 8192) {
      assertAlmostEquals(scaled[i] / frequency, 1 / 8, 1e-15);
      kinds.divided++;
    } else {
      // As the published code writes it.
      const smooth = (8192 / wave - 1) / (4 - 1);
      assertAlmostEquals(scaled[i] / frequency, (1 - smooth) / 8 + smooth, 1e-14);
      kinds.mixed++;
    }
  });
  assertEquals(kinds, { kept: 29, mixed: 6, divided: 29 });
  for (let i = 1; i < scaled.length; i++) assert(scaled[i] < scaled[i - 1], `pair ${i}`);
});

Deno.test("a factor of 1 scales nothing", () => {
  assertEquals(rotaryFrequencies({ ...base, scaling: { ...llama3, factor: 1 } }), rotaryFrequencies(base));
});
