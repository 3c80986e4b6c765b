import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { RandomStream } from "#lib/random/random_stream.ts";
import { distanceByToken } from "./distance.ts";
import { softmax } from "./enumerable_mdp.ts";
import { entropyByToken, totalVariationByToken, twoTotalVariation } from "./policy_distance.ts";
import { meanOverTokens } from "./states.ts";

const gpu = await testGpu();
const [ROWS, VOCAB] = [5, 9];
const random = new RandomStream(1, "policy distance test");
const someLogits = () => Array.from({ length: ROWS }, () => Array.from({ length: VOCAB }, () => 2 * random.normal()));
const [student, teacher, equal] = [someLogits(), someLogits(), Array(ROWS).fill(Array(VOCAB).fill(0.7))];
const weights = gpu.upload(new Float32Array(ROWS).fill(1 / ROWS));

const upload = (tape: Tape, logits: number[][]) =>
  tape.constant(tape.adopt(gpu.upload(Float32Array.from(logits.flat()), [ROWS, VOCAB])));
const meanOfRows = (term: (row: number) => number) =>
  Array.from({ length: ROWS }, (_, row) => term(row) / ROWS).reduce((sum, value) => sum + value);

gpuTest("2·TV and entropy are those of the definitions, mean over response tokens", async () => {
  using tape = new Tape(gpu);
  const [q, p] = [upload(tape, student), upload(tape, teacher)];
  const [[twoTv], [tv], [entropy]] = await gpu.readAll([
    twoTotalVariation(tape, totalVariationByToken(tape, { student: q, teacher: p }), { weights }).value,
    meanOverTokens(tape, distanceByToken(tape, { kind: "totalVariation" }, { student: q, teacher: p }), { weights })
      .value,
    meanOverTokens(tape, entropyByToken(tape, q), { weights }).value,
  ]);
  const l1 = meanOfRows((row) => {
    const theirs = softmax(teacher[row]);
    return softmax(student[row]).reduce((sum, mass, a) => sum + Math.abs(mass - theirs[a]), 0);
  });
  assertAlmostEquals(twoTv, l1, 1e-5);
  assertEquals(twoTv, 2 * tv);
  assert(l1 > 0.1 && l1 < 2);
  const expected = meanOfRows((row) => -softmax(student[row]).reduce((sum, mass) => sum + mass * Math.log(mass), 0));
  assertAlmostEquals(entropy, expected, 1e-5);
});

gpuTest("equal policies have distance 0, and equal logits the entropy log V", async () => {
  using tape = new Tape(gpu);
  const [q, uniform] = [upload(tape, student), upload(tape, equal)];
  const [[twoTv], [entropy]] = await gpu.readAll([
    twoTotalVariation(tape, totalVariationByToken(tape, { student: q, teacher: q }), { weights }).value,
    meanOverTokens(tape, entropyByToken(tape, uniform), { weights }).value,
  ]);
  assertEquals(twoTv, 0);
  assertAlmostEquals(entropy, Math.log(VOCAB), 1e-6);
});
