import type { Tensor } from "#kernels/runtime/tensor.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { type Distance, distanceOf } from "#lib/objectives/distance.ts";
import {
  criticFeatures,
  type CriticView,
  offPolicyMoment,
  onPolicyMoment,
  type ResponseRows,
} from "#lib/objectives/moment_matching.ts";
import { entropyOf } from "#lib/objectives/policy_distance.ts";
import { statesOfBoth } from "#lib/objectives/states.ts";
import { packTrajectories, releaseBatch, type Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { fitCritic } from "#lib/training/fit_critic.ts";
import type { CellScore } from "#lib/results/cell_result.ts";
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
  const batch = packTrajectories(gpu, texts, student.layout);
  const measures: [string, Variable][] = [];
  using tape = new Tape(gpu);
  const states = statesOfBoth(tape, { student, teacher }, batch);
  const logits = { student: states.student.logits, teacher: states.teacher.logits };
  for (const [name, distance] of Object.entries(DISTANCES)) {
    measures.push([`${name}_${side}`, distanceOf(tape, distance, logits, batch)]);
  }
  if (side === "on") measures.push(["entropy_on", entropyOf(tape, logits.student, batch)]);

  const { critic: ruler } = profile.evaluation;
  const features = criticFeatures(tape, states, ruler);
  using critic = criticOf(bench, { student, teacher }, ruler, seed, `${side}-policy distance`);
  const viewOn = (onto: Tape): CriticView => ({
    student: { logits: onto.constant(logits.student.value) },
    teacher: { logits: onto.constant(logits.teacher.value) },
    values: critic.values(onto, onto.constant(features.value)),
  });
  const [fitting, measuring] = halves(bench, texts);
  const moment = (onto: Tape, weights: Tensor) =>
    SIDES[side](onto, viewOn(onto), { ...batch, weights } as ResponseRows, ruler);
  const { steps, learningRate } = ruler;
  const { betas } = bench.optimizer;
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
