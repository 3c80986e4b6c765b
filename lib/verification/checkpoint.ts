import type { Gpu } from "#kernels/runtime/gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { generate } from "#lib/generation/generate.ts";
import { readJsonFile } from "#lib/json_file.ts";
import { readModel } from "#lib/models/checkpoint.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { isAdapterFolder, readLoraAdapter } from "#lib/models/lora_adapter.ts";
import { SafeTensorsFile } from "#lib/models/safetensors.ts";
import { AdamW } from "#lib/training/adam_w.ts";
import { updateStep } from "#lib/training/update_step.ts";
import { type Check, checkLoss, checkTensor, checkTokens } from "./check.ts";
import { checkActions, type RecordedActions } from "./checkpoint_actions.ts";
import { adapterWeights } from "./checkpoint_adapter.ts";
import { checkFiles } from "./checkpoint_files.ts";
import {
  allWeights,
  checkContinuations,
  checkGradients,
  checkUpdate,
  type Golden,
  GREEDY_TEXTS,
  notRecorded,
  recordedLoss,
} from "./checkpoint_step.ts";
import { checkPerplexities, type RecordedPerplexities } from "./checkpoint_texts.ts";
import { nextTokenBatch, type RecordedBatch, recordedBatch } from "./recorded_batch.ts";

/** `golden.json`: which parts of it there are says what is checked. */
type AnyGolden = Golden & RecordedActions & RecordedPerplexities & RecordedTraining;

/**
 * Checks a checkpoint folder against what PyTorch recorded beside it: logits, loss, every gradient, one AdamW step with clipping,
 * greedy continuations (`golden.safetensors`), or the losses of several training steps (`tokens.safetensors`). Of these a folder may
 * record a part; the rest is reported as skipped. What only some folders record is checked there: a policy over fewer ids than the
 * tables have rows, perplexities of texts, values of 16 bits, files to be refused. An adapter is checked beside its base model's weights,
 * where gradients and step are those of A and B, and merged into them.
 *
 * @param base the folder of an adapter's base model, if that is not where the adapter says
 */
export async function verifyCheckpoint(gpu: Gpu, folder: string, base?: string): Promise<Check[]> {
  using model = await readModel(gpu, folder, { base, keepAdapter: true });
  const golden = await readJsonFile(`${folder}/golden.json`) as AnyGolden;
  if (golden.losses) return await verifyTraining(gpu, model, folder, golden);
  const recorded = await SafeTensorsFile.read(`${folder}/golden.safetensors`);
  return [
    ...await verifyStep(gpu, model, folder, { recorded, golden, base }),
    ...await checkActions(gpu, folder, recorded, golden),
    ...await checkFiles(folder),
  ];
}

async function verifyStep(
  gpu: Gpu,
  model: LanguageModel,
  folder: string,
  { recorded, golden, base }: {
    readonly recorded: SafeTensorsFile;
    readonly golden: AnyGolden;
    readonly base: string | undefined;
  },
): Promise<Check[]> {
  const padId = model.layout.kind === "oneText" ? undefined : await padIdOf(folder);
  const batch = recordedBatch(gpu, recorded, model.layout, padId);
  const adapter = isAdapterFolder(folder) ? await readLoraAdapter(folder) : undefined;
  const trained = adapter ? adapterWeights(gpu, model, adapter) : allWeights(gpu, model);
  return [
    await checkLogits(gpu, model, batch, recorded),
    ...(adapter ? [await checkMerged(gpu, await readModel(gpu, folder, { base }), batch, recorded)] : []),
    ...await checkContinuations(gpu, model, batch, golden),
    ...await checkPerplexities(gpu, model, folder, golden),
    ...await checkGradients(gpu, model, batch, recorded, { golden, trained }),
    ...await checkUpdate(gpu, recorded, golden, trained),
  ];
}

async function padIdOf(folder: string): Promise<number | undefined> {
  const { pad_token_id: id } = await readJsonFile(`${folder}/config.json`) as { pad_token_id?: unknown };
  return typeof id === "number" ? id : undefined;
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
  const { actionCount } = model;
  return checkTensor("logits", logits, recorded.f32("logits"), (i) => batch.isCounted(Math.floor(i / actionCount)));
}

async function checkMerged(
  gpu: Gpu,
  model: LanguageModel,
  batch: RecordedBatch,
  recorded: SafeTensorsFile,
): Promise<Check> {
  using merged = model;
  return { ...await checkLogits(gpu, merged, batch, recorded), name: "logits of the merged weights" };
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
      [(tape) => recordedLoss(tape, model, batch)],
    );
    checks.push(checkLoss(`loss of training step ${step + 1}`, (await gpu.read(loss))[0], expected));
  }
  return checks;
}
