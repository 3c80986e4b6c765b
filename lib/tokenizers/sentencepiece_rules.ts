import { InputError } from "#lib/errors.ts";
import type { SentencePieceRules } from "./sentencepiece_codec.ts";
import type { SentencePieceModel } from "./sentencepiece_model.ts";
import { specialIdsOf, type TokenizerSettings } from "./tokenizer_settings.ts";

/** How a family's tokenizer uses its SentencePiece model. */
interface FamilyRule {
  readonly classes: readonly string[];
  readonly modelTypes: readonly string[];
  /** Which tokens stand around a text, where `add_bos_token` and `add_eos_token` say nothing. */
  readonly bos: boolean;
  readonly eos: boolean;
  /** How many tokens `<extra_id_0>` … follow the pieces, counted downwards from the last id, where `extra_ids` says nothing. */
  readonly extraIds: number;
}

const FAMILIES: readonly FamilyRule[] = [
  {
    classes: ["LlamaTokenizer", "LlamaTokenizerFast", "CodeLlamaTokenizer", "GemmaTokenizer", "GemmaTokenizerFast"],
    modelTypes: ["llama", "mistral", "mixtral", "gemma", "gemma2", "gemma3", "gemma3_text"],
    ...{ bos: true, eos: false, extraIds: 0 },
  },
  {
    classes: ["T5Tokenizer", "T5TokenizerFast", "MT5Tokenizer", "MT5TokenizerFast"],
    modelTypes: ["t5", "mt5", "umt5"],
    ...{ bos: false, eos: true, extraIds: 100 },
  },
];

/** Ids of mT5's vocabulary have no extra ids: its model has them among its pieces, or does without. */
const WITHOUT_EXTRA_IDS = ["mt5", "umt5"];

/**
 * What a checkpoint's tokenizer adds to the SentencePiece model at `path`, by its class or the family of the model.
 *
 * @throws {InputError} if neither is one whose ids are the model's own: XLM-RoBERTa, for one, moves them
 */
export function sentencePieceRules(
  model: SentencePieceModel,
  settings: TokenizerSettings,
  path: string,
): SentencePieceRules {
  const { tokenizerConfig, modelConfig, specialTokens: named, addedTokens } = settings;
  const family = familyOf(settings, path);
  const hasOwnExtraIds = model.pieces.some(({ text }) => text === "<extra_id_0>");
  const withoutExtraIds = hasOwnExtraIds || WITHOUT_EXTRA_IDS.includes(String(modelConfig.model_type));
  const extraIds = countOf(tokenizerConfig.extra_ids, withoutExtraIds ? 0 : family.extraIds, settings.folder);
  const specialTokens = new Map(addedTokens);
  for (const [id, { text, type }] of model.pieces.entries()) if (type === "control") specialTokens.set(id, text);
  for (let i = 0; i < extraIds; i++) {
    specialTokens.set(model.pieces.length + extraIds - 1 - i, `<extra_id_${i}>`);
  }
  const idOf = (token: string) => {
    const id = model.pieces.findIndex(({ text }) => text === token);
    return id >= 0 ? id : [...specialTokens].find(([, text]) => text === token)?.[0];
  };
  const ofModel = { bos: model.bosId, eos: model.eosId, pad: model.padId, unk: model.unkId };
  const specialIds = { ...ofModel, ...specialIdsOf(settings, idOf) };
  const around = (name: "bos" | "eos", isAdded: boolean) => {
    if (!(tokenizerConfig[`add_${name}_token`] ?? isAdded)) return [];
    const id = specialIds[name];
    if (id === undefined) {
      throw new InputError(`${path}: it has no piece ${named[name] ?? name}, which is to stand around texts`);
    }
    return [id];
  };
  return { front: around("bos", family.bos), back: around("eos", family.eos), specialIds, specialTokens };
}

function familyOf({ tokenizerConfig, modelConfig }: TokenizerSettings, path: string): FamilyRule {
  const { tokenizer_class: className } = tokenizerConfig;
  const { model_type: modelType } = modelConfig;
  const known = FAMILIES.find(({ classes, modelTypes }) =>
    typeof className === "string" ? classes.includes(className) : modelTypes.includes(String(modelType))
  );
  if (known !== undefined) return known;
  const found = typeof className === "string"
    ? `tokenizer_class is ${JSON.stringify(className)}`
    : `model_type is ${JSON.stringify(modelType) ?? "missing"} and no tokenizer_class is named`;
  const classes = FAMILIES.flatMap(({ classes }) => classes.filter((name) => !name.endsWith("Fast"))).join(", ");
  throw new InputError(`${path}: ${found}; this reads SentencePiece models of ${classes}`);
}

function countOf(value: unknown, otherwise: number, folder: string): number {
  if (value === undefined || value === null) return otherwise;
  if (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 10_000) return Number(value);
  throw new InputError(
    `${folder}/tokenizer_config.json: extra_ids is ${JSON.stringify(value)}; it is a whole number up to 10,000`,
  );
}
