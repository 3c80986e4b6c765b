import type { Gpu } from "#kernels/runtime/gpu.ts";
import { InputError } from "#lib/errors.ts";
import type { TextLayout, TokenBatch } from "#lib/models/language_model.ts";
import type { SafeTensorsFile } from "#lib/models/safetensors.ts";
import { padTexts } from "#lib/objectives/trajectory_batch.ts";

export const NOT_COUNTED = -100;

type Span = readonly [first: number, end: number];

/** Texts of a recorded batch, on the CPU and on the GPU. */
export interface RecordedBatch {
  /** What `generate` continues: the tokens of each row that are attended to. */
  readonly prompts: readonly (readonly number[])[];
  readonly tokens: TokenBatch;
  /** Rows of the B T outputs that the loss counts, and what each should say. */
  readonly states: readonly number[];
  readonly labels: readonly number[];
  /** Whether the logits of a row of the B T outputs were recorded of a token, and not of padding. */
  readonly isCounted: (row: number) => boolean;
}

/**
 * The batch of a `golden.safetensors`: `input_ids`, `attention_mask` (with padding on either side of a row) and `labels`, as transformers
 * takes them.
 *
 * @param padId what an encoder-decoder's decoder reads in place of labels that do not count
 * @throws {InputError} if a row attends to nothing, or to tokens on both sides of some that it does not attend to
 */
export function recordedBatch(gpu: Gpu, recorded: SafeTensorsFile, layout: TextLayout, padId = 0): RecordedBatch {
  const [rows, tokens] = recorded.get("input_ids").shape;
  const ids = recorded.i32("input_ids");
  const attended = recorded.i32("attention_mask");
  const spans = Array.from({ length: rows }, (_, b) => spanOf(attended.subarray(b * tokens, (b + 1) * tokens), b));
  const prompts = spans.map(([first, end], b) => [...ids.subarray(b * tokens + first, b * tokens + end)]);
  const labels = recorded.i32("labels");
  if (layout.kind === "encoderDecoder") {
    const inputs = { labels, tokens: recorded.get("labels").shape[1], startId: layout.startId, padId };
    return encoderDecoderBatch(gpu, prompts, inputs);
  }
  const states: number[] = [];
  // A label says what the token before it should predict.
  labels.forEach((label, i) => {
    if (label !== NOT_COUNTED && i % tokens > 0) states.push(i - 1);
  });
  return {
    prompts,
    tokens: tokenBatch(gpu, ids, tokens, spans),
    states,
    labels: states.map((state) => labels[state + 1]),
    isCounted: (row) => attended[row] !== 0,
  };
}

/** The first token that a row attends to, and the one after the last. */
function spanOf(mask: Int32Array, row: number): Span {
  const [first, end] = [mask.findIndex((value) => value !== 0), mask.findLastIndex((value) => value !== 0) + 1];
  if (first >= 0 && mask.subarray(first, end).every((value) => value !== 0)) return [first, end];
  const problem = first < 0 ? "attends to no token" : "leaves out tokens between others";
  throw new InputError(
    `golden.safetensors: row ${row} of attention_mask ${problem}; padding is read on either side alone`,
  );
}

interface DecoderInputs {
  readonly labels: Int32Array;
  readonly tokens: number;
  readonly startId: number;
  readonly padId: number;
}

/** The decoder reads the labels one place later, behind the start token; what is not counted is read as padding. */
function encoderDecoderBatch(
  gpu: Gpu,
  prompts: readonly (readonly number[])[],
  { labels, tokens, startId, padId }: DecoderInputs,
): RecordedBatch {
  const before = (i: number) => labels[i - 1] === NOT_COUNTED ? padId : labels[i - 1];
  const read = labels.map((_, i) => i % tokens === 0 ? startId : before(i));
  const states = [...labels.keys()].filter((i) => labels[i] !== NOT_COUNTED);
  return {
    prompts,
    tokens: { ...tokenBatch(gpu, read, tokens, prompts.map(() => [0, tokens])), source: padTexts(gpu, prompts) },
    states,
    labels: states.map((state) => labels[state]),
    isCounted: () => true,
  };
}

/** Every token but the first is predicted: the batch of a language model's training step. */
export function nextTokenBatch(gpu: Gpu, ids: Int32Array, tokens: number): RecordedBatch {
  const rows = ids.length / tokens;
  const states = [...ids.keys()].filter((i) => i % tokens < tokens - 1);
  return {
    prompts: Array.from({ length: rows }, (_, b) => [...ids.subarray(b * tokens, (b + 1) * tokens)]),
    tokens: tokenBatch(gpu, ids, tokens, Array(rows).fill([0, tokens])),
    states,
    labels: states.map((state) => ids[state + 1]),
    isCounted: () => true,
  };
}

function tokenBatch(gpu: Gpu, ids: Int32Array, tokens: number, spans: readonly Span[]): TokenBatch {
  const shape = [spans.length, tokens];
  const positions = spans.flatMap(([first]) => Array.from({ length: tokens }, (_, t) => Math.max(0, t - first)));
  return {
    tokenIds: gpu.upload(Uint32Array.from(ids), shape),
    positions: gpu.upload(Uint32Array.from(positions), shape),
    spans: gpu.upload(Uint32Array.from(spans.flat()), [spans.length, 2]),
  };
}
