import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { InputError } from "#lib/errors.ts";
import { Decoder } from "#lib/models/decoder.ts";
import type { DecoderConfig } from "#lib/models/decoder_config.ts";
import { TINY, tinyDecoder } from "#lib/models/test_decoder.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import type { Distance } from "./distance.ts";
import { distillation, type DistillationPlayers, type DistillationSettings } from "./distillation.ts";
import { statesOfBoth } from "./states.ts";
import { fineTuning } from "./supervised.ts";
import { evaluate, logProbabilities, testTexts } from "./test_objective.ts";

const gpu = await testGpu();
const batch = testTexts(gpu);

const DISTANCES: Readonly<Record<string, Distance>> = {
  forward_kl: { kind: "forwardKl" },
  reverse_kl: { kind: "reverseKl" },
  total_variation: { kind: "totalVariation" },
  jensen_shannon: { kind: "jensenShannon", weight: 0.5 },
  skew_forward_kl: { kind: "skewForwardKl", skew: 0.1 },
  skew_reverse_kl: { kind: "skewReverseKl", skew: 0.1 },
  alpha_beta: { kind: "alphaBeta", alpha: 0.2, beta: 0.7 },
  adaptive_kl: { kind: "adaptiveKl", headMass: 0.5 },
};

const evaluated = (settings: Partial<DistillationSettings>, players: DistillationPlayers) => {
  const objective = distillation({ distance: { kind: "forwardKl" }, kdRatio: 1, temperature: 1, ...settings });
  return evaluate(gpu, objective, players, batch);
};

gpuTest("distillation is 0, with no gradient, where student and teacher are equal", async () => {
  using student = tinyDecoder(gpu);
  using teacher = tinyDecoder(gpu);
  for (const distance of Object.values(DISTANCES)) {
    for (const temperature of [1, 3]) {
      const { loss, gradients } = await evaluated({ distance, temperature }, { student, teacher });
      assertAlmostEquals(loss, 0, 1e-6, distance.kind);
      assert(gradients.every((gradient) => Math.abs(gradient) < 1e-5), distance.kind);
    }
  }
});

gpuTest("distillation at temperature 1 is the mean forward KL at the states of the texts", async () => {
  using student = tinyDecoder(gpu);
  using teacher = tinyDecoder(gpu, "llama", { seed: 2, hiddenSize: 24, headSize: 8, numHeads: 3, numKvHeads: 1 });
  const { loss } = await evaluated({}, { student, teacher });
  const [p, q] = [await logProbabilities(gpu, teacher, batch), await logProbabilities(gpu, student, batch)];
  const expected = p.reduce(
    (sum, row, n) => row.reduce((mean, logP, a) => mean + Math.exp(logP) * (logP - q[n][a]) / p.length, sum),
    0,
  );
  assertAlmostEquals(loss, expected, 1e-5 * expected);
  assert(expected > 0.1);
});

for (const [measure, distance] of Object.entries(DISTANCES)) {
  gpuTest(`kdRatio mixes cross-entropy and ${measure}, in loss and gradient, and the teacher gets none`, async () => {
    using student = tinyDecoder(gpu);
    using teacher = tinyDecoder(gpu, "llama", { seed: 2 });
    teacher.store.zeroGradients();
    const players = { student, teacher };
    const crossEntropy = await evaluate(gpu, fineTuning, players, batch);
    const apart = await evaluated({ distance }, players);
    assertEquals(apart.measures, { loss: apart.loss });
    assert(apart.gradients.some((gradient) => Math.abs(gradient) > 1e-3));
    for (const kdRatio of [0.25, 0.5]) {
      const mixed = await evaluated({ distance, kdRatio }, players);
      assertAlmostEquals(mixed.loss, (1 - kdRatio) * crossEntropy.loss + kdRatio * apart.loss, 1e-5);
      assertEquals(mixed.measures, { loss: mixed.loss, [measure]: apart.loss });
      mixed.gradients.forEach((gradient, i) =>
        assertAlmostEquals(gradient, (1 - kdRatio) * crossEntropy.gradients[i] + kdRatio * apart.gradients[i], 1e-5)
      );
    }
    for (const gradient of (await teacher.store.readGradients()).values()) {
      assert(gradient.every((value) => value === 0));
    }
  });
}

gpuTest("with kdRatio 0 it is fine-tuning to the bit, and asks nothing of the teacher", async () => {
  using student = tinyDecoder(gpu);
  using otherVocabulary = tinyDecoder(gpu, "gpt2");
  const players = { student, teacher: otherVocabulary };
  assertEquals(await evaluated({ kdRatio: 0 }, players), await evaluate(gpu, fineTuning, players, batch));
});

gpuTest("a temperature brings the policies nearer to each other", async () => {
  using student = tinyDecoder(gpu);
  using teacher = tinyDecoder(gpu, "llama", { seed: 2 });
  for (const distance of Object.values(DISTANCES)) {
    const cool = await evaluated({ distance, temperature: 1 }, { student, teacher });
    const warm = await evaluated({ distance, temperature: 4 }, { student, teacher });
    assert(warm.loss < 0.5 * cool.loss, `${distance.kind}: ${cool.loss}, ${warm.loss}`);
  }
});

gpuTest(
  "tables padded by different numbers of rows are no other vocabulary where both choose among the same ids",
  async () => {
    const shared = 25;
    const random = new RandomStream(1, "padded vocabularies");
    const cut = (config: DecoderConfig) => new Decoder(gpu, config, () => 4 * random.normal(), { actionCount: shared });
    using student = cut({ ...TINY.llama, tiedHead: false });
    using teacher = cut(TINY.gpt2);
    for (const distance of Object.values(DISTANCES)) {
      const { loss, gradients } = await evaluated({ distance }, { student, teacher });
      assert(loss > 1e-3 && gradients.some((gradient) => Math.abs(gradient) > 1e-4), distance.kind);
      const ofHead = (await student.store.readGradients()).get("lm_head.weight")!;
      assert(ofHead.subarray(0, shared * 16).some((gradient) => gradient !== 0), distance.kind);
      assertEquals([...ofHead.subarray(shared * 16)], Array((33 - shared) * 16).fill(0), distance.kind);
    }
  },
);

gpuTest("a teacher of another vocabulary is refused in one line with both sizes", () => {
  using student = tinyDecoder(gpu);
  using teacher = tinyDecoder(gpu, "gpt2");
  const refused = (write: (tape: Tape) => unknown) => {
    using tape = new Tape(gpu, { learning: [student.store] });
    assertThrows(
      () => write(tape),
      InputError,
      "The student's vocabulary has 33 tokens but its teacher's 29; they must be the same",
    );
  };
  const players = { student, teacher };
  const objective = distillation({ distance: { kind: "forwardKl" }, kdRatio: 0.5, temperature: 1 });
  refused((tape) => objective(tape, players, batch));
  refused((tape) => statesOfBoth(tape, players, batch));
});
