import type { PromptSet, Texts } from "#lib/bench/texts.ts";
import { DataNotes } from "#lib/data/data_notes.ts";
import type { FittedPrompt } from "#lib/data/prompt.ts";
import type { TrainingRecord } from "#lib/data/training_file.ts";
import type { TrainingSets } from "#lib/data/training_sets.ts";
import { InputError } from "#lib/errors.ts";
import { type EncodedItem, type EncodedSet, encodeSet, type EncodingSettings } from "#lib/evaluation/encoded_set.ts";
import type { Trajectory } from "#lib/objectives/trajectory_batch.ts";
import { digestOfJson } from "#lib/results/digest.ts";
import type { PromptTemplate } from "#lib/tokenizers/prompt_template.ts";

/** The texts of a distillation, and what scores are taken on. */
export interface DistilTexts extends Texts {
  readonly scored: EncodedSet;
  /** Of all ids that models read. */
  readonly digest: string;
  /** How prompts are spelt. */
  readonly template: PromptTemplate;
  /** A sentence for each reason for which something is left out or cut. */
  readonly notes: readonly string[];
}

export interface DistilEncoding extends Omit<EncodingSettings, "eosId"> {
  readonly eosIds: readonly number[];
  readonly padId: number;
  /** Ids from here on are not shared by teacher and student. */
  readonly actionCount: number;
  /** A longer response is cut. */
  readonly maxNewTokens: number;
  /** The most training records, and the most held-out ones, that are used. */
  readonly trainRecords: number;
  readonly itemsPerSet: number;
  readonly say?: (message: string) => void;
}

/**
 * Encodes the records of a distillation. Prompts over the limit are left out, responses over theirs are cut; `notes` counts both.
 *
 * @throws {InputError} if nothing is left of a set, every response of training is cut, or a text has ids that the two models do not share
 */
export async function encodeDistilTexts(sets: TrainingSets, encoding: DistilEncoding): Promise<DistilTexts> {
  const { maxNewTokens, trainRecords, itemsPerSet, eosIds, padId, codec, template, maxPositions } = encoding;
  const notes = new DataNotes(undefined, sets.notes);
  const encode = async (name: string, records: readonly TrainingRecord[]) => {
    const form = sets.form === "messages" ? "prompt" : sets.form;
    const set = { name, form, records, files: sets.files.map(({ path }) => path) };
    const encoded = await encodeSet(set, { ...encoding, eosId: eosIds[0] }, { say: encoding.say });
    const { longPrompts, emptyPrompts } = encoded.leftOut;
    const limit = `prompts are longer than ${encoding.maxPromptTokens} tokens (--max-prompt-tokens) and left out`;
    notes.count(name, longPrompts, records.length, limit);
    notes.count(name, emptyPrompts, records.length, "prompts have no token and are left out");
    expectShared(name, encoded.items, encoding);
    return encoded;
  };
  const train = await encode("train", notes.first("train", sets.train, trainRecords, "data.trainRecords"));
  const test = await encode("test", notes.first("test", sets.test, itemsPerSet, "data.itemsPerSet"));
  const isOne = sets.validation === sets.test;
  const validation = isOne
    ? test
    : await encode("validation", notes.first("validation", sets.validation, itemsPerSet, "data.itemsPerSet"));
  const answers = new Map<FittedPrompt, readonly number[]>();
  const promptsOf = ({ set, items }: EncodedSet): PromptSet => ({
    name: set.name,
    prompts: items.map(({ record, promptIds, referenceIds }) => {
      const prompt = { record: { ...record, response: record.references[0] }, promptIds };
      answers.set(prompt, referenceIds);
      return prompt;
    }),
  });
  const texts = trajectoriesOf(train, maxNewTokens, notes);
  const digest = digestOfJson([texts, ...[test, validation].map(({ items }) => items.map(idsOf))]);
  return {
    ...{ codec, maxPositions, eosIds, padId, template, digest },
    vocabSize: encoding.actionCount,
    train: texts,
    validation: promptsOf(validation),
    evaluation: [promptsOf(test)],
    scored: test,
    answerIds: (prompt) => answers.get(prompt)!,
    notes: notes.lines,
    description: {
      ...(sets.hub && { hub: sets.hub.repository, commit: sets.hub.commit }),
      files: sets.files.map(({ path, role }) => [role, path.replace(/^.*\//, "")]),
      records: { train: texts.length, validation: validation.items.length, test: test.items.length },
      ...{ held_out: sets.heldOut, template: template.name, vocabulary: encoding.actionCount, digest },
      ...notes.description,
    },
  };
}

function idsOf({ promptIds, referenceIds }: EncodedItem) {
  return [promptIds, referenceIds];
}

function trajectoriesOf({ items }: EncodedSet, maxNewTokens: number, notes: DataNotes): Trajectory[] {
  const cut = items.filter(({ referenceIds }) => referenceIds.length > maxNewTokens).length;
  if (cut === items.length) {
    const shortest = items.reduce((least, { referenceIds: { length } }) => Math.min(least, length), Infinity);
    throw new InputError(
      `train: all ${cut} responses are longer than ${maxNewTokens} tokens, the shortest has ${shortest} with its end; ` +
        "raise --max-new-tokens",
    );
  }
  const limit =
    `responses are longer than ${maxNewTokens} tokens (--max-new-tokens) and cut: their ends are not learned`;
  notes.count("train", cut, items.length, limit);
  return items.map(({ promptIds, referenceIds }) => ({
    prompt: promptIds,
    response: referenceIds.slice(0, maxNewTokens),
  }));
}

/** @throws {InputError} if a text has ids that one of the two models does not have */
function expectShared(name: string, items: readonly EncodedItem[], { actionCount }: DistilEncoding): void {
  const other = items.findIndex((item) => idsOf(item).some((ids) => ids.some((id) => id >= actionCount)));
  if (other < 0) return;
  throw new InputError(
    `${name}, record ${
      other + 1
    }: it has tokens that teacher and student do not share, with ids from ${actionCount} on`,
  );
}
