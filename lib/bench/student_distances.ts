import { mapNamed } from "#kernels/op.ts";
import type { Tensor } from "#kernels/runtime/tensor.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { logitsOf } from "#lib/objectives/batch_states.ts";
import { type Distance, distanceByToken } from "#lib/objectives/distance.ts";
import { valuedBy } from "#lib/objectives/critic_view.ts";
import { KnownStates } from "#lib/objectives/known_states.ts";
import { offPolicyMoment, onPolicyMoment } from "#lib/objectives/moment_matching.ts";
import { entropyByToken } from "#lib/objectives/policy_distance.ts";
import { meanOverTokens, statesOfBoth } from "#lib/objectives/states.ts";
import { packTrajectories, releaseBatch, type StateLookup, type Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { fitCritic } from "#lib/training/fit_critic.ts";
import type { CellScore } from "#lib/results/cell_result.ts";
import { optimizerOf } from "./recipe.ts";
import { criticOf } from "./critic_of.ts";
import type { Workbench } from "./workbench.ts";

/** The distances of AMMD's Definition 3, by the names of the measures; after each, `_off` or `_on`. */
const DISTANCES: Readonly<Record<string, Distance>> = {
  forward_kl: { kind: "forwardKl" },
  reverse_kl: { kind: "reverseKl" },
  jensen_shannon: { kind: "jensenShannon", weight: 0.5 },
  total_variation: { kind: "totalVariation" },
};

const SIDES = { off: offPolicyMoment, on: onPolicyMoment } as const;
type Side = keyof typeof SIDES;

/**
 * How far a trained student is from its teacher on held-out prompts (AMMD, Figures 7 and 8): the step-wise distances on the teacher's
 * texts (`_off`) and on the student's own (`_on`), nats or a share; the moment distances `d_off` and `d_on` that a fresh critic
 * finds, fitted on the texts of the first half of the prompts and taken on those of the second; the length and entropy of its texts. The
 * critic is that of `evaluation.critic`, the same for all students, however they were trained.
 */
export async function studentDistances(
  bench: Workbench,
  student: LanguageModel,
  seed: number,
): Promise<CellScore[]> {
  const prompts = bench.heldOut.prompts.map(({ promptIds }) => promptIds);
  const own = await bench.respond(student, prompts, seed, "distances");
  const tokens = own.reduce((sum, { response }) => sum + response.length, 0);
  const score = (metric: string, value: number): CellScore => ({
    dataset: bench.task.heldOut,
    metric,
    value,
    count: prompts.length,
  });
  return [
    score("response_tokens", tokens / own.length),
    ...(await sideDistances(bench, student, "off", await bench.heldOutTeacherTexts(), seed)).map(([name, value]) =>
      score(name, value)
    ),
    ...(await sideDistances(bench, student, "on", own, seed)).map(([name, value]) => score(name, value)),
  ];
}

/** The distances on texts of one side. */
async function sideDistances(
  bench: Workbench,
  student: LanguageModel,
  side: Side,
  texts: readonly Trajectory[],
  seed: number,
): Promise<[name: string, value: number][]> {
  const { gpu, profile } = bench;
  const { model: teacher } = await bench.teacher();
  using known = new DisposableStack();
  const batch = { ...packTrajectories(gpu, texts, student.layout), known: [] as StateLookup[] };
  // Neither model learns here, so that they may read the texts a few at a time; states are the same to the bit.
  for (const model of [student, teacher]) {
    const states = known.use(await KnownStates.of(gpu, model, texts));
    if (states) batch.known.push(states.lookUp(texts));
  }
  const measures: [string, Variable][] = [];
  using tape = new Tape(gpu);
  const states = statesOfBoth(tape, { student, teacher }, batch);
  const byToken = states.each({}, (tape, policies) => ({
    ...mapNamed(DISTANCES, (distance) => distanceByToken(tape, distance, logitsOf(policies))),
    ...(side === "on" && { entropy: entropyByToken(tape, policies.student.logits) }),
  }));
  for (const [name, values] of Object.entries(byToken)) {
    measures.push([`${name}_${side}`, meanOverTokens(tape, values, batch)]);
  }

  const { critic: ruler } = profile.evaluation;
  using critic = criticOf(bench, { student, teacher }, ruler, seed, `${side}-policy distance`);
  const [fitting, measuring] = halves(bench, texts);
  const moment = (onto: Tape, weights: Tensor) =>
    SIDES[side](onto, valuedBy(critic, states.heldOn(onto), ruler), { ...batch, weights }, ruler);
  const { steps, learningRate } = ruler;
  const { betas } = optimizerOf(profile);
  await fitCritic(gpu, critic, (onto) => moment(onto, fitting), { steps, learningRate, betas });
  measures.push([`d_${side}`, moment(tape, measuring)]);

  const values = await gpu.readAll(measures.map(([, { value }]) => value));
  for (const tensor of [fitting, measuring]) gpu.release(tensor);
  releaseBatch(gpu, batch);
  return measures.map(([name], i) => [name, values[i][0]]);
}

/** Weights of a mean over the response tokens of the first half of the texts, and of the second. */
function halves({ gpu }: Workbench, texts: readonly Trajectory[]): [Tensor, Tensor] {
  const middle = Math.ceil(texts.length / 2);
  const weightsOf = (isCounted: (text: number) => boolean) => {
    const counted = texts.map(({ response }, i) => ({ length: response.length, counts: isCounted(i) }));
    const tokens = counted.reduce((sum, { length, counts }) => sum + (counts ? length : 0), 0);
    return gpu.upload(
      Float32Array.from(counted.flatMap(({ length, counts }) => Array(length).fill(counts ? 1 / tokens : 0))),
    );
  };
  return [weightsOf((text) => text < middle), weightsOf((text) => text >= middle)];
}
