import { BpeTokenizer } from "#lib/data/bpe_tokenizer.ts";
import { trainBpe } from "#lib/data/bpe_trainer.ts";
import { DataNotes } from "#lib/data/data_notes.ts";
import { encodeResponse } from "#lib/data/prompt.ts";
import { fitTask, type FittedTasks, TASK_TOKENS, type TaskLimits } from "#lib/data/task_prompt.ts";
import type { TaskRecord } from "#lib/data/task_records.ts";
import { InputError } from "#lib/errors.ts";
import { metricLabel } from "#lib/metrics/metric_display.ts";
import { ProjectCodec } from "#lib/tokenizers/project_codec.ts";
import type { PromptSet, Texts } from "#lib/bench/texts.ts";
import { SEQUENCE_TASKS, type SequenceTaskName } from "./registry.ts";
import { readTask } from "./task_data.ts";
import type { TaskSpecificSettings } from "./task_settings.ts";

/**
 * Reads a data set of the task-specific table (the embedded one, or that of the folder of `--data`), trains the tokenizer on its
 * training records, and encodes sources and targets within their limits.
 */
export async function readTaskTexts(
  corpus: SequenceTaskName,
  settings: TaskSpecificSettings,
  folder?: string,
  say?: (message: string) => void,
): Promise<Texts> {
  const task = SEQUENCE_TASKS[corpus];
  const data = await readTask(corpus, settings[corpus].hub, folder);
  const { maxSourceTokens, maxTargetTokens } = settings[corpus];
  const notes = new DataNotes(corpus);
  const first = (name: string, records: readonly TaskRecord[], setting: "trainRecords" | "itemsPerSet") =>
    folder === undefined
      // The embedded data is as large as the largest profile needs.
      ? records.slice(0, settings[setting])
      : notes.first(name, records, settings[setting], `taskSpecific.${setting}`);
  const train = first("train", data.train, "trainRecords");
  const tokenizer = trainTokenizer(train, settings.vocabSize, say);
  const limits = { maxSourceTokens, maxTargetTokens, longSources: settings.longSources };
  const lengths: Record<string, object> = {};
  const fit = (name: string, records: readonly TaskRecord[], purpose: "training" | "scoring") => {
    const { examples, ...counts } = fitTask(tokenizer, records, { ...limits, purpose });
    lengths[name] = counts;
    if (examples.length === 0) throw new InputError(`${corpus}, ${name}: ${whyNone(corpus, limits, counts)}`);
    noteLengths(notes, corpus, limits, { name, total: records.length, ...counts });
    notes.unknownLetters(name, examples.map(({ sourceIds }) => sourceIds), tokenizer.specialId("<unk>"));
    return examples;
  };
  const set = (name: string, records: readonly TaskRecord[]): PromptSet => ({
    name,
    prompts: fit(name, first(name, records, "itemsPerSet"), "scoring").map((
      { record, sourceIds },
    ) => ({
      record: { instruction: record.source, input: "", response: record.target, references: record.references },
      promptIds: sourceIds,
    })),
  });
  const trained = fit("train", train, "training");
  const [validation, test] = [set("validation", data.validation), set("test", data.test)];
  const { metric } = task;
  const sees = (reference: string) => metric.sees?.(reference) ?? true;
  notes.unseenReferences("test", test.prompts.map(({ record }) => record), metricLabel(metric.name), sees);
  return {
    codec: new ProjectCodec(tokenizer),
    vocabSize: Math.ceil(tokenizer.vocabSize / 4) * 4,
    maxPositions: maxSourceTokens,
    train: trained.map(({ sourceIds, targetIds }) => ({ prompt: sourceIds, response: targetIds })),
    validation,
    evaluation: [test],
    eosIds: [tokenizer.specialId("<eos>")],
    padId: tokenizer.specialId("<pad>"),
    answerIds: ({ record }) => encodeResponse(tokenizer, record.references[0]),
    description: {
      source: data.source,
      vocabulary: tokenizer.vocabSize,
      leaked_sources: data.leakCount,
      lengths,
      ...notes.description,
    },
  };
}

function noteLengths(
  notes: DataNotes,
  corpus: string,
  { maxSourceTokens, maxTargetTokens }: TaskLimits,
  { name, total, ...counts }: Omit<FittedTasks, "examples"> & { readonly name: string; readonly total: number },
): void {
  const longSources = `sources are longer than ${maxSourceTokens} tokens (taskSpecific.${corpus}.maxSourceTokens)`;
  const longTargets = `targets are longer than ${maxTargetTokens} tokens (taskSpecific.${corpus}.maxTargetTokens)`;
  notes.count(name, counts.droppedSources, total, `${longSources} and left out`);
  notes.count(name, counts.truncatedSources, total, `${longSources} and cut`);
  notes.count(name, counts.droppedTargets, total, `${longTargets} and left out`);
}

/** Which limit has left no record. */
function whyNone(
  corpus: string,
  { maxSourceTokens, maxTargetTokens }: TaskLimits,
  { droppedTargets }: Pick<FittedTasks, "droppedTargets">,
): string {
  if (droppedTargets === 0) {
    return `no source has at most ${maxSourceTokens} tokens; raise taskSpecific.${corpus}.maxSourceTokens`;
  }
  return `none of the ${droppedTargets} records whose source fits has a target of at most ${maxTargetTokens} tokens; ` +
    `raise taskSpecific.${corpus}.maxTargetTokens`;
}

function trainTokenizer(
  records: readonly TaskRecord[],
  vocabSize: number,
  say?: (message: string) => void,
): BpeTokenizer {
  const texts = records.flatMap(({ source, target }) => [` ${source}`, ` ${target}`]);
  try {
    return new BpeTokenizer(trainBpe(texts, { vocabSize, specialTokens: TASK_TOKENS, say }));
  } catch (error) {
    // The alphabet is the data's, so only now can a size turn out too small.
    if (error instanceof RangeError) throw new InputError(`taskSpecific.vocabSize is ${vocabSize}: ${error.message}`);
    throw error;
  }
}
