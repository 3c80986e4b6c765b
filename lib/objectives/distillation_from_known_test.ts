import { assert, assertAlmostEquals } from "@std/assert";
import { testGpu } from "#kernels/test_gpu.ts";
import { ONE_TEXT } from "#lib/models/language_model.ts";
import { tinyDecoder } from "#lib/models/test_decoder.ts";
import { testInFolder } from "#lib/test_folder.ts";
import type { Distance } from "./distance.ts";
import { distillation, distillationFromKnown, type DistillationSettings } from "./distillation.ts";
import { evaluate, logProbabilities } from "./test_objective.ts";
import { knownIn, variedTexts } from "./test_top_tokens.ts";
import { packTrajectories } from "./trajectory_batch.ts";

const gpu = await testGpu();
const VOCABULARY = 33;
const TEXTS = variedTexts(6);

const F_DIVERGENCES: readonly Distance[] = [
  { kind: "forwardKl" },
  { kind: "reverseKl" },
  { kind: "totalVariation" },
  { kind: "jensenShannon", weight: 0.5 },
  { kind: "skewForwardKl", skew: 0.1 },
  { kind: "skewReverseKl", skew: 0.1 },
];
const OTHERS: readonly Distance[] = [{ kind: "alphaBeta", alpha: 0.2, beta: 0.7 }, {
  kind: "adaptiveKl",
  headMass: 0.5,
}];

function players() {
  const sizes = { vocabSize: VOCABULARY, spread: 2 };
  return { student: tinyDecoder(gpu, "llama", sizes), teacher: tinyDecoder(gpu, "gpt2", { ...sizes, seed: 2 }) };
}

/** Loss and gradients of the teacher's logits, and of K of its tokens in a file. */
async function both(folder: string, settings: DistillationSettings, counts: readonly number[]) {
  const { student, teacher } = players();
  const { temperature } = settings;
  const batch = packTrajectories(gpu, TEXTS, ONE_TEXT);
  const whole = await evaluate(gpu, distillation(settings), { student, teacher }, batch);
  const known = [];
  for (const count of counts) {
    const path = `${folder}/${count} at ${temperature}`;
    const taught = await (await knownIn(path, gpu, teacher, TEXTS, { count, temperature })).lookUp(TEXTS);
    known.push(await evaluate(gpu, distillationFromKnown(settings), { student }, { ...batch, ...taught }));
  }
  return { whole, known };
}

testInFolder("of all tokens, it is the distance to the teacher, in loss and gradients", async (folder) => {
  for (const distance of [...F_DIVERGENCES, ...OTHERS]) {
    for (const [temperature, kdRatio] of [[1, 1], [2, 0.3]]) {
      // The shares of adaptiveKl are those of temperature 1, which a file of another does not have.
      if (distance.kind === "adaptiveKl" && temperature !== 1) continue;
      const { whole, known: [all] } = await both(folder, { distance, temperature, kdRatio }, [VOCABULARY]);
      assertAlmostEquals(all.loss, whole.loss, 1e-6, distance.kind);
      assert(whole.loss > 1e-2);
      const largest = Math.max(...whole.gradients.map(Math.abs));
      all.gradients.forEach((gradient, i) => assertAlmostEquals(gradient, whole.gradients[i], 2e-6 * largest));
    }
  }
}, { opensDevice: true });

testInFolder("of some tokens, it is at most the distance, and more tokens bring it nearer", async (folder) => {
  for (const distance of F_DIVERGENCES) {
    const { whole, known } = await both(folder, { distance, temperature: 1, kdRatio: 1 }, [1, 4, 16, 32]);
    const losses = known.map(({ loss }) => loss);
    [...losses, whole.loss].reduce((fewer, more) => {
      assert(fewer <= more + 1e-6, `${distance.kind}: ${losses}, ${whole.loss}`);
      return more;
    });
    assert(losses[0] < 0.9 * whole.loss && losses[0] > 0);
  }
}, { opensDevice: true });

testInFolder("the forward KL of 4 tokens and any other is that of five events, in float64", async (folder) => {
  const { student, teacher } = players();
  const batch = packTrajectories(gpu, TEXTS, ONE_TEXT);
  const [p, q] = [await logProbabilities(gpu, teacher, batch), await logProbabilities(gpu, student, batch)];
  const expected = p.reduce((sum, row, n) => {
    const kept = new Set([...row.keys()].sort((a, b) => row[b] - row[a]).slice(0, 4));
    const events = (logProbs: readonly number[]) => {
      const rest = logProbs.reduce((mass, logProb, token) => kept.has(token) ? mass : mass + Math.exp(logProb), 0);
      return [...[...kept].map((token) => Math.exp(logProbs[token])), rest];
    };
    const own = events(q[n]);
    return sum + events(row).reduce((kl, mass, e) => kl + mass * Math.log(mass / own[e]), 0) / p.length;
  }, 0);
  const { known: [{ loss }] } = await both(folder, { distance: { kind: "forwardKl" }, temperature: 1, kdRatio: 1 }, [
    4,
  ]);
  assertAlmostEquals(loss, expected, 2e-6 * expected);
}, { opensDevice: true });
