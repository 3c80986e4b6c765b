import { forwardKl } from "#kernels/divergence/forward_kl/forward_kl.ts";
import { embedding } from "#kernels/embedding/embedding.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { readModel } from "#lib/models/checkpoint.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import type { SafeTensorsFile } from "#lib/models/safetensors.ts";
import { ParameterStore, zeros } from "#lib/nn/parameter_store.ts";
import { meanOverTokens } from "#lib/objectives/states.ts";
import { type Check, checkLoss, checkTensor } from "./check.ts";
import { allWeights, checkContinuations, checkRecorded, type Continuations, recordedLoss } from "./checkpoint_step.ts";
import { type RecordedBatch, recordedBatch } from "./recorded_batch.ts";

/** What `golden.json` says of a model whose tables have more rows than its tokenizer has ids. */
export interface RecordedActions {
  readonly action_count?: number;
  readonly greedy_max_new_tokens?: number;
  readonly greedy_actions?: Continuations;
}

/** Checks a model over its first ids alone: log-probabilities, loss, gradient of the head, distance to a student, continuations. */
export async function checkActions(
  gpu: Gpu,
  folder: string,
  recorded: SafeTensorsFile,
  golden: RecordedActions,
): Promise<Check[]> {
  if (golden.action_count === undefined) return [];
  using model = await readModel(gpu, folder, { actionCount: golden.action_count });
  const batch = recordedBatch(gpu, recorded, model.layout);
  const greedy = { greedy: golden.greedy_actions, greedy_max_new_tokens: golden.greedy_max_new_tokens };
  return [
    await checkLogProbs(gpu, model, batch, recorded),
    ...await checkActionLoss(gpu, model, batch, recorded),
    ...await checkDistance(gpu, model, batch, recorded),
    ...await checkContinuations(gpu, model, batch, greedy, "greedy actions"),
  ];
}

async function checkLogProbs(
  gpu: Gpu,
  model: LanguageModel,
  batch: RecordedBatch,
  recorded: SafeTensorsFile,
): Promise<Check> {
  using tape = new Tape(gpu);
  const logits = await gpu.read(model.logits(tape, model.hiddenStates(tape, batch.tokens)).value) as Float32Array;
  const { actionCount } = model;
  const logProbs = new Float64Array(logits.length);
  for (let start = 0; start < logits.length; start += actionCount) {
    const row = logits.subarray(start, start + actionCount);
    const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
    const sum = largest + Math.log(row.reduce((total, value) => total + Math.exp(value - largest), 0));
    row.forEach((value, i) => logProbs[start + i] = value - sum);
  }
  const counts = (i: number) => batch.isCounted(Math.floor(i / actionCount));
  return checkTensor("log-probabilities of actions", logProbs, recorded.f32("actions.log_probs"), counts);
}

/** The mean loss over the actions, and the gradients that are recorded of it. */
async function checkActionLoss(
  gpu: Gpu,
  model: LanguageModel,
  batch: RecordedBatch,
  recorded: SafeTensorsFile,
): Promise<Check[]> {
  using tape = new Tape(gpu, { learning: [model.store] });
  model.store.zeroGradients();
  const { loss } = recordedLoss(tape, model, batch);
  tape.backward(loss);
  const [value] = await gpu.read(loss.value);
  const { byName } = await allWeights(gpu, model).gradients();
  const ofActions = (name: string) => `actions.grad.${name}`;
  return [
    checkLoss("loss over actions", value, recorded.f32("actions.loss")[0]),
    ...[...byName].filter(([name]) => recorded.names.includes(ofActions(name))).map(([name, values]) =>
      checkRecorded(`gradient of ${name} over actions`, values, recorded, ofActions(name))
    ),
  ];
}

/** Forward KL from the model to recorded logits of a student, a mean over what the loss counts, and its gradient. */
async function checkDistance(
  gpu: Gpu,
  model: LanguageModel,
  batch: RecordedBatch,
  recorded: SafeTensorsFile,
): Promise<Check[]> {
  const shape = [recorded.f32("actions.student_logits").length / model.actionCount, model.actionCount];
  using store = new ParameterStore(gpu, [{ name: "logits", shape, decayed: false, initial: zeros }]);
  const { value: studentLogits } = store.get("logits");
  gpu.write(studentLogits, recorded.f32("actions.student_logits"));
  using tape = new Tape(gpu, { learning: [store] });
  const ids = tape.constant(tape.adopt(gpu.upload(Uint32Array.from(batch.states))));
  const hidden = tape.apply(embedding, { table: model.hiddenStates(tape, batch.tokens), ids }, {});
  const student = tape.apply(embedding, { table: tape.parameter(store.get("logits")), ids }, {});
  const perToken = tape.apply(forwardKl, { teacher: model.logits(tape, hidden), student }, { temperature: 1 });
  const weights = tape.adopt(gpu.upload(new Float32Array(batch.states.length).fill(1 / batch.states.length)));
  const distance = meanOverTokens(tape, perToken, { weights });
  store.zeroGradients();
  tape.backward(distance);
  const [[value], gradient] = await gpu.readAll([distance.value, store.get("logits").gradient]);
  return [
    checkLoss("forward KL to a student", value, recorded.f32("actions.forward_kl")[0]),
    checkRecorded("gradient of the student's logits", gradient, recorded, "actions.grad.student_logits"),
  ];
}
