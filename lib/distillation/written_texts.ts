import { DataNotes } from "#lib/data/data_notes.ts";
import type { Prompt } from "#lib/data/prompt.ts";
import { promptKey } from "#lib/data/records.ts";
import type { ScoredRecord } from "#lib/data/scored_sets.ts";
import { readTrainingFile, type TrainingRecord } from "#lib/data/training_file.ts";
import { InputError } from "#lib/errors.ts";
import { digestOf, digestOfJson } from "#lib/results/digest.ts";
import { chatTemplateOf } from "#lib/tokenizers/chat_template.ts";
import type { PromptTemplate } from "#lib/tokenizers/prompt_template.ts";
import { excerpt } from "#lib/visible_text.ts";
import { DISTIL_LIMITS, type DistilEncoding, type DistilTexts } from "./distil_texts.ts";
import { SetEncoder } from "./set_encoder.ts";
import { spelled } from "./talks.ts";
import { type KnownRows, taughtTexts } from "./taught_texts.ts";
import type { WrittenTexts } from "./teacher.ts";
import { readTokenLogprobs } from "./token_logprobs.ts";

const SET = "teacher texts";

export interface WrittenTextsOptions {
  /** As the data was encoded. */
  readonly encoding: DistilEncoding;
  readonly texts: DistilTexts;
  /** Of the student, whose chat template spells talks. */
  readonly folder: string;
  /** Of texts on training prompts, the most that are used, from the first on; default all. */
  readonly most?: number;
  /** K, where the likeliest tokens at the states of the texts are to be known: a text without them is left out. */
  readonly topTokens?: number;
}

/** A text of the file, on a prompt of the data. */
interface PlacedText {
  readonly record: ScoredRecord;
  readonly text: string;
  readonly isUnfinished: boolean | undefined;
  readonly logprobs: TrainingRecord["logprobs"];
}

/**
 * Reads texts that a teacher has written, in the forms of `readTrainingFile`; of a list of responses each is a text. A text is on a prompt
 * of the data if its instruction and input are, or its prompt is the whole text that students read there or an instruction without
 * input. Several texts on one prompt are all learned; those on prompts that are scored on are what answers are compared with. What is on
 * no prompt of the data is left out, and all that is not learned is counted.
 *
 * @throws {InputError} with the file, if it cannot be read, no text is on a training prompt, or all of them are over the limit of responses;
 * where likeliest tokens are asked for, if there are none, or they are not the student's
 */
export async function readWrittenTexts(path: string, options: WrittenTextsOptions): Promise<WrittenTexts> {
  const { encoding, texts, most } = options;
  const { records, unanswered } = await recordsOf(path, options.folder);
  const notes = new DataNotes();
  notes.count(SET, unanswered, records.length + unanswered, "records have no text and are left out");
  const { placed, heldOut, compared, elsewhere } = placedOn(texts, encoding.template, records);
  const all = placed.length + heldOut + elsewhere;
  if (placed.length === 0) throw new InputError(`${path}: ${whyNone({ all, heldOut }, records[0], texts)}`);
  notes.count(SET, heldOut, all, "are on held-out prompts and not learned from");
  notes.count(SET, elsewhere, all, "are on prompts that are not in the data and are left out");
  const used = notes.first(SET, placed, most, "distillation.teacherTexts");
  const { written, topTokens, answered } = await encoded(path, used.map(ownRecord), options, notes);
  const prompts = new Set(texts.trained.items.map(({ record }) => promptKey(record)));
  notes.count("train", prompts.size - answered, prompts.size, "prompts have no text of the teacher");
  const digest = digestOfJson([written, [...compared], ...(topTokens ? [digestOfRows(topTokens)] : [])]);
  return {
    ...{ texts: written, topTokens, heldOut: compared, digest, notes: notes.lines },
    description: {
      ...{ file: path.replace(/^.*\//, ""), file_digest: digestOf(await Deno.readFile(path)), digest },
      ...{ texts: written.length, ...(topTokens && { top_tokens: topTokens.count }) },
      ...{ prompts: answered, training_prompts: prompts.size, held_out_prompts: compared.size },
      ...notes.description,
    },
  };
}

/** The texts as ids, with likeliest tokens at their states where these are asked for, and how many prompts they are on. */
async function encoded(
  path: string,
  records: readonly TrainingRecord[],
  { encoding, topTokens: count }: WrittenTextsOptions,
  notes: DataNotes,
) {
  const encoder = new SetEncoder({ ...encoding, limits: DISTIL_LIMITS }, notes);
  const set = await encoder.encode({ name: SET, form: "prompt", records, files: [path] });
  const all = encoder.trajectoriesOf(set).map((text, i) => ({ text, record: set.items[i].record }));
  const taught = count === undefined ? undefined : taughtTexts(
    path,
    all.map(({ text, record }) => ({ text, tokens: () => tokensOf(record) })),
    { ...encoding, count },
    notes,
  );
  const written = taught?.texts ?? all.map(({ text }) => text);
  const learned = new Set(written);
  const answered = new Set(all.filter(({ text }) => learned.has(text)).map(({ record }) => promptKey(record)));
  return { written, topTokens: taught?.topTokens, answered: answered.size };
}

async function recordsOf(path: string, folder: string) {
  const { form, records, unanswered } = await readTrainingFile(path);
  if (form !== "messages") return { records, unanswered };
  return { records: spelled(records, await chatTemplateOf(folder)), unanswered };
}

/** The texts that are on training prompts, in their order; those on prompts that are scored on; and how many are on held-out ones and on none of the data's. */
function placedOn(
  { trained, validation, scored }: DistilTexts,
  template: PromptTemplate,
  records: readonly TrainingRecord[],
) {
  const learned = new Map<string, ScoredRecord>();
  for (const { record } of trained.items) {
    for (const key of keysOf(record, template)) if (!learned.has(key)) learned.set(key, record);
  }
  const validated = new Set(validation.prompts.flatMap(({ record }) => keysOf(record, template)));
  const items = Map.groupBy(
    scored.items.flatMap(({ record }, index) => keysOf(record, template).map((key) => ({ key, index }))),
    ({ key }) => key,
  );
  const placed: PlacedText[] = [];
  const compared = new Map<number, readonly string[]>();
  const counts = { heldOut: 0, elsewhere: 0 };
  for (const given of records) {
    const key = promptKey(given);
    const record = learned.get(key);
    const { references, isUnfinished, logprobs } = given;
    if (record) placed.push(...references.map((text) => ({ record, text, isUnfinished, logprobs })));
    else counts[items.has(key) || validated.has(key) ? "heldOut" : "elsewhere"] += references.length;
    for (const { index } of items.get(key) ?? []) compared.set(index, [...compared.get(index) ?? [], ...references]);
  }
  return { placed, compared, ...counts };
}

/** What a file of texts may call a prompt of the data: by its parts, or as the text that models read. */
function keysOf(prompt: Prompt, template: PromptTemplate): string[] {
  return [...new Set([promptKey(prompt), promptKey({ instruction: template.render(prompt), input: "" })])];
}

/** The record of the data with the teacher's text in the place of its response. */
function ownRecord({ record, text, isUnfinished, logprobs }: PlacedText): TrainingRecord {
  return { ...record, references: [text], isUnfinished, logprobs };
}

function tokensOf({ logprobs }: TrainingRecord) {
  return logprobs && readTokenLogprobs(logprobs.given, (problem) => new InputError(`${logprobs.where}: ${problem}`));
}

function digestOfRows({ count, rows }: KnownRows): unknown {
  return [
    count,
    rows.map(({ ids, logProbs }) => [ids, logProbs].map(({ buffer }) => digestOf(new Uint8Array(buffer)))),
  ];
}

function whyNone(
  { all, heldOut }: { readonly all: number; readonly heldOut: number },
  { instruction }: TrainingRecord,
  { trained: { items: [first] } }: DistilTexts,
): string {
  const example = `its first prompt is ${JSON.stringify(excerpt(instruction, 60))}, that of the training data ${
    JSON.stringify(excerpt(first.record.instruction, 60))
  }`;
  const also = heldOut > 0 ? `, ${heldOut} are on held-out ones` : "";
  return `none of its ${all} texts is on a training prompt${also}; ${example}`;
}
