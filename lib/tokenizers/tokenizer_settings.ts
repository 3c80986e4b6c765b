import { readJsonFile } from "#lib/json_file.ts";
import { describeJson, isJsonObject, type JsonObject } from "#lib/data/json_text.ts";
import { InputError } from "#lib/errors.ts";
import { isFile } from "#lib/results/storage.ts";
import { excerpt } from "#lib/visible_text.ts";
import type { SpecialIds } from "./text_codec.ts";

/** Special tokens by the names that transformers gives them. */
const SPECIAL_NAMES = ["bos", "eos", "pad", "unk"] as const;
type SpecialName = typeof SPECIAL_NAMES[number];

/** What a checkpoint's folder says of its tokenizer, beside the tokenizer's own file. */
export interface TokenizerSettings {
  readonly folder: string;
  /** `tokenizer_config.json`; empty where there is none. */
  readonly tokenizerConfig: JsonObject;
  /** `config.json` of the model; empty where there is none. */
  readonly modelConfig: JsonObject;
  /** How many ids the model has, where its config says so. */
  readonly modelSize?: number;
  /** Special tokens as they are spelt: of `tokenizer_config.json`, else of `special_tokens_map.json`. */
  readonly specialTokens: Readonly<Partial<Record<SpecialName, string>>>;
  /** Tokens with ids of their own beside the vocabulary: of `added_tokens_decoder`, else of `added_tokens.json`. */
  readonly addedTokens: ReadonlyMap<number, string>;
}

/** Reads the small files of a checkpoint's folder. @throws {InputError} if one of them is not what it should be */
export async function readTokenizerSettings(folder: string): Promise<TokenizerSettings> {
  const objectIn = async (name: string): Promise<JsonObject> => {
    const path = `${folder}/${name}`;
    const value = isFile(path) ? await readJsonFile(path) : {};
    if (!isJsonObject(value)) throw new InputError(`${path}: it is ${describeJson(value)}; it must be an object`);
    return value;
  };
  const tokenizerConfig = await objectIn("tokenizer_config.json");
  const map = await objectIn("special_tokens_map.json");
  const specialTokens = SPECIAL_NAMES.flatMap((name) => {
    const key = `${name}_token`;
    const spelt = spellingOf(tokenizerConfig[key]) ?? spellingOf(map[key]);
    return spelt === undefined ? [] : [[name, spelt] as const];
  });
  const modelConfig = await objectIn("config.json");
  // Models of more than texts have the sizes of texts in a part of their own.
  const size = modelConfig.vocab_size ??
    (isJsonObject(modelConfig.text_config) ? modelConfig.text_config.vocab_size : null);
  return {
    folder,
    tokenizerConfig,
    modelConfig,
    modelSize: typeof size === "number" ? size : undefined,
    specialTokens: Object.fromEntries(specialTokens),
    addedTokens: addedTokensOf(tokenizerConfig, await objectIn("added_tokens.json"), folder),
  };
}

/**
 * The ids of special tokens: of those the tokenizer's files name, else as the model's `config.json` has them.
 *
 * @param idOf finds a token by its spelling
 * @throws {InputError} if beginning or end of texts is named and there is no such token
 */
export function specialIdsOf(
  { specialTokens, modelConfig, folder }: TokenizerSettings,
  idOf: (token: string) => number | undefined,
): SpecialIds {
  const found = SPECIAL_NAMES.map((name) => {
    const token = specialTokens[name];
    const id = token === undefined ? undefined : idOf(token);
    if (token !== undefined && id === undefined && (name === "bos" || name === "eos")) {
      throw new InputError(`${folder}: ${name}_token is "${excerpt(token)}", which the tokenizer has not`);
    }
    return [name, id ?? firstId(modelConfig[`${name}_token_id`])] as const;
  });
  return Object.fromEntries(found.filter(([, id]) => id !== undefined));
}

/** A token as a text, or as an object with the text as its content. */
function spellingOf(token: unknown): string | undefined {
  if (isJsonObject(token)) return spellingOf(token.content);
  return typeof token === "string" && token !== "" ? token : undefined;
}

function firstId(ids: unknown): number | undefined {
  const [id] = Array.isArray(ids) ? ids : [ids];
  return Number.isInteger(id) && id >= 0 ? id : undefined;
}

function addedTokensOf(config: JsonObject, idOfAdded: JsonObject, folder: string): Map<number, string> {
  const decoder = config.added_tokens_decoder;
  const entries = isJsonObject(decoder)
    ? Object.entries(decoder).map(([id, token]) => [Number(id), spellingOf(token)] as const)
    : Object.entries(idOfAdded).map(([token, id]) => [Number(id), token] as const);
  return new Map(entries.map(([id, token]) => {
    if (Number.isInteger(id) && id >= 0 && id < 2 ** 24 && token !== undefined) return [id, token];
    const file = isJsonObject(decoder) ? "tokenizer_config.json" : "added_tokens.json";
    throw new InputError(`${folder}/${file}: an added token has the id ${id} and the text ${JSON.stringify(token)}`);
  }));
}
