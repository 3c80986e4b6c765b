import { adapterName } from "#kernels/runtime/adapter.ts";
import { NUMERICS } from "#lib/bench/numerics.ts";
import type { EncodedSet } from "#lib/evaluation/encoded_set.ts";
import type { Evaluation, EvaluationScore } from "#lib/evaluation/evaluate.ts";
import type { SampleResponse } from "#lib/results/cell_result.ts";
import { digestOf, digestOfJson } from "#lib/results/digest.ts";
import { codeVersion } from "#lib/results/git_repository.ts";
import { withRecord } from "#lib/results/provenance.ts";
import { ResultsFolder } from "#lib/results/results_folder.ts";
import { writeAtomically } from "#lib/results/storage.ts";
import { kernelDigest } from "#lib/runner/freshness.ts";
import { rowsDigest } from "#lib/runner/known_results.ts";
import type { ModelSource, OpenedModel } from "./open_model.ts";

/** The method that rows of an evaluation have: two folders are compared model with model. */
const METHOD = "model";
const EXPERIMENT = "evaluation";

/** What was evaluated, how, and what came of it. */
export interface EvaluationRecord {
  /** As a person named the model. */
  readonly word: string;
  readonly model: ModelSource;
  readonly settings: Readonly<Record<string, unknown>>;
  /** By the names of the sets. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly scores: readonly EvaluationScore[];
  readonly samples: readonly SampleResponse[];
  readonly notes: readonly string[];
  readonly seed: number;
  /** Digests of the WGSL that ran, by kernel. */
  readonly kernels: Readonly<Record<string, string>>;
  readonly adapter: string;
  readonly seconds: number;
  readonly peakGpuBytes: number;
}

export interface EvaluationParts {
  readonly word: string;
  readonly opened: OpenedModel;
  readonly encoded: readonly EncodedSet[];
  readonly evaluations: readonly Evaluation[];
  readonly seeds: readonly number[];
  readonly kernels: ReadonlySet<string>;
  readonly elapsedMs: number;
  readonly settings: EvaluationRecord["settings"];
  readonly notes: readonly string[];
}

/** Everything about an evaluation; of a folder's model every file is read for its digest. */
export async function recordOf(parts: EvaluationParts): Promise<EvaluationRecord> {
  const { word, opened: { gpu, source }, encoded, evaluations, seeds, kernels, elapsedMs, settings, notes } = parts;
  return {
    ...{ word, settings, notes },
    model: await source(),
    data: Object.fromEntries(await Promise.all(encoded.map(async (each) => [each.set.name, await dataOf(each)]))),
    scores: evaluations.flatMap(({ scores }) => scores),
    samples: evaluations.flatMap(({ samples }) => samples),
    seed: seeds[0] ?? 0,
    kernels: Object.fromEntries([...kernels].sort().map((name) => [name, kernelDigest(name)])),
    adapter: adapterName(gpu.adapterInfo),
    seconds: Math.round(elapsedMs / 100) / 10,
    peakGpuBytes: gpu.peakBytes,
  };
}

/** Of a set its files, and digests of the records that were scored: item by item, only the same ones can be compared. */
async function dataOf({ set: { form, files, records }, items, fits, leftOut }: EncodedSet) {
  const digests = files.map(async (path) => [path.replace(/^.*\//, ""), digestOf(await Deno.readFile(path))]);
  return {
    ...{ form, records: records.length, scored: items.length, leftOut },
    files: Object.fromEntries(await Promise.all(digests)),
    digest: digestOfJson(items.map(({ record }) => record)),
    perplexity: { digest: digestOfJson(items.flatMap(({ record }, i) => (fits[i] ? [record] : []))) },
  };
}

/**
 * Writes an evaluation as results of one model: `scores.csv`, `items.csv`, `samples.jsonl`, `provenance.json`, which `./run diff` compares
 * with those of another folder; and `evaluation.json`, which has the intervals and notes as well.
 */
export async function writeEvaluation(path: string, record: EvaluationRecord): Promise<void> {
  const { word, model, settings, data, scores, samples, seed, kernels, adapter, seconds, peakGpuBytes } = record;
  const folder = await ResultsFolder.open(path, EXPERIMENT);
  const rows = scores.map(({ interval: _, ...score }) => score);
  folder.put({ method: METHOD, seed }, { scores: rows, curves: [], samples });
  const address = `${METHOD}/${seed}`;
  const basis = {
    run: `evaluate ${word}`,
    settings: { model, ...settings },
    numerics: NUMERICS,
    kernels,
    data: digestOfJson(data),
    environment: { adapter, deno: Deno.version.deno },
  };
  const { commit, dirty } = await codeVersion();
  folder.provenance = withRecord({ ...folder.provenance, data }, address, {
    ...{ ...basis, commit, dirty },
    rows: rowsDigest(folder, address),
    hash: digestOfJson(basis),
    wallSeconds: seconds,
    peakMemoryBytes: Deno.memoryUsage().rss,
    peakGpuBytes,
  });
  await folder.write();
  await writeAtomically(`${path}/evaluation.json`, `${JSON.stringify(summaryOf(record), null, 2)}\n`);
}

/** What `--json` prints, and `evaluation.json` has. */
export function summaryOf({ model, data, settings, scores, notes }: EvaluationRecord) {
  return { model, data, settings, scores: scores.map(({ items: _, statistics: __, ...score }) => score), notes };
}
