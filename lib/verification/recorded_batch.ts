import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { TextLayout, TokenBatch } from "#lib/models/language_model.ts";
import type { SafeTensorsFile } from "#lib/models/safetensors.ts";
import { padTexts } from "#lib/objectives/trajectory_batch.ts";

export const NOT_COUNTED = -100;

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

/** The batch of a `golden.safetensors`: `input_ids`, `attention_mask` and `labels`, as transformers takes them. */
export function recordedBatch(gpu: Gpu, recorded: SafeTensorsFile, layout: TextLayout): RecordedBatch {
  const [rows, tokens] = recorded.get("input_ids").shape;
  const ids = recorded.i32("input_ids");
  const attended = recorded.i32("attention_mask");
  const prompts = Array.from({ length: rows }, (_, b) => {
    const end = attended.subarray(b * tokens, (b + 1) * tokens).indexOf(0);
    return [...ids.subarray(b * tokens, b * tokens + (end < 0 ? tokens : end))];
  });
  const labels = recorded.i32("labels");
  if (layout.kind === "encoderDecoder") {
    return encoderDecoderBatch(gpu, prompts, labels, recorded.get("labels").shape[1], layout.startId);
  }
  const states: number[] = [];
  // A label says what the token before it should predict.
  labels.forEach((label, i) => {
    if (label !== NOT_COUNTED && i % tokens > 0) states.push(i - 1);
  });
  return {
    prompts,
    tokens: tokenBatch(gpu, ids, tokens, prompts.map(({ length }) => length)),
    states,
    labels: states.map((state) => labels[state + 1]),
    isCounted: (row) => attended[row] !== 0,
  };
}

/** The decoder reads the labels one place later, behind the start token; what is not counted is read as token 0. */
function encoderDecoderBatch(
  gpu: Gpu,
  prompts: readonly (readonly number[])[],
  labels: Int32Array,
  tokens: number,
  startId: number,
): RecordedBatch {
  const read = labels.map((_, i) => i % tokens === 0 ? startId : Math.max(0, labels[i - 1]));
  const states = [...labels.keys()].filter((i) => labels[i] !== NOT_COUNTED);
  return {
    prompts,
    tokens: { ...tokenBatch(gpu, read, tokens, prompts.map(() => tokens)), source: padTexts(gpu, prompts) },
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
    tokens: tokenBatch(gpu, ids, tokens, Array(rows).fill(tokens)),
    states,
    labels: states.map((state) => ids[state + 1]),
    isCounted: () => true,
  };
}

function tokenBatch(gpu: Gpu, ids: Int32Array, tokens: number, lengths: readonly number[]): TokenBatch {
  const shape = [lengths.length, tokens];
  return {
    tokenIds: gpu.upload(Uint32Array.from(ids), shape),
    positions: gpu.upload(Uint32Array.from(ids, (_, i) => i % tokens), shape),
    spans: gpu.upload(Uint32Array.from(lengths.flatMap((length) => [0, length])), [lengths.length, 2]),
  };
}
