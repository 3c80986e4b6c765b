import type { Gpu } from "#kernels/runtime/gpu.ts";
import { Tape } from "#lib/autograd/tape.ts";
import { generate } from "#lib/generation/generate.ts";
import type { LanguageModel } from "#lib/models/language_model.ts";
import { SafeTensorsFile, serializeSafeTensors, type TensorValues } from "#lib/models/safetensors.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { GREEDY_TEXTS, recordedLoss } from "./checkpoint_step.ts";
import { NOT_COUNTED, recordedBatch } from "./recorded_batch.ts";

const MAX_TEXTS = 4;
const MAX_LOGIT_BYTES = 2 ** 24;
const MAX_CONTINUATION = 12;
const NOTE =
  "recorded by this project from its own model; greedy continuations of an encoder-decoder have the start token in front";

interface Values {
  readonly shape: readonly number[];
  readonly data: TensorValues;
}

/** The files `golden.safetensors` and `golden.json` of a checkpoint folder, as `verifyCheckpoint` reads them. */
export interface GoldenFiles {
  readonly tensors: Uint8Array<ArrayBuffer>;
  readonly json: Record<string, unknown>;
}

/**
 * Records what a model makes of some texts: logits, the mean loss of the responses, and a greedy continuation of each prompt. So
 * another reader of its checkpoint, this one included, is checked against the model that was written.
 *
 * @param texts the first few are taken, as many as fit into 16 MiB of logits; no response may be empty
 */
export async function recordGolden(gpu: Gpu, model: LanguageModel, texts: readonly Trajectory[]): Promise<GoldenFiles> {
  const { actionCount } = model;
  const longest = Math.max(...texts.map(({ prompt, response }) => prompt.length + response.length));
  const most = Math.floor(MAX_LOGIT_BYTES / (2 * 4 * actionCount * longest));
  const shown = texts.slice(0, Math.max(1, Math.min(MAX_TEXTS, most)));
  const inputs = model.layout.kind === "oneText" ? textsSideBySide(shown) : sourcesAndTargets(shown);
  const file = SafeTensorsFile.parse(serializeSafeTensors(inputs.tensors), "golden.safetensors");
  const batch = recordedBatch(gpu, file, model.layout);
  using tape = new Tape(gpu);
  const logits = model.logits(tape, model.hiddenStates(tape, batch.tokens)).value;
  const { loss } = recordedLoss(tape, model, batch);
  const [logitValues, lossValues] = await gpu.readAll([logits, loss.value]) as Float32Array<ArrayBuffer>[];
  const [rows, columns] = batch.tokens.tokenIds.shape;
  const tensors = new Map<string, Values>([
    ...inputs.tensors,
    ["logits", { shape: [rows, columns, actionCount], data: logitValues }],
    ["loss", { shape: [], data: lossValues }],
  ]);
  return {
    tensors: serializeSafeTensors(tensors),
    json: { note: NOTE, ...await recordContinuations(gpu, model, batch.prompts, inputs.continued) },
  };
}

async function recordContinuations(
  gpu: Gpu,
  model: LanguageModel,
  prompts: readonly (readonly number[])[],
  rows: readonly number[],
): Promise<Record<string, unknown>> {
  const { config, layout } = model;
  const longest = Math.max(...rows.map((row) => prompts[row].length));
  const room = "maxPositions" in config ? config.maxPositions - longest : MAX_CONTINUATION;
  const maxNewTokens = Math.min(MAX_CONTINUATION, room);
  if (maxNewTokens < 1) return {};
  const asked = rows.map((row) => ({ promptIds: prompts[row], key: row }));
  const texts = await generate(gpu, model, asked, { ...GREEDY_TEXTS, maxNewTokens });
  const start = layout.kind === "oneText" ? [] : [layout.startId];
  return {
    greedy_max_new_tokens: maxNewTokens,
    greedy_no_eos: true,
    greedy: Object.fromEntries(rows.map((row, i) => [row, [...start, ...texts[i]]])),
  };
}

interface GoldenInputs {
  readonly tensors: ReadonlyMap<string, Values>;
  /** The rows whose greedy continuation is recorded. */
  readonly continued: readonly number[];
}

/** A row for each prompt with its response, whose tokens are the labels, and one for each prompt alone, to be continued. */
function textsSideBySide(texts: readonly Trajectory[]): GoldenInputs {
  const rows = [...texts, ...texts.map(({ prompt }) => ({ prompt, response: [] }))];
  const labels = rows.map(({ prompt, response }) => [...prompt.map(() => NOT_COUNTED), ...response]);
  return {
    tensors: new Map([
      ...attended(rows.map(({ prompt, response }) => [...prompt, ...response])),
      ["labels", padded(labels, NOT_COUNTED)],
    ]),
    continued: texts.map((_, i) => texts.length + i),
  };
}

function sourcesAndTargets(texts: readonly Trajectory[]): GoldenInputs {
  return {
    tensors: new Map([
      ...attended(texts.map(({ prompt }) => prompt)),
      ["labels", padded(texts.map(({ response }) => response), NOT_COUNTED)],
    ]),
    continued: [...texts.keys()],
  };
}

function attended(rows: readonly (readonly number[])[]): [string, Values][] {
  return [["input_ids", padded(rows, 0)], ["attention_mask", padded(rows.map((row) => row.map(() => 1)), 0)]];
}

function padded(rows: readonly (readonly number[])[], filler: number): Values {
  const width = Math.max(...rows.map(({ length }) => length));
  const data = rows.flatMap((row) => [...row, ...Array<number>(width - row.length).fill(filler)]);
  return { shape: [rows.length, width], data: Int32Array.from(data) };
}
