import type { Gpu } from "#kernels/runtime/gpu.ts";
import type { SafeTensorsFile } from "#lib/models/safetensors.ts";
import type { ResponseRows } from "#lib/objectives/moment_matching.ts";
import type { PairBatch, PairLabels } from "#lib/objectives/preference/pair_batch.ts";

/** Rows of recorded texts: the counted tokens of tables `"P 2 T …"`, as a packed batch has them. */
export interface RecordedPairs {
  readonly file: SafeTensorsFile;
  readonly pairs: number;
  readonly vocabSize: number;
  readonly gamma: number;
  /** Which of the 2 P T tokens count. */
  readonly counted: readonly number[];
  /** The texts of all pairs, with hard labels and qualities. */
  readonly rows: ResponseRows & PairLabels & Required<Pick<PairBatch, "qualityGaps">>;
  readonly softLabels: PairLabels;
  /** Texts 0 of the pairs, the teacher's, and texts 1, the student's, as rows of all: those of the other have the weight 0. */
  readonly teacherTexts: ResponseRows;
  readonly studentTexts: ResponseRows;
  /** Which of the P T tokens of the texts 0 count, where a table has those alone, and the same among the 2 P T; their rows. */
  readonly firstTexts: { readonly counted: readonly number[]; readonly amongAll: readonly number[] };
  readonly firstRows: Pick<ResponseRows, "actions" | "weights">;
}

/** Reads the texts of `golden.safetensors`, their labels and qualities. */
export function readRecordedPairs(gpu: Gpu, file: SafeTensorsFile, gamma: number): RecordedPairs {
  const [pairs, , tokens] = file.get("mask").shape;
  const mask = file.f32("mask");
  const counted = [...mask.keys()].filter((i) => mask[i] !== 0);
  const textOf = (token: number) => Math.floor(token / tokens);
  const amongAll = counted.filter((token) => textOf(token) % 2 === 0);
  const actionsOf = (places: readonly number[]) =>
    gpu.upload(Uint32Array.from(places, (token) => file.i32("tokens")[token]));
  const spans = Array.from({ length: 2 * pairs }, (_, text) => {
    const first = counted.findIndex((token) => textOf(token) === text);
    return [first, first + counted.filter((token) => textOf(token) === text).length];
  });
  /** Rows of the texts that count, with the weights γ^t over their number. */
  const rowsOf = (counts: (text: number) => boolean): ResponseRows => {
    const own = spans.filter((_, text) => counts(text));
    const share = (token: number) => counts(textOf(token)) ? 1 / own.length : 0;
    return {
      actions: actionsOf(counted),
      weights: gpu.upload(Float32Array.from(counted, (token) => gamma ** (token % tokens) * share(token))),
      evenWeights: gpu.upload(Float32Array.from(counted, share)),
      rowSpans: gpu.upload(Uint32Array.from(own.flat()), [own.length, 2]),
    };
  };
  const quality = file.f32("quality");
  const gaps = Float32Array.from({ length: pairs }, (_, n) => quality[2 * n] - quality[2 * n + 1]);
  return {
    ...{ file, pairs, gamma, counted },
    vocabSize: file.get("q").shape[3],
    rows: { ...rowsOf(() => true), ...labelsOf(gpu, file.f32("labels")), qualityGaps: gpu.upload(gaps) },
    softLabels: labelsOf(gpu, file.f32("soft_labels")),
    teacherTexts: rowsOf((text) => text % 2 === 0),
    studentTexts: rowsOf((text) => text % 2 === 1),
    firstTexts: {
      counted: amongAll.map((token) => textOf(token) / 2 * tokens + token % tokens),
      amongAll,
    },
    firstRows: {
      actions: actionsOf(amongAll),
      weights: gpu.upload(new Float32Array(amongAll.length).fill(1 / amongAll.length)),
    },
  };
}

/** What a mean over pairs weighs each order of their texts by. */
export function labelsOf(
  gpu: Gpu,
  labels: ArrayLike<number>,
  weightOf = (_pair: number) => 1 / labels.length,
): PairLabels {
  return {
    firstWeights: gpu.upload(Float32Array.from(labels, (label, pair) => weightOf(pair) * label)),
    secondWeights: gpu.upload(Float32Array.from(labels, (label, pair) => weightOf(pair) * (1 - label))),
  };
}

/** The values of the counted tokens of a recorded table, `width` for each. */
export function countedValues(
  file: SafeTensorsFile,
  name: string,
  counted: readonly number[],
  width: number,
): Float32Array<ArrayBuffer> {
  const values = file.f32(name);
  return Float32Array.from(counted.flatMap((token) => [...values.subarray(token * width, (token + 1) * width)]));
}
