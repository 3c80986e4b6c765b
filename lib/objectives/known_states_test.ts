import { assert, assertEquals, assertThrows } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { ONE_TEXT } from "#lib/models/language_model.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { KnownStates } from "./known_states.ts";
import { allStates } from "./test_objective.ts";
import { packTrajectories, releaseBatch, type Trajectory } from "./trajectory_batch.ts";

const gpu = await testGpu();
/** Texts of many lengths, more than one forward pass takes. */
function randomTexts(count: number): Trajectory[] {
  const random = new RandomStream(1, "known states");
  const tokens = (length: number) => Array.from({ length }, () => random.integer(29));
  return Array.from(
    { length: count },
    () => ({ prompt: tokens(1 + random.integer(9)), response: tokens(1 + random.integer(12)) }),
  );
}

for (const family of ["llama", "gpt2"] as const) {
  gpuTest(`${family}: known states are those of a forward pass to the bit, whatever batch they come in`, async () => {
    using model = tinyDecoder(gpu, family);
    const texts = randomTexts(70);
    using known = (await KnownStates.of(gpu, model, texts))!;
    for (const part of [[texts[0]], texts.slice(5, 21), [texts[69], texts[3], texts[3]]]) {
      const batch = packTrajectories(gpu, part, ONE_TEXT);
      const lookup = known.lookUp(part);
      using tape = new Tape(gpu);
      const fresh = allStates(tape, model, batch);
      const recalled = allStates(tape, model, { ...batch, known: [lookup] });
      const [hidden, logits, knownHidden, knownLogits] = await gpu.readAll(
        [fresh.hidden, fresh.logits, recalled.hidden, recalled.logits].map(({ value }) => value),
      );
      assertEquals(knownHidden, hidden);
      assertEquals(knownLogits, logits);
      assert(hidden.some((value) => value !== 0));
      releaseBatch(gpu, { ...batch, known: [lookup] });
    }
  });
}

gpuTest("another model than the one that is known runs over the texts itself", async () => {
  using model = tinyDecoder(gpu);
  using other = tinyDecoder(gpu, "llama", { seed: 2 });
  const texts = randomTexts(4);
  using known = (await KnownStates.of(gpu, model, texts))!;
  const batch = packTrajectories(gpu, texts, ONE_TEXT);
  using tape = new Tape(gpu);
  const fresh = allStates(tape, other, batch);
  const beside = allStates(tape, other, { ...batch, known: [known.lookUp(texts)] });
  assertEquals(await gpu.read(beside.logits.value), await gpu.read(fresh.logits.value));
});

gpuTest("a text that is not known is refused, and states that would take too much memory are not kept", async () => {
  using model = tinyDecoder(gpu);
  const [first, second] = randomTexts(2);
  using known = (await KnownStates.of(gpu, model, [first]))!;
  assertThrows(() => known.lookUp([second]), RangeError, "not among those known");
  // 2^21 + 1 states of 16 numbers, which no test has to hold: the length is all that is looked at.
  const endless = { prompt: [1], response: { length: 2 ** 21 + 1 } as unknown as number[] };
  assertEquals(await KnownStates.of(gpu, model, [endless]), undefined);
});
