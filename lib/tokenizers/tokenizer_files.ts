import { InputError } from "#lib/errors.ts";
import { readJsonFile } from "#lib/json_file.ts";
import { digestOf, digestOfJson } from "#lib/results/digest.ts";
import { isFile, readBytesIfThere } from "#lib/results/storage.ts";
import { readTextStrictly } from "#lib/text_file.ts";
import { HubCodec } from "./hub_codec.ts";
import { SentencePieceCodec } from "./sentencepiece_codec.ts";
import { readSentencePieceModel, type SentencePieceModel } from "./sentencepiece_model.ts";
import { sentencePieceRules } from "./sentencepiece_rules.ts";
import type { TextCodec } from "./text_codec.ts";
import { checkedTokenizerJson, type TokenizerJson } from "./tokenizer_json.ts";
import { readTokenizerSettings, specialIdsOf, type TokenizerSettings } from "./tokenizer_settings.ts";
import { vocabMergesJson, type VocabMergesRules } from "./vocab_merges.ts";

/** A form that checkpoints keep their tokenizers in. */
export interface TokenizerForm {
  /** Of the files, the first of which decides whether a folder has this form. */
  readonly files: readonly string[];
  read(folder: string, settings: TokenizerSettings): Promise<TextCodec>;
}

/** The forms in the order of preference: where a folder has several, the first is read, as transformers does. */
export const TOKENIZER_FORMS: readonly TokenizerForm[] = [
  { files: ["tokenizer.json"], read: readTokenizerJson },
  { files: ["tokenizer.model"], read: (folder, settings) => readModelFile(`${folder}/tokenizer.model`, settings) },
  { files: ["spiece.model"], read: (folder, settings) => readModelFile(`${folder}/spiece.model`, settings) },
  { files: ["vocab.json", "merges.txt"], read: readVocabMerges },
];

/** Files of forms that are not read, for the message. */
const OTHER_FILES = ["tekken.json", "vocab.txt", "sentencepiece.bpe.model", "tokenizer.tiktoken", "tiktoken.model"];

export function hasTokenizer(folder: string): boolean {
  return TOKENIZER_FORMS.some(({ files }) => isFile(`${folder}/${files[0]}`));
}

/**
 * The tokenizer of a checkpoint's folder, read from whichever files are there.
 *
 * @throws {InputError} if there are none that this reads, one of them is damaged or of an unknown type, or the tokenizer has more ids
 * than the model beside it: it is another model's
 */
export async function tokenizerOf(folder: string): Promise<TextCodec> {
  const form = TOKENIZER_FORMS.find(({ files }) => isFile(`${folder}/${files[0]}`));
  if (form === undefined) throw new InputError(whyNone(folder));
  const settings = await readTokenizerSettings(folder);
  const codec = await form.read(folder, settings);
  expectFits(codec, settings, form);
  return codec;
}

function whyNone(folder: string): string {
  const names = TOKENIZER_FORMS.map(({ files }) => files.join(" with ")).join(", ");
  const other = OTHER_FILES.find((name) => isFile(`${folder}/${name}`));
  const found = other === undefined ? "" : `; ${other} is there, which this does not read`;
  const half = isFile(`${folder}/merges.txt`) ? "; merges.txt is there, but not vocab.json" : "";
  return `${folder}: no tokenizer (${names})${found}${half}`;
}

function expectFits(
  { vocabSize }: TextCodec,
  { folder, modelSize }: TokenizerSettings,
  { files }: TokenizerForm,
): void {
  if (modelSize === undefined || vocabSize <= modelSize) return;
  throw new InputError(
    `${folder}: ${files[0]} has ${vocabSize} ids, the model ${modelSize} (vocab_size of config.json): ` +
      "they are of different models; fetch the model's own tokenizer",
  );
}

async function readTokenizerJson(folder: string, settings: TokenizerSettings): Promise<TextCodec> {
  const path = `${folder}/tokenizer.json`;
  return hubCodec(checkedTokenizerJson(await readJsonFile(path), path), settings, path);
}

/** OPT's slow tokenizer puts `</s>` in front, and so does transformers where nothing says it. */
const FRONT_BY_FAMILY: Readonly<Record<string, string>> = { opt: "</s>" };

async function readVocabMerges(folder: string, settings: TokenizerSettings): Promise<TextCodec> {
  const [vocabPath, mergesPath] = [`${folder}/vocab.json`, `${folder}/merges.txt`];
  if (!isFile(mergesPath)) throw new InputError(`${folder}: vocab.json is there, but not merges.txt`);
  const files = {
    ...{ vocabPath, mergesPath },
    vocab: await readJsonFile(vocabPath),
    merges: await readTextStrictly(mergesPath),
  };
  return vocabMergesCodec(files, settings);
}

/** The codec of `vocab.json` and `merges.txt` by the rules of the files beside them. */
export function vocabMergesCodec(files: Parameters<typeof vocabMergesJson>[0], settings: TokenizerSettings): TextCodec {
  const { tokenizerConfig, modelConfig, specialTokens } = settings;
  const named = [...new Set(Object.values(specialTokens))];
  const familyFront = FRONT_BY_FAMILY[String(modelConfig.model_type)];
  const adds = tokenizerConfig.add_bos_token ?? familyFront !== undefined;
  const front = adds === true ? specialTokens.bos ?? familyFront : undefined;
  if (adds === true && front === undefined) {
    throw new InputError(`${settings.folder}/tokenizer_config.json: add_bos_token is true, but no bos_token is named`);
  }
  const rules: VocabMergesRules = {
    specialTokens: named.length > 0 ? named : undefined,
    front,
    back: tokenizerConfig.add_eos_token === true ? specialTokens.eos : undefined,
    addPrefixSpace: tokenizerConfig.add_prefix_space === true,
  };
  return hubCodec(vocabMergesJson(files, rules), settings, files.vocabPath);
}

function hubCodec(whole: TokenizerJson, settings: TokenizerSettings, path: string): HubCodec {
  const json = withoutRowless(whole, settings);
  const tokens = new Map(json.added_tokens.map(({ content, id }) => [content, id]));
  const { vocab } = json.model;
  const pieces = Array.isArray(vocab) ? new Map(vocab.map(([piece], id) => [piece, id])) : undefined;
  const idOf = (token: string) => {
    const id = tokens.get(token) ?? (pieces ? pieces.get(token) : (vocab as Record<string, unknown>)[token]);
    return typeof id === "number" ? id : undefined;
  };
  const { first_scaffold_id: scaffold } = settings.tokenizerConfig;
  return new HubCodec(json, {
    ...{ specialIds: specialIdsOf(settings, idOf), path },
    digest: digestOfJson([json, scaffold]),
    firstScaffoldId: typeof scaffold === "number" ? scaffold : undefined,
  });
}

/**
 * Without the special tokens that the model has no row for: Gemma 3's smallest has one for images, and fine-tuned models may have one for
 * filling, that was never trained. Any other id beyond the model's is another model's.
 */
function withoutRowless(json: TokenizerJson, { modelSize = Infinity }: TokenizerSettings): TokenizerJson {
  return { ...json, added_tokens: json.added_tokens.filter(({ id, special }) => !special || id < modelSize) };
}

async function readModelFile(path: string, settings: TokenizerSettings): Promise<TextCodec> {
  const { model, digest } = await readModelBytes(path);
  const rules = sentencePieceRules(model, settings, path);
  const { front, back, specialTokens } = rules;
  return new SentencePieceCodec(model, rules, digestOfJson([digest, front, back, [...specialTokens]]));
}

async function readModelBytes(path: string): Promise<{ model: SentencePieceModel; digest: string }> {
  const bytes = await readBytesIfThere(path);
  if (bytes === undefined) throw new InputError(`${path}: there is no such file`);
  return { model: readSentencePieceModel(bytes, path), digest: digestOf(bytes) };
}

/** A SentencePiece `.model` by itself: nothing is added around a text, and its control pieces are the special tokens. */
export async function readSentencePieceFile(path: string): Promise<TextCodec> {
  const { model, digest } = await readModelBytes(path);
  const control = model.pieces.flatMap(({ text, type }, id) => type === "control" ? [[id, text] as const] : []);
  const { bosId: bos, eosId: eos, padId: pad, unkId: unk } = model;
  const rules = { front: [], back: [], specialIds: { bos, eos, pad, unk }, specialTokens: new Map(control) };
  return new SentencePieceCodec(model, rules, digest);
}
