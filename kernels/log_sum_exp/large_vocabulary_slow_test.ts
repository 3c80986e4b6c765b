import { assertAlmostEquals, assertEquals } from "@std/assert";
import { checkOp, type OpCase } from "../check_op.ts";
import { crossEntropy } from "../cross_entropy/cross_entropy.ts";
import { adaptiveKlShares } from "../divergence/adaptive_kl/adaptive_kl_shares.ts";
import { adaptiveKlSharesReference } from "../divergence/adaptive_kl/adaptive_kl_shares_reference.ts";
import { alphaBeta } from "../divergence/alpha_beta/alpha_beta.ts";
import { forwardKl } from "../divergence/forward_kl/forward_kl.ts";
import { jensenShannon } from "../divergence/jensen_shannon/jensen_shannon.ts";
import { reverseKl } from "../divergence/reverse_kl/reverse_kl.ts";
import { skewForwardKl } from "../divergence/skew_forward_kl/skew_forward_kl.ts";
import { skewReverseKl } from "../divergence/skew_reverse_kl/skew_reverse_kl.ts";
import { totalVariation } from "../divergence/total_variation/total_variation.ts";
import { entropy } from "../entropy/entropy.ts";
import { expectation } from "../expectation/expectation.ts";
import { logMixture } from "../log_mixture/log_mixture.ts";
import { logMixtureReference } from "../log_mixture/log_mixture_reference.ts";
import type { Op } from "../op.ts";
import { pick } from "../pick/pick.ts";
import { policyGradient } from "../policy_gradient/policy_gradient.ts";
import { ratioExpectation } from "../ratio_expectation/ratio_expectation.ts";
import { sampleTokens, type SamplingSettings } from "../sampling/sample_tokens.ts";
import { drawReference, samplingUniform } from "../sampling/sampling_reference.ts";
import { gpuTest } from "../test_gpu.ts";
import { topTokens } from "../top_tokens/top_tokens.ts";

/** GPT-2's, Qwen2.5's and Gemma's tokens: one of them no multiple of 4. */
const VOCABULARIES = [50_257, 151_936, 256_000];
const ROWS = 2;

const student = (i: number) => 4 * Math.sin(i * i);
const teacher = (i: number) => 5 * Math.cos(3 * i * i);
/** Actions near the end of the vocabulary, and at its start. */
const actions = (vocab: number) => (n: number) => n % 2 === 0 ? vocab - 1 : 1;

/** Checks an op of rows of V for every vocabulary. */
function check<In extends string, Attrs, Saved extends string>(
  op: Op<In, Attrs, Saved>,
  caseOf: (shape: [number, number], vocab: number) => Omit<OpCase<In, Attrs>, "label">,
): void {
  // A value of the reference takes a good part of a second.
  const gradientElements = 5;
  checkOp(
    op,
    VOCABULARIES.map((vocab) => ({ label: `V = ${vocab}`, gradientElements, ...caseOf([ROWS, vocab], vocab) })),
  );
}

check(crossEntropy, (logits, vocab) => ({
  inputs: { logits, labels: [ROWS] },
  attrs: {},
  fill: { logits: student, labels: actions(vocab) },
}));
check(policyGradient, (logits, vocab) => ({
  inputs: { logits, actions: [ROWS], advantages: [ROWS] },
  attrs: {},
  fill: { logits: student, actions: actions(vocab) },
}));
check(pick, (values, vocab) => ({ inputs: { values, ids: [ROWS] }, attrs: {}, fill: { ids: actions(vocab) } }));
check(entropy, (logits) => ({ inputs: { logits }, attrs: {}, fill: { logits: student } }));
check(expectation, (shape) => ({ inputs: { logits: shape, values: shape }, attrs: {}, fill: { logits: student } }));
check(ratioExpectation, (shape) => ({
  inputs: { policy: shape, teacher: shape, student: shape, logScale: [1] },
  attrs: { c: 0.5, bias: 0 },
  fill: { policy: (i) => 3 * Math.sin(1.3 * i * i), teacher, student },
}));

const both = (shape: [number, number]) => ({ inputs: { student: shape, teacher: shape }, fill: { student, teacher } });
for (const op of [forwardKl, reverseKl, totalVariation]) {
  check(op, (shape) => ({ ...both(shape), attrs: { temperature: 1 } }));
}
for (const op of [skewForwardKl, skewReverseKl]) {
  check(op, (shape) => ({ ...both(shape), attrs: { temperature: 1, skew: 0.1 } }));
}
check(jensenShannon, (shape) => ({ ...both(shape), attrs: { temperature: 1, weight: 0.1 } }));
check(alphaBeta, (shape) => ({ ...both(shape), attrs: { temperature: 1, alpha: 0.2, beta: 0.7 } }));

const values = (vocab: number, of: (i: number) => number) =>
  Float32Array.from({ length: ROWS * vocab }, (_, i) => of(i));
const exact = (data: Float32Array, vocab: number) => ({ shape: [ROWS, vocab], data: Float64Array.from(data) });

const SETTINGS: readonly SamplingSettings[] = [
  { temperature: 0, topK: 0, topP: 1 },
  { temperature: 1, topK: 0, topP: 1 },
  { temperature: 0.7, topK: 50, topP: 0.9 },
  { temperature: 1, topK: 0, topP: 0.95 },
];

for (const vocab of VOCABULARIES) {
  gpuTest(`logMixture and adaptiveKlShares are the references': V = ${vocab}`, async (gpu) => {
    const [p, q] = [values(vocab, teacher), values(vocab, student)];
    const tensors = [gpu.upload(p, [ROWS, vocab]), gpu.upload(q, [ROWS, vocab])];
    const mixture = logMixture(gpu, { first: tensors[0], second: tensors[1] }, 0.3);
    const mixed = logMixtureReference({ first: exact(p, vocab), second: exact(q, vocab) }, 0.3).data;
    (await gpu.read(mixture)).forEach((value, i) => assertAlmostEquals(value, mixed[i], 2e-4));
    const settings = { headMass: 0.4871 };
    const shares = adaptiveKlShares(gpu, { student: tensors[1], teacher: tensors[0] }, settings);
    const expected = adaptiveKlSharesReference({ student: exact(q, vocab), teacher: exact(p, vocab) }, settings).data;
    (await gpu.read(shares)).forEach((share, n) => assertAlmostEquals(share, expected[n], 2e-5));
    for (const tensor of [...tensors, mixture, shares]) gpu.release(tensor);
  });

  gpuTest(`sampleTokens draws the reference's tokens, and topTokens the likeliest: V = ${vocab}`, async (gpu) => {
    // Peaked, so that rounding of the sums does not decide.
    const data = values(vocab, (i) => 12 * Math.sin(i * i + 0.1 * i));
    const row = (n: number) => data.subarray(n * vocab, (n + 1) * vocab);
    const logits = gpu.upload(data, [ROWS, vocab]);
    const tensors = {
      logits,
      tokens: gpu.upload(new Uint32Array(ROWS), [ROWS, 1]),
      done: gpu.upload(new Uint32Array(ROWS)),
      rows: gpu.upload(Uint32Array.from({ length: ROWS }, (_, n) => n)),
    };
    for (const settings of SETTINGS) {
      const stream = { seed: 7, purpose: 3, step: 0 };
      sampleTokens(gpu, tensors, { ...settings, ...stream, eosId: 0xffffffff, padId: 0 });
      const drawn = await gpu.read(tensors.tokens);
      for (let n = 0; n < ROWS; n++) {
        const uniform = samplingUniform(stream, n);
        const near = [-2e-5, 0, 2e-5].map((change) => drawReference(row(n), uniform + change, settings));
        assertEquals(near.includes(drawn[n]), true, `row ${n}: ${drawn[n]} is none of ${near}`);
      }
    }
    const top = topTokens(gpu, logits, 8);
    const tokens = await gpu.read(top.tokens);
    for (let n = 0; n < ROWS; n++) {
      const sorted = [...row(n).entries()].sort(([i, a], [j, b]) => b - a || i - j).slice(0, 8);
      assertEquals([...tokens.subarray(8 * n, 8 * n + 8)], sorted.map(([token]) => token));
    }
    for (const tensor of [...Object.values(tensors), ...Object.values(top)]) gpu.release(tensor);
  });
}
