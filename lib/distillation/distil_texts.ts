import type { Texts } from "#lib/bench/texts.ts";
import { DataNotes } from "#lib/data/data_notes.ts";
import type { TrainingRecord } from "#lib/data/training_file.ts";
import type { TrainingSets } from "#lib/data/training_sets.ts";
import type { EncodedSet } from "#lib/evaluation/encoded_set.ts";
import { digestOfJson } from "#lib/results/digest.ts";
import type { PromptTemplate } from "#lib/tokenizers/prompt_template.ts";
import { idsOf, SetEncoder, type SharedEncoding } from "./set_encoder.ts";

/** The texts of a distillation, and what scores are taken on. */
export interface DistilTexts extends Texts {
  /** The training records that `train` is of. */
  readonly trained: EncodedSet;
  readonly scored: EncodedSet;
  /** Of all ids that models read. */
  readonly digest: string;
  /** How prompts are spelt. */
  readonly template: PromptTemplate;
  /** A sentence for each reason for which something is left out or cut. */
  readonly notes: readonly string[];
}

export interface DistilEncoding extends Omit<SharedEncoding, "limits"> {
  readonly padId: number;
  /** The most training records, and the most held-out ones, that are used. */
  readonly trainRecords: number;
  readonly itemsPerSet: number;
}

/** What sets the limits of texts. */
export const DISTIL_LIMITS = { prompt: "--max-prompt-tokens", response: "--max-new-tokens" };

/**
 * Encodes the records of a distillation. Prompts over the limit are left out, responses over theirs are cut; `notes` counts both.
 *
 * @throws {InputError} if nothing is left of a set, every response of training is cut, or a text has ids that the two models do not share
 */
export async function encodeDistilTexts(sets: TrainingSets, encoding: DistilEncoding): Promise<DistilTexts> {
  const { trainRecords, itemsPerSet, eosIds, padId, codec, template, maxPositions } = encoding;
  const notes = new DataNotes(undefined, sets.notes);
  const encoder = new SetEncoder({ ...encoding, limits: DISTIL_LIMITS }, notes);
  const form = sets.form === "messages" ? "prompt" : sets.form;
  const encode = (name: string, records: readonly TrainingRecord[]) =>
    encoder.encode({ name, form, records, files: sets.files.map(({ path }) => path) });
  const train = await encode("train", notes.first("train", sets.train, trainRecords, "data.trainRecords"));
  const test = await encode("test", notes.first("test", sets.test, itemsPerSet, "data.itemsPerSet"));
  const isOne = sets.validation === sets.test;
  const validation = isOne
    ? test
    : await encode("validation", notes.first("validation", sets.validation, itemsPerSet, "data.itemsPerSet"));
  const texts = encoder.trajectoriesOf(train);
  const digest = digestOfJson([texts, ...[test, validation].map(({ items }) => items.map(idsOf))]);
  return {
    ...{ codec, maxPositions, eosIds, padId, template, digest },
    vocabSize: encoding.actionCount,
    train: texts,
    trained: train,
    validation: encoder.promptsOf(validation),
    evaluation: [encoder.promptsOf(test)],
    scored: test,
    answerIds: encoder.answerIds,
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
