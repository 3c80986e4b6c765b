import { assert, assertAlmostEquals } from "@std/assert";
import { alphaBeta } from "../divergence/alpha_beta/alpha_beta.ts";
import { crossEntropy } from "../cross_entropy/cross_entropy.ts";
import type { Divergence } from "../divergence/divergence.ts";
import { expectation } from "../expectation/expectation.ts";
import { forwardKl } from "../divergence/forward_kl/forward_kl.ts";
import { jensenShannon } from "../divergence/jensen_shannon/jensen_shannon.ts";
import type { Named, Op } from "../op.ts";
import { pick } from "../pick/pick.ts";
import { policyGradient } from "../policy_gradient/policy_gradient.ts";
import { reverseKl } from "../divergence/reverse_kl/reverse_kl.ts";
import type { Gpu } from "../runtime/gpu.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { skewForwardKl } from "../divergence/skew_forward_kl/skew_forward_kl.ts";
import { skewReverseKl } from "../divergence/skew_reverse_kl/skew_reverse_kl.ts";
import { gpuTest } from "../test_gpu.ts";
import { totalVariation } from "../divergence/total_variation/total_variation.ts";
import { weightedSum } from "../weighted_sum/weighted_sum.ts";
import type { TemperatureAttrs } from "./temperature.ts";

// Values that PyTorch gave in float64 for 3 trajectories of up to 7 tokens over 37 actions: divergences are means over the counted
// tokens, moments are discounted sums, averaged over the trajectories.

const folder = new URL("../../lib/verification/fixtures/objectives/", import.meta.url);
const [BATCH, TOKENS, VOCAB] = [3, 7, 37];
const ROWS = BATCH * TOKENS;

type Tensors = (name: string) => Float32Array<ArrayBuffer>;

function readRecorded(): { scalars: Record<string, number>; tensors: Tensors } {
  const bytes = Deno.readFileSync(new URL("golden.safetensors", folder)).buffer;
  const headerSize = Number(new DataView(bytes).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, headerSize)));
  return {
    scalars: JSON.parse(Deno.readTextFileSync(new URL("golden.json", folder))),
    tensors: (name) => {
      const { dtype, data_offsets: [start, end] } = header[name];
      const content = bytes.slice(8 + headerSize + start, 8 + headerSize + end);
      return dtype === "I32" ? Float32Array.from(new Int32Array(content)) : new Float32Array(content);
    },
  };
}

const test = (name: string, fn: (gpu: Gpu, recorded: ReturnType<typeof readRecorded>) => Promise<void>) =>
  gpuTest(name, (gpu) => fn(gpu, readRecorded()));

/** Σ_n weights[n] · op(…)[n], and its gradient with respect to the input named `policy`. */
async function weighted<In extends string, Attrs, Saved extends string>(
  gpu: Gpu,
  op: Op<In, Attrs, Saved>,
  inputs: Named<In, Tensor>,
  attrs: Attrs,
  policy: In,
  weights: Float32Array<ArrayBuffer>,
): Promise<{ value: number; gradient: Float32Array }> {
  const { out, saved } = op.forward(gpu, inputs, attrs);
  const sumInputs = { x: out, weights: gpu.upload(weights) };
  const sum = weightedSum.forward(gpu, sumInputs, {});
  const dSum = gpu.upload(Float32Array.of(1));
  const sumContext = { inputs: sumInputs, ...sum, attrs: {}, wanted: new Set(["x"] as const) };
  const dOut = weightedSum.backward(gpu, dSum, sumContext).x!;
  const gradients = op.backward(gpu, dOut, { inputs, out, saved, attrs, wanted: new Set([policy]) });
  const [[value], gradient] = await gpu.readAll([sum.out, gradients[policy]!]);
  return { value, gradient: Float32Array.from(gradient) };
}

function assertGradient(actual: Float32Array, recorded: Float32Array): void {
  const largest = recorded.reduce((most, slope) => Math.max(most, Math.abs(slope)), 0);
  assert(largest > 0);
  recorded.forEach((slope, i) => assertAlmostEquals(actual[i], slope, 2e-6 * largest, `at ${i}`));
}

const logitsOf = (gpu: Gpu, tensors: Tensors, name: string) => gpu.upload(tensors(name), [ROWS, VOCAB]);
const idsOf = (gpu: Gpu, tensors: Tensors, name: string) => gpu.upload(Uint32Array.from(tensors(name)));

function meanWeights(tensors: Tensors): Float32Array<ArrayBuffer> {
  const mask = tensors("mask");
  return mask.map((bit) => bit / mask.reduce((sum, other) => sum + other, 0));
}

function discountedWeights(tensors: Tensors, gamma: number): Float32Array<ArrayBuffer> {
  return tensors("mask").map((bit, i) => bit * gamma ** (i % TOKENS) / BATCH);
}

test("crossEntropy gives the value and gradient recorded from PyTorch", async (gpu, { scalars, tensors }) => {
  const inputs = { logits: logitsOf(gpu, tensors, "student_logits"), labels: idsOf(gpu, tensors, "tokens_off") };
  const { value, gradient } = await weighted(gpu, crossEntropy, inputs, {}, "logits", meanWeights(tensors));
  assertAlmostEquals(value, scalars.cross_entropy, 2e-6);
  assertGradient(gradient, tensors("grad.cross_entropy"));
});

function testDivergence<Attrs extends TemperatureAttrs>(
  op: Divergence<Attrs>,
  recordedName: string,
  attrs: Attrs,
): void {
  test(`${op.name} gives the value and gradient recorded from PyTorch as ${recordedName}`, async (gpu, recorded) => {
    const { scalars, tensors } = recorded;
    const inputs = {
      student: logitsOf(gpu, tensors, "student_logits"),
      teacher: logitsOf(gpu, tensors, "teacher_logits"),
    };
    const { value, gradient } = await weighted(gpu, op, inputs, attrs, "student", meanWeights(tensors));
    assertAlmostEquals(value, scalars[recordedName], 2e-6);
    assertGradient(gradient, tensors(`grad.${recordedName}`));
  });
}

testDivergence(forwardKl, "forward_kl", { temperature: 1 });
testDivergence(reverseKl, "reverse_kl", { temperature: 1 });
testDivergence(totalVariation, "total_variation", { temperature: 1 });
testDivergence(jensenShannon, "jensen_shannon_0.5", { temperature: 1, weight: 0.5 });
testDivergence(jensenShannon, "jensen_shannon_0.1", { temperature: 1, weight: 0.1 });
testDivergence(skewForwardKl, "skew_forward_kl_0.1", { temperature: 1, skew: 0.1 });
testDivergence(skewReverseKl, "skew_reverse_kl_0.1", { temperature: 1, skew: 0.1 });
testDivergence(alphaBeta, "alpha_beta_0.2_0.7", { temperature: 1, alpha: 0.2, beta: 0.7 });

test("expectation and pick give the moments of AMMD recorded from PyTorch", async (gpu, { scalars, tensors }) => {
  const weights = discountedWeights(tensors, scalars.gamma);
  const student = logitsOf(gpu, tensors, "student_logits");
  const teacher = logitsOf(gpu, tensors, "teacher_logits");
  const mean = (logits: Tensor, values: Tensor) =>
    weighted(gpu, expectation, { logits, values }, {}, "logits", weights);
  const taken = (values: Tensor, ids: Tensor) => weighted(gpu, pick, { values, ids }, {}, "values", weights);

  const off = logitsOf(gpu, tensors, "q_off");
  const studentOff = await mean(student, off);
  const sampled = await taken(off, idsOf(gpu, tensors, "tokens_off"));
  assertAlmostEquals(sampled.value - studentOff.value, scalars.u_off_sampled, 1e-5);
  assertAlmostEquals((await mean(teacher, off)).value - studentOff.value, scalars.u_off_full, 1e-5);
  assertGradient(studentOff.gradient.map((slope) => -slope), tensors("grad.u_off_full"));

  const on = logitsOf(gpu, tensors, "q_on");
  const played = await taken(on, idsOf(gpu, tensors, "tokens_on"));
  assertAlmostEquals((await mean(teacher, on)).value - played.value, scalars.u_on_sampled, 1e-5);
});

test("policyGradient gives the gradient of the on-policy moment recorded from PyTorch", async (gpu, { tensors }) => {
  const inputs = {
    logits: logitsOf(gpu, tensors, "student_logits"),
    actions: idsOf(gpu, tensors, "tokens_on"),
    advantages: gpu.upload(tensors("advantage.u_on")),
  };
  const weights = discountedWeights(tensors, 1);
  const { gradient } = await weighted(gpu, policyGradient, inputs, {}, "logits", weights);
  assertGradient(gradient, tensors("grad.policy_gradient_u_on"));
});
