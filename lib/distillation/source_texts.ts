import type { PromptSet, Texts } from "#lib/bench/texts.ts";
import { DataNotes } from "#lib/data/data_notes.ts";
import type { TaskData, TaskRecord } from "#lib/data/task_records.ts";
import { InputError } from "#lib/errors.ts";
import { PLAIN_TEMPLATE, withPrefix } from "#lib/tokenizers/prompt_template.ts";
import type { ModelPair } from "./pairing.ts";
import { SetEncoder } from "./set_encoder.ts";

/** How the sources and targets of a task are read by checkpoints. */
export interface SourceSettings {
  readonly corpus: string;
  /** In front of every source; empty for none. */
  readonly prefix: string;
  readonly maxSourceTokens: number;
  readonly maxTargetTokens: number;
  readonly longSources: string;
  readonly trainRecords: number;
  readonly itemsPerSet: number;
  /** Whether a metric finds something in a reference, and what it is called. */
  readonly sees: (reference: string) => boolean;
  readonly metric: string;
}

/**
 * A task's sources and targets as two encoder-decoders read and write them, by their own tokenizer. Sources over the limit are left out; so
 * are training records whose target is over its limit, since a model that learned from a cut text would learn not to end.
 *
 * @throws {InputError} if sources are to be cut, or nothing is left of a set
 */
export async function encodeSources(
  data: TaskData,
  pair: ModelPair,
  settings: SourceSettings,
  say: (message: string) => void,
): Promise<Texts> {
  const { corpus, prefix, maxSourceTokens, maxTargetTokens, longSources, trainRecords, itemsPerSet } = settings;
  if (longSources !== "drop") {
    throw new InputError(
      `taskSpecific.longSources is ${longSources}: sources of checkpoints are left out whole; write drop`,
    );
  }
  const { teacher, student: { codec, layout, padId, eosIds }, actionCount, maxPositions } = pair;
  const notes = new DataNotes(corpus);
  const ends = [...new Set([...eosIds, ...teacher.eosIds])];
  const limits = { prompt: settingOf(corpus, "maxSourceTokens"), response: settingOf(corpus, "maxTargetTokens") };
  const encoder = new SetEncoder({
    ...{ codec, layout, template: withPrefix(PLAIN_TEMPLATE, prefix), actionCount, maxPositions, limits, say },
    ...{ maxPromptTokens: maxSourceTokens, maxNewTokens: maxTargetTokens, eosIds: ends },
  }, notes);
  const encode = (name: string, records: readonly TaskRecord[], limit: number, setting: string) =>
    encoder.encode({
      ...{ name, form: "source", files: [] },
      records: notes.first(name, records, limit, `taskSpecific.${setting}`).map(({ source, references }) => ({
        ...{ instruction: source, input: "", references },
      })),
    });
  const all = await encode("train", data.train, trainRecords, "trainRecords");
  const items = all.items.filter(({ referenceIds }) => referenceIds.length <= maxTargetTokens);
  notes.count(
    "train",
    all.items.length - items.length,
    data.train.length,
    `targets are longer than ${maxTargetTokens} tokens (${limits.response}) and left out`,
  );
  const train = encoder.trajectoriesOf(items.length === 0 ? all : { ...all, items });
  const set = async (name: string, records: readonly TaskRecord[]): Promise<PromptSet> =>
    encoder.promptsOf(await encode(name, records, itemsPerSet, "itemsPerSet"));
  const [validation, test] = [await set("validation", data.validation), await set("test", data.test)];
  notes.unseenReferences("test", test.prompts.map(({ record }) => record), settings.metric, settings.sees);
  return {
    ...{ codec, maxPositions, padId, train, validation, evaluation: [test] },
    eosIds: ends,
    vocabSize: actionCount,
    answerIds: encoder.answerIds,
    description: { source: data.source, vocabulary: actionCount, leaked_sources: data.leakCount, ...notes.description },
  };
}

function settingOf(corpus: string, name: string): string {
  return `taskSpecific.${corpus}.${name}`;
}
