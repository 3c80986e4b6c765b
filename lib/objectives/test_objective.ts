import type { Gpu } from "#kernels/runtime/gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { type LanguageModel, ONE_TEXT } from "#lib/models/language_model.ts";
import type { States } from "./batch_states.ts";
import type { Objective } from "./objective.ts";
import { hiddenOf } from "./states.ts";
import { packTrajectories, type Trajectory, type TrajectoryBatch } from "./trajectory_batch.ts";

const TEXTS: readonly Trajectory[] = [
  { prompt: [3, 1, 4], response: [1, 5, 9, 2] },
  { prompt: [6], response: [5, 3] },
  { prompt: [8, 9], response: [7] },
];
/** The response tokens of the texts, in their order. */
export const TEST_ACTIONS = TEXTS.flatMap(({ response }) => response);

/** Three texts of different lengths, seven response tokens. */
export const testTexts = (gpu: Gpu): TrajectoryBatch => packTrajectories(gpu, TEXTS, ONE_TEXT);

/** The loss, the measures, and the gradient of every parameter of the student, one after the other. */
export async function evaluate<Players extends { student: LanguageModel }, Batch>(
  gpu: Gpu,
  objective: Objective<Players, Batch>,
  players: Players,
  batch: Batch,
) {
  const { store } = players.student;
  using tape = new Tape(gpu, { learning: [store] });
  store.zeroGradients();
  const { loss, measures } = objective(tape, players, batch);
  tape.backward(loss);
  const names = Object.keys(measures);
  const [lossValue, ...values] = await gpu.readAll([loss.value, ...names.map((name) => measures[name].value)]);
  const gradients = [...(await store.readGradients()).values()].flatMap((gradient) => [...gradient]);
  return { loss: lossValue[0], measures: Object.fromEntries(names.map((name, i) => [name, values[i][0]])), gradients };
}

/** A model's view of all states of a batch at once. */
export function allStates(tape: Tape, model: LanguageModel, batch: TrajectoryBatch): States {
  const hidden = hiddenOf(tape, model, batch);
  return { hidden, logits: model.logits(tape, hidden) };
}

/** log π(a | s) of every state and action, by float64 from a model's logits. */
export async function logProbabilities(gpu: Gpu, model: LanguageModel, batch: TrajectoryBatch): Promise<number[][]> {
  const { vocabSize } = model.config;
  using tape = new Tape(gpu);
  const all = await gpu.read(model.logits(tape, model.hiddenStates(tape, batch.tokens)).value);
  const states = await gpu.read(batch.states);
  return [...states].map((state) => {
    const logits = [...all.subarray(state * vocabSize, (state + 1) * vocabSize)];
    const largest = Math.max(...logits);
    const logSum = largest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
    return logits.map((logit) => logit - logSum);
  });
}
