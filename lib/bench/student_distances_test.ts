import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { studentDistances } from "./student_distances.ts";
import { testProfile } from "./test_profile.ts";
import type { Workbench } from "./workbench.ts";

const VOCAB = 1003;
const [PROMPT_TOKENS, RESPONSE_TOKENS] = [5, 16];

/** 96 states of texts that differ, in the order of their prompts. */
function textsOf(seed: number): Trajectory[] {
  const ids = (i: number, count: number) =>
    Array.from({ length: count }, (_, t) => (seed * (t + 3) ** 2 + 7 * i) % 997);
  return Array.from(
    { length: 6 },
    (_, i) => ({ prompt: ids(i, PROMPT_TOKENS), response: ids(i + 9, RESPONSE_TOKENS) }),
  );
}

/** All distances of a student to its teacher, by the names of the measures. */
async function distancesOn(gpu: Gpu): Promise<Map<string, number>> {
  using student = tinyDecoder(gpu, "llama", { vocabSize: VOCAB, spread: 2 });
  using teacher = tinyDecoder(gpu, "gpt2", { vocabSize: VOCAB, seed: 2, spread: 2 });
  const [own, theirs] = [textsOf(5), textsOf(11)];
  const bench = {
    ...{ gpu, profile: await testProfile(), task: { heldOut: "held_out" }, texts: { vocabSize: VOCAB } },
    heldOut: { prompts: own.map(({ prompt }) => ({ promptIds: prompt })) },
    teacher: () => Promise.resolve({ model: teacher }),
    respond: () => Promise.resolve(own),
    heldOutTeacherTexts: () => Promise.resolve(theirs),
  };
  const scores = await studentDistances(bench as unknown as Workbench, student, 1);
  return new Map(scores.map(({ metric, value }) => [metric, value]));
}

gpuTest(
  "distances on held-out texts are the same where few states have logits at once, and few texts are read",
  async () => {
    const whole = await distancesOn(await testGpu());
    assertEquals([...whole.keys()], [
      "response_tokens",
      ...["forward_kl_off", "reverse_kl_off", "jensen_shannon_off", "total_variation_off", "d_off"],
      ...["forward_kl_on", "reverse_kl_on", "jensen_shannon_on", "total_variation_on", "entropy_on", "d_on"],
    ]);
    // Logits of 40 states, of 96; and a device that binds what a layer makes of two texts.
    const inParts = await distancesOn(await testGpu({ logitsBytes: 4 * VOCAB * 40 }));
    const limited = await distancesOn(await testGpu({}, 4 * 64 * VOCAB));
    for (const [metric, value] of whole) {
      // The critic of the moments is fitted by gradients that are added up over groups.
      if (!metric.startsWith("d_")) assertEquals(inParts.get(metric), value, metric);
      for (const parted of [inParts, limited]) assertAlmostEquals(parted.get(metric)!, value, 1e-6, metric);
    }
  },
);
