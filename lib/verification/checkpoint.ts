import { crossEntropy } from "#kernels/cross_entropy/cross_entropy.ts";
import { embedding } from "#kernels/embedding/embedding.ts";
import { clipScale, globalNorm } from "#kernels/global_norm/global_norm.ts";
import type { Gpu } from "#kernels/runtime/gpu.ts";
import { Tape, type Variable } from "#lib/autograd/tape.ts";
import { generate, type GenerationPrompt, GREEDY } from "#lib/generation/generate.ts";
import { readJson, readModel, splitCheckpoint, writeGradients } from "#lib/models/checkpoint.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { SafeTensorsFile } from "#lib/models/safetensors.ts";
import { meanOverTokens } from "#lib/objectives/states.ts";
import { AdamW } from "#lib/training/adam_w.ts";
import { updateStep } from "#lib/training/update_step.ts";
import { type Check, checkLoss, checkTensor, checkTokens } from "./check.ts";
import { nextTokenBatch, type RecordedBatch, recordedBatch } from "./recorded_batch.ts";

/** No token: recorded continuations do not stop at the end of a text. */
const NO_TOKEN = 0xffffffff;
export const GREEDY_TEXTS = { ...GREEDY, eosId: NO_TOKEN, padId: 0, seed: 0, purpose: "verify" };

/** `golden.json`; what a folder does not record is reported as skipped. */
interface Golden {
  readonly adamw?: { lr: number; betas: [number, number]; eps: number; weight_decay: number; clip_norm: number };
  readonly grad_norm_before_clip?: number;
  readonly greedy_max_new_tokens?: number;
  readonly greedy?: Readonly<Record<string, number[]>>;
}

/**
 * Checks a checkpoint folder against what PyTorch recorded beside it: logits, loss, every gradient, one AdamW step with clipping,
 * greedy continuations (`golden.safetensors`), or the losses of several training steps (`tokens.safetensors`). Of these a folder may
 * record a part; the rest is reported as skipped.
 */
export async function verifyCheckpoint(gpu: Gpu, folder: string): Promise<Check[]> {
  using model = await readModel(gpu, folder);
  const golden = await readJson(`${folder}/golden.json`) as Golden & RecordedTraining;
  return golden.losses
    ? await verifyTraining(gpu, model, folder, golden)
    : await verifyStep(gpu, model, await SafeTensorsFile.read(`${folder}/golden.safetensors`), golden);
}

async function verifyStep(gpu: Gpu, model: LanguageModel, recorded: SafeTensorsFile, golden: Golden): Promise<Check[]> {
  const batch = recordedBatch(gpu, recorded, model.layout);
  return [
    await checkLogits(gpu, model, batch, recorded),
    ...await checkContinuations(gpu, model, batch, golden),
    ...await checkGradients(gpu, model, batch, recorded, golden),
    ...await checkUpdate(gpu, model, recorded, golden),
  ];
}

async function checkContinuations(
  gpu: Gpu,
  model: LanguageModel,
  batch: RecordedBatch,
  golden: Golden,
): Promise<Check[]> {
  const { greedy = {}, greedy_max_new_tokens: maxNewTokens } = golden;
  const recorded = Object.entries(greedy);
  if (recorded.length === 0 || maxNewTokens === undefined) return [notRecorded("greedy continuations")];
  const prompts = recorded.map(([row]): GenerationPrompt => ({
    promptIds: batch.prompts[Number(row)],
    key: Number(row),
  }));
  const texts = await generate(gpu, model, prompts, { ...GREEDY_TEXTS, maxNewTokens });
  // What an encoder-decoder wrote is recorded with the start token in front.
  const written = (tokens: readonly number[]) => model.layout.kind === "oneText" ? tokens : tokens.slice(1);
  return recorded.map(([row, tokens], i) =>
    checkTokens(`greedy continuation of row ${row}`, texts[i], written(tokens))
  );
}

async function checkGradients(
  gpu: Gpu,
  model: LanguageModel,
  batch: RecordedBatch,
  recorded: SafeTensorsFile,
  golden: Golden,
): Promise<Check[]> {
  using tape = new Tape(gpu, { learning: [model.store] });
  model.store.zeroGradients();
  const { loss } = recordedLoss(tape, model, batch);
  tape.backward(loss);
  const norm = tape.adopt(globalNorm(gpu, model.store.gradients));
  const [[lossValue], [normValue]] = await gpu.readAll([loss.value, norm]);
  const expectedNorm = golden.grad_norm_before_clip;
  const gradients = splitCheckpoint(model, await model.store.readGradients());
  const areRecorded = recorded.names.some((name) => name.startsWith("grad."));
  return [
    recorded.names.includes("loss") ? checkLoss("loss", lossValue, recorded.f32("loss")[0]) : notRecorded("loss"),
    expectedNorm === undefined
      ? notRecorded("gradient norm")
      : checkTensor("gradient norm", [normValue], [expectedNorm]),
    ...(areRecorded
      ? [...gradients].map(([name, { data }]) => checkRecorded(`gradient of ${name}`, data, recorded, `grad.${name}`))
      : [notRecorded("gradients")]),
  ];
}

/**
 * One clipped AdamW step from the recorded gradients. From gradients of our own it would say nothing where they are rounding noise:
 * GPT-2's key biases have an exact gradient of 0, and Adam's first step turns noise of any size into a step of the learning rate.
 */
async function checkUpdate(
  gpu: Gpu,
  model: LanguageModel,
  recorded: SafeTensorsFile,
  { adamw }: Golden,
): Promise<Check[]> {
  const tensors = model.checkpointTensors();
  if (!adamw || tensors.some(({ name }) => !recorded.names.includes(`grad.${name}`))) {
    return [notRecorded("AdamW step", "not recorded: it takes the gradient of every parameter")];
  }
  using optimizer = new AdamW(gpu, model.store, {
    betas: adamw.betas,
    eps: adamw.eps,
    weightDecay: adamw.weight_decay,
    decayAll: true,
  });
  model.store.zeroGradients();
  writeGradients(model, (name) => recorded.f32(`grad.${name}`));
  const norm = globalNorm(gpu, model.store.gradients);
  const scale = clipScale(gpu, norm, adamw.clip_norm);
  optimizer.step(adamw.lr, scale);
  const updated = splitCheckpoint(model, await model.store.read());
  for (const tensor of [norm, scale]) gpu.release(tensor);
  return [...updated].map(([name, { data }]) =>
    checkRecorded(`AdamW step of ${name}`, data, recorded, `adamw.${name}`)
  );
}

async function checkLogits(
  gpu: Gpu,
  model: LanguageModel,
  batch: RecordedBatch,
  recorded: SafeTensorsFile,
): Promise<Check> {
  if (!recorded.names.includes("logits")) return notRecorded("logits");
  using tape = new Tape(gpu);
  const logits = await gpu.read(model.logits(tape, model.hiddenStates(tape, batch.tokens)).value);
  const { vocabSize } = model.config;
  return checkTensor("logits", logits, recorded.f32("logits"), (i) => batch.isCounted(Math.floor(i / vocabSize)));
}

/** Compares with a tensor of the file, if it is there. */
function checkRecorded(check: string, actual: ArrayLike<number>, recorded: SafeTensorsFile, name: string): Check {
  return recorded.names.includes(name) ? checkTensor(check, actual, recorded.f32(name)) : notRecorded(check);
}

function notRecorded(name: string, note = "not recorded"): Check {
  return { name, status: "skipped", note };
}

interface RecordedTraining {
  readonly losses?: readonly number[];
  readonly greedy_from_first_16_tokens_of_row_0?: readonly number[];
}

/** AdamW with learning rate 1e-3, betas 0.9 and 0.999, no decay, no clipping, next-token loss on one batch. */
async function verifyTraining(
  gpu: Gpu,
  model: LanguageModel,
  folder: string,
  golden: RecordedTraining,
): Promise<Check[]> {
  const file = await SafeTensorsFile.read(`${folder}/tokens.safetensors`);
  const ids = file.i32("input_ids");
  const batch = nextTokenBatch(gpu, ids, file.get("input_ids").shape[1]);
  const checks: Check[] = [];
  const continuation = golden.greedy_from_first_16_tokens_of_row_0;
  if (continuation) {
    const settings = { ...GREEDY_TEXTS, maxNewTokens: continuation.length };
    const [greedy] = await generate(gpu, model, [{ promptIds: batch.prompts[0].slice(0, 16), key: 0 }], settings);
    checks.push(checkTokens(`greedy continuation of ${continuation.length} tokens`, greedy, continuation));
  } else checks.push(notRecorded("greedy continuation"));
  using optimizer = new AdamW(gpu, model.store, { betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 });
  for (const [step, expected] of golden.losses!.entries()) {
    const { loss } = await updateStep(
      gpu,
      [{ optimizer, learningRate: 1e-3 }],
      (tape) => recordedLoss(tape, model, batch),
    );
    checks.push(checkLoss(`loss of training step ${step + 1}`, (await gpu.read(loss))[0], expected));
  }
  return checks;
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
