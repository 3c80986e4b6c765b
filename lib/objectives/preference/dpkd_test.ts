import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { evaluate, logProbabilities, TEST_ACTIONS, testTexts } from "../test_objective.ts";
import { dpkd, dpkdLikelihoods, dpkdLoss, likeliest } from "./dpkd.ts";
import { valueAndGradient } from "./test_pairs.ts";

const gpu = await testGpu();
const student = tinyDecoder(gpu);
const teacher = tinyDecoder(gpu, "llama", { seed: 2 });
const batch = testTexts(gpu);
const beta = 0.1;

const argmax = (row: readonly number[]) => row.indexOf(Math.max(...row));
const logSigmoid = (x: number) => -Math.log1p(Math.exp(-x));

gpuTest("DPKD's loss is its preference by token plus the weight of cross-entropy, as in float64", async () => {
  const { loss, measures } = await evaluate(gpu, dpkd({ beta, taskWeight: 0.5 }), { student, teacher }, batch);
  const [own, theirs] = [await logProbabilities(gpu, student, batch), await logProbabilities(gpu, teacher, batch)];
  const losses = own.map((q, n) => {
    const [preferred, rejected] = [argmax(theirs[n]), argmax(q)];
    const lead = (row: readonly number[]) => row[preferred] - row[rejected];
    return -logSigmoid(beta * (lead(q) - lead(theirs[n])));
  });
  const mean = (values: readonly number[]) => values.reduce((total, each) => total + each) / values.length;
  assertAlmostEquals(measures.dpkd, mean(losses), 1e-5);
  assertAlmostEquals(loss, mean(losses) - 0.5 * mean(own.map((row, n) => row[TEST_ACTIONS[n]])), 1e-5);
});

gpuTest("where both find the same token likeliest the loss is log 2, with gradient 0", async () => {
  const logits = [1, 5, 2, 0, -1, 3];
  const weights = gpu.upload(Float32Array.of(0.5, 0.5));
  const { value, gradient } = await valueAndGradient(gpu, logits, (tape, own) => {
    const theirs = tape.constant(tape.adopt(gpu.upload(Float32Array.of(0, 2, 0, 1, 1, 4), [2, 3])));
    return dpkdLoss(tape, dpkdLikelihoods(tape, { student: own, teacher: theirs }, { beta }), { weights });
  }, [2, 3]);
  assertAlmostEquals(value, Math.LN2, 1e-6);
  assert(gradient.every((each) => each === 0));
});

gpuTest("the loss raises the teacher's likeliest token above the student's own, and nothing else", async () => {
  const weights = gpu.upload(Float32Array.of(1));
  const { gradient } = await valueAndGradient(gpu, [1, 5, 2, 0], (tape, own) => {
    const theirs = tape.constant(tape.adopt(gpu.upload(Float32Array.of(0, 1, 0, 3), [1, 4])));
    return dpkdLoss(tape, dpkdLikelihoods(tape, { student: own, teacher: theirs }, { beta }), { weights });
  }, [1, 4]);
  // z = β ((0 − 5) − (3 − 1)); d/dz of −log σ(z) is −σ(−z).
  const slope = beta / (1 + Math.exp(beta * -7));
  [0, slope, 0, -slope].forEach((expected, i) => assertAlmostEquals(gradient[i], expected, 1e-6));
});

gpuTest("of equally likely tokens the first counts", async () => {
  using tape = new Tape(gpu);
  const logits = tape.constant(tape.adopt(gpu.upload(Float32Array.of(1, 3, 3, 0, 0, 0), [2, 3])));
  assertEquals([...await gpu.read(likeliest(tape, logits))], [1, 0]);
});
