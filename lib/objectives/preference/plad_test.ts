import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { Dual } from "../test_dual.ts";
import { evaluate, logProbabilities } from "../test_objective.ts";
import { packPairs } from "./pair_batch.ts";
import { plad, pladLoss, type PladSettings } from "./plad.ts";
import { byText, meanOf, PAIRS, RESPONSES } from "./test_pairs.ts";

const gpu = await testGpu();
const student = tinyDecoder(gpu);
const batch = packPairs(gpu, PAIRS, student.layout);

/** Mean log-probabilities of the tokens of each text, in float64. */
async function scoresOf(): Promise<Dual[]> {
  const taken = RESPONSES.flat();
  const logProbs = (await logProbabilities(gpu, student, batch)).map((row, n) => row[taken[n]]);
  return byText(logProbs).map((text) => new Dual(text.reduce((total, each) => total + each) / text.length));
}

const hinge = (x: Dual) => x.value > 0 ? x : new Dual(0);

const cases: readonly { settings: PladSettings; asked: (pair: number, sign: 1 | -1) => number }[] = [
  { settings: { kind: "ranking", margin: 0.4 }, asked: () => 0.4 },
  { settings: { kind: "ranking", margin: 5 }, asked: () => 5 },
  {
    settings: { kind: "margin", scale: 3 },
    asked: (pair, sign) => sign * 3 * PAIRS[pair].qualityGap!,
  },
];

for (const { settings, asked } of cases) {
  gpuTest(`PLaD's loss equals its definition in float64: ${JSON.stringify(settings)}`, async () => {
    const { loss, gradients } = await evaluate(gpu, plad(settings), { student }, batch);
    const expected = meanOf(
      await scoresOf(),
      (lead, pair, sign) => hinge(new Dual(asked(pair, sign)).minus(lead)),
    );
    assert(expected.value > 0);
    assertAlmostEquals(loss, expected.value, 1e-5);
    assert(gradients.some((value) => value !== 0));
  });
}

gpuTest("winners that lead by more than is asked cost nothing and move nothing", async () => {
  const { loss, gradients } = await evaluate(gpu, plad({ kind: "ranking", margin: -9 }), { student }, batch);
  assertEquals(loss, 0);
  assert(gradients.every((value) => value === 0));
});

gpuTest("a margin of qualities is refused where a pair has none", () => {
  const bare = packPairs(gpu, PAIRS.map(({ prompt, texts, label }) => ({ prompt, texts, label })), student.layout);
  using tape = new Tape(gpu);
  const logProb = tape.constant(tape.adopt(gpu.allocate([RESPONSES.flat().length])));
  assertThrows(
    () => pladLoss(tape, logProb, bare, { kind: "margin", scale: 1 }),
    RangeError,
    "Cannot take a margin of qualities: some pairs have none",
  );
});
