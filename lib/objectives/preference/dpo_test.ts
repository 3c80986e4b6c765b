import { assert, assertAlmostEquals } from "@std/assert";
import { mapNamed } from "#kernels/op.ts";
import { gpuTest, testGpu } from "#kernels/test_gpu.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { actionLogProb } from "../states.ts";
import { Dual, gradientOf, sum } from "../test_dual.ts";
import { evaluate, logProbabilities } from "../test_objective.ts";
import { dpo, dpoLogits, dpoLoss } from "./dpo.ts";
import { packPairs } from "./pair_batch.ts";
import { assertClose, logSigmoidOf, meanOf, PAIRS, RESPONSES, sumsOf, valueAndGradient } from "./test_pairs.ts";

const gpu = await testGpu();
const student = tinyDecoder(gpu);
const reference = tinyDecoder(gpu, "llama", { seed: 2 });
const batch = packPairs(gpu, PAIRS, student.layout);
const beta = 0.3;
const taken = RESPONSES.flat();

/** log π(τ | x) of each text, in float64. */
async function logProbsOf(model: typeof student): Promise<number[]> {
  const rows = await logProbabilities(gpu, model, batch);
  return sumsOf(rows.map((row, n) => new Dual(row[taken[n]])), 1).map(({ value }) => value);
}

gpuTest("DPO's loss and margin equal equation 7 in float64, with hard and soft labels", async () => {
  const { loss, measures } = await evaluate(gpu, dpo({ beta }), { student, reference }, batch);
  const [own, theirs] = [await logProbsOf(student), await logProbsOf(reference)];
  const rewards = own.map((value, b) => new Dual(beta * (value - theirs[b])));
  assertAlmostEquals(loss, -meanOf(rewards, logSigmoidOf).value, 2e-5);
  assertAlmostEquals(measures.margin, meanOf(rewards, (lead) => lead).value, 2e-5);
});

gpuTest("a student that is its reference has the loss log 2 and no margin, and a gradient all the same", async () => {
  using same = tinyDecoder(gpu);
  const { loss, measures, gradients } = await evaluate(gpu, dpo({ beta }), { student, reference: same }, batch);
  assertAlmostEquals(loss, Math.LN2, 1e-6);
  assertAlmostEquals(measures.margin, 0, 1e-6);
  assert(gradients.some((value) => Math.abs(value) > 1e-4));
});

gpuTest("the gradient in the student's logits is the definition's, and none flows into the reference", async () => {
  const [tokens, vocab] = [taken.length, 11];
  const table = (seed: number) => Array.from({ length: tokens * vocab }, (_, i) => Math.fround(Math.sin(seed * i + 1)));
  const gradientIn = async (which: "student" | "reference") => {
    const { gradient } = await valueAndGradient(gpu, table(3), (tape, learned) => {
      const held = tape.constant(tape.adopt(gpu.upload(Float32Array.from(table(5)), [tokens, vocab])));
      const policies = { student: held, reference: held, [which]: learned };
      const logProbs = mapNamed(policies, (logits) => actionLogProb(tape, logits, batch));
      return dpoLoss(tape, dpoLogits(tape, logProbs, batch, { beta }), batch);
    }, [tokens, vocab]);
    return gradient;
  };
  assert((await gradientIn("reference")).every((value) => value === 0));
  const rowsOf = (values: readonly Dual[]) => taken.map((_, n) => values.slice(n * vocab, (n + 1) * vocab));
  const logProbs = (values: readonly Dual[]) =>
    sumsOf(rowsOf(values).map((row, n) => row[taken[n]].minus(sum(row.map((each) => each.exp())).log())), 1);
  const theirs = logProbs(table(5).map((value) => new Dual(value)));
  const some = [0, 1, 5, 30, 58, 77, 100, 142];
  const loss = (x: readonly Dual[]) => {
    const own = logProbs(table(3).map((value, i) => x[some.indexOf(i)] ?? new Dual(value)));
    return meanOf(own.map((value, b) => value.minus(theirs[b]).times(beta)), logSigmoidOf).times(-1);
  };
  const gradient = await gradientIn("student");
  assertClose(some.map((i) => gradient[i]), gradientOf(loss, some.map((i) => table(3)[i])), 1e-6);
});
