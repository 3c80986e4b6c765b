import { BpeTokenizer } from "#lib/data/bpe_tokenizer.ts";
import { trainBpe } from "#lib/data/bpe_trainer.ts";
import { loadTask } from "#lib/data/task_folder.ts";
import { fitTask, type FittedTasks, TASK_TOKENS, type TaskLimits } from "#lib/data/task_prompt.ts";
import type { TaskRecord } from "#lib/data/task_records.ts";
import { InputError } from "#lib/errors.ts";
import type { PromptSet, Texts } from "#lib/bench/texts.ts";
import { SEQUENCE_TASKS, type SequenceTaskName } from "./registry.ts";
import { embeddedData } from "./sequence_task.ts";
import type { TaskSpecificSettings } from "./task_settings.ts";

/**
 * Reads a data set of the task-specific table (the embedded one, or that of the folder of `--data`), trains the tokenizer on its
 * training records, and encodes sources and targets within their limits.
 */
export async function readTaskTexts(
  corpus: SequenceTaskName,
  settings: TaskSpecificSettings,
  folder?: string,
): Promise<Texts> {
  const task = SEQUENCE_TASKS[corpus];
  const data = folder === undefined ? embeddedData(task) : await loadTask(corpus, task.format, folder);
  const { maxSourceTokens, maxTargetTokens } = settings[corpus];
  const train = data.train.slice(0, settings.trainRecords);
  const tokenizer = trainTokenizer(train, settings.vocabSize);
  const limits = { maxSourceTokens, maxTargetTokens, longSources: settings.longSources };
  const notes: Record<string, object> = {};
  const fit = (name: string, records: readonly TaskRecord[], purpose: "training" | "scoring") => {
    const { examples, ...counts } = fitTask(tokenizer, records, { ...limits, purpose });
    notes[name] = counts;
    if (examples.length === 0) throw new InputError(`${corpus}, ${name}: ${whyNone(corpus, limits, counts)}`);
    return examples;
  };
  const set = (name: string, records: readonly TaskRecord[]): PromptSet => ({
    name,
    prompts: fit(name, records.slice(0, settings.itemsPerSet), "scoring").map(({ record, sourceIds }) => ({
      record: { instruction: record.source, input: "", response: record.target, references: record.references },
      promptIds: sourceIds,
    })),
  });
  return {
    tokenizer,
    vocabSize: Math.ceil(tokenizer.vocabSize / 4) * 4,
    maxPositions: maxSourceTokens,
    train: fit("train", train, "training").map(({ sourceIds, targetIds }) => ({
      prompt: sourceIds,
      response: targetIds,
    })),
    validation: set("validation", data.validation),
    evaluation: [set("test", data.test)],
    eosId: tokenizer.specialId("<eos>"),
    padId: tokenizer.specialId("<pad>"),
    description: {
      source: data.source,
      vocabulary: tokenizer.vocabSize,
      leaked_sources: data.leakCount,
      lengths: notes,
    },
  };
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

function trainTokenizer(records: readonly TaskRecord[], vocabSize: number): BpeTokenizer {
  const texts = records.flatMap(({ source, target }) => [` ${source}`, ` ${target}`]);
  try {
    return new BpeTokenizer(trainBpe(texts, { vocabSize, specialTokens: TASK_TOKENS }));
  } catch (error) {
    // The alphabet is the data's, so only now can a size turn out too small.
    if (error instanceof RangeError) throw new InputError(`taskSpecific.vocabSize is ${vocabSize}: ${error.message}`);
    throw error;
  }
}
