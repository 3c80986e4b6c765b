import { crossEntropy } from "#kernels/cross_entropy/cross_entropy.ts";
import { embedding } from "#kernels/embedding/embedding.ts";
import { clipScale, globalNorm } from "#kernels/global_norm/global_norm.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import { generate, type GenerationPrompt, GREEDY } from "#lib/generation/generate.ts";
import { splitCheckpoint, writeGradients } from "#lib/models/checkpoint.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import type { SafeTensorsFile } from "#lib/models/safetensors.ts";
import type { ParameterStore } from "#lib/nn/parameter_store.ts";
import { meanOverTokens } from "#lib/objectives/states.ts";
import { AdamW } from "#lib/training/adam_w.ts";
import { type Check, checkLoss, checkTensor, checkTokens } from "./check.ts";
import type { RecordedBatch } from "./recorded_batch.ts";

/** No token: recorded continuations do not stop at the end of a text. */
const NO_TOKEN = 0xffffffff;
export const GREEDY_TEXTS = { ...GREEDY, eosId: NO_TOKEN, padId: 0, seed: 0, purpose: "verify" };

/** `golden.json` of one step; what a folder does not record is reported as skipped. */
export interface Golden {
  readonly adamw?: { lr: number; betas: [number, number]; eps: number; weight_decay: number; clip_norm: number };
  readonly grad_norm_before_clip?: number;
  readonly greedy_max_new_tokens?: number;
  readonly greedy?: Continuations;
}

/** Tokens that follow each row of the batch, by its number. */
export type Continuations = Readonly<Record<string, number[]>>;

/** What a recording trained, by the names of its gradients: a model's weights, or those of an adapter. */
export interface Trained {
  readonly names: readonly string[];
  readonly store: ParameterStore;
  /** Those of a loss that was run backward through the model. */
  gradients(): Promise<{ norm: number; byName: ReadonlyMap<string, Float32Array> }>;
  /** Puts gradients where `store` has them. */
  write(valuesOf: (name: string) => Float32Array<ArrayBuffer>): void;
  values(): Promise<ReadonlyMap<string, Float32Array>>;
}

/** Every weight of a model, under the names of its checkpoint. */
export function allWeights(gpu: Gpu, model: LanguageModel): Trained {
  const byName = (values: ReadonlyMap<string, Float32Array<ArrayBuffer>>) =>
    new Map([...splitCheckpoint(model, values)].map(([name, { data }]) => [name, data]));
  return {
    names: model.checkpointTensors().map(({ name }) => name),
    store: model.store,
    async gradients() {
      const norm = globalNorm(gpu, model.store.gradients);
      const [value] = await gpu.read(norm);
      gpu.release(norm);
      return { norm: value, byName: byName(await model.store.readGradients()) };
    },
    write: (valuesOf) => writeGradients(model, valuesOf),
    values: async () => byName(await model.store.read()),
  };
}

export async function checkContinuations(
  gpu: Gpu,
  model: LanguageModel,
  batch: RecordedBatch,
  { greedy = {}, greedy_max_new_tokens: maxNewTokens }: Golden,
  name = "greedy continuation",
): Promise<Check[]> {
  const recorded = Object.entries(greedy);
  if (recorded.length === 0 || maxNewTokens === undefined) return [notRecorded(`${name}s`)];
  const prompts = recorded.map(([row]): GenerationPrompt => ({
    promptIds: batch.prompts[Number(row)],
    key: Number(row),
  }));
  const texts = await generate(gpu, model, prompts, { ...GREEDY_TEXTS, maxNewTokens });
  // What an encoder-decoder wrote is recorded with the start token in front.
  const written = (tokens: readonly number[]) => model.layout.kind === "oneText" ? tokens : tokens.slice(1);
  return recorded.map(([row, tokens], i) => checkTokens(`${name} of row ${row}`, texts[i], written(tokens)));
}

/** The loss, and the gradients of what was trained. */
export async function checkGradients(
  gpu: Gpu,
  model: LanguageModel,
  batch: RecordedBatch,
  recorded: SafeTensorsFile,
  { golden, trained }: { readonly golden: Golden; readonly trained: Trained },
): Promise<Check[]> {
  using tape = new Tape(gpu, { learning: [model.store] });
  model.store.zeroGradients();
  const { loss } = recordedLoss(tape, model, batch);
  tape.backward(loss);
  const [lossValue] = await gpu.read(loss.value);
  const { norm, byName } = await trained.gradients();
  const expectedNorm = golden.grad_norm_before_clip;
  const areRecorded = recorded.names.some((name) => name.startsWith("grad."));
  return [
    recorded.names.includes("loss") ? checkLoss("loss", lossValue, recorded.f32("loss")[0]) : notRecorded("loss"),
    expectedNorm === undefined ? notRecorded("gradient norm") : checkTensor("gradient norm", [norm], [expectedNorm]),
    ...(areRecorded
      ? [...byName].map(([name, values]) => checkRecorded(`gradient of ${name}`, values, recorded, `grad.${name}`))
      : [notRecorded("gradients")]),
  ];
}

/**
 * One clipped AdamW step from the recorded gradients. From gradients of our own it would say nothing where they are rounding noise:
 * GPT-2's key biases have an exact gradient of 0, and Adam's first step turns noise of any size into a step of the learning rate.
 */
export async function checkUpdate(
  gpu: Gpu,
  recorded: SafeTensorsFile,
  { adamw }: Golden,
  { names, store, write, values }: Trained,
): Promise<Check[]> {
  if (!adamw || names.some((name) => !recorded.names.includes(`grad.${name}`))) {
    return [notRecorded("AdamW step", "not recorded: it takes the gradient of every parameter")];
  }
  using optimizer = new AdamW(gpu, store, {
    betas: adamw.betas,
    eps: adamw.eps,
    weightDecay: adamw.weight_decay,
    decayAll: true,
  });
  store.zeroGradients();
  write((name) => recorded.f32(`grad.${name}`));
  const norm = globalNorm(gpu, store.gradients);
  const scale = clipScale(gpu, norm, adamw.clip_norm);
  optimizer.step(adamw.lr, scale);
  const updated = await values();
  for (const tensor of [norm, scale]) gpu.release(tensor);
  return [...updated].map(([name, data]) => checkRecorded(`AdamW step of ${name}`, data, recorded, `adamw.${name}`));
}

/** Compares with a tensor of the file, if it is there. */
export function checkRecorded(
  check: string,
  actual: ArrayLike<number>,
  recorded: SafeTensorsFile,
  name: string,
): Check {
  return recorded.names.includes(name) ? checkTensor(check, actual, recorded.f32(name)) : notRecorded(check);
}

export function notRecorded(name: string, note = "not recorded"): Check {
  return { name, status: "skipped", note };
}

/** Mean cross-entropy over the labels that count. */
export function recordedLoss(
  tape: Tape,
  model: LanguageModel,
  batch: RecordedBatch,
): { loss: Variable; measures: { loss: Variable } } {
  const { gpu } = tape;
  const upload = (values: readonly number[]) => tape.constant(tape.adopt(gpu.upload(Uint32Array.from(values))));
  const all = model.hiddenStates(tape, batch.tokens);
  const hidden = tape.apply(embedding, { table: all, ids: upload(batch.states) }, {});
  const perToken = tape.apply(crossEntropy, { logits: model.logits(tape, hidden), labels: upload(batch.labels) }, {});
  const weights = tape.adopt(gpu.upload(new Float32Array(batch.labels.length).fill(1 / batch.labels.length)));
  const loss = meanOverTokens(tape, perToken, { weights });
  return { loss, measures: { loss } };
}
