import { describeJson, isJsonObject } from "#lib/data/json_text.ts";
import { LETTERS } from "#lib/data/hugging_face_tokenizer.ts";
import { InputError } from "#lib/errors.ts";
import { linesOf } from "#lib/text_file.ts";
import { excerpt } from "#lib/visible_text.ts";
import { checkedTokenizerJson, type TokenizerJson } from "./tokenizer_json.ts";

/** Names and contents of the files of byte-level BPE as GPT-2 and OPT are published. */
export interface VocabMergesFiles {
  readonly vocab: unknown;
  readonly vocabPath: string;
  readonly merges: string;
  readonly mergesPath: string;
}

export interface VocabMergesRules {
  /** Tokens that are found in a text and spell nothing; by default those of the vocabulary like `<this>` that no merge makes. */
  readonly specialTokens?: readonly string[];
  /** The token that `addSpecialTokens` puts in front, and behind, where there is one. */
  readonly front?: string;
  readonly back?: string;
  /** Whether a text begins with a space that is not its own. */
  readonly addPrefixSpace?: boolean;
}

/**
 * The `tokenizer.json` of byte-level BPE (Radford et al. 2019) in two files: `vocab.json` with the ids of pieces, and `merges.txt` with a
 * pair of pieces a line, the first learned first.
 *
 * @throws {InputError} with file and line, if one of them is no such file, or they are of different tokenizers
 */
export function vocabMergesJson(files: VocabMergesFiles, rules: VocabMergesRules): TokenizerJson {
  const { vocab, vocabPath, mergesPath } = files;
  if (!isJsonObject(vocab)) {
    throw new InputError(
      `${vocabPath}: it is ${describeJson(vocab)}; a vocab.json is an object of pieces and their ids`,
    );
  }
  const merges = parseMerges(files.merges, mergesPath);
  const made = new Set(merges.map(([left, right]) => left + right));
  const letters = new Set(LETTERS);
  const isSpecial = (token: string) => /^<.+>$/.test(token) && !made.has(token) && !letters.has(token);
  const special = (rules.specialTokens ?? Object.keys(vocab).filter(isSpecial)).filter((it) =>
    Object.hasOwn(vocab, it)
  );
  const byteLevel = { type: "ByteLevel", add_prefix_space: rules.addPrefixSpace ?? false, trim_offsets: true };
  return checkedTokenizerJson({
    added_tokens: special.map((content) => ({ id: vocab[content], content, special: true, normalized: false })),
    normalizer: null,
    pre_tokenizer: { ...byteLevel, use_regex: true },
    post_processor: templateOf(vocab, rules, vocabPath),
    decoder: { ...byteLevel, use_regex: true },
    model: { type: "BPE", unk_token: null, fuse_unk: false, byte_fallback: false, ignore_merges: false, vocab, merges },
  }, `${vocabPath} with ${mergesPath}`);
}

function templateOf(vocab: Readonly<Record<string, unknown>>, { front, back }: VocabMergesRules, vocabPath: string) {
  const around = [front, back].filter((token) => token !== undefined);
  const missing = around.find((token) => !Object.hasOwn(vocab, token));
  if (missing !== undefined) throw new InputError(`${vocabPath}: it has no ${missing}, which is to stand around texts`);
  const tokens = (token: string | undefined) =>
    token === undefined ? [] : [{ SpecialToken: { id: token, type_id: 0 } }];
  const sequence = (id: string) => ({ Sequence: { id, type_id: 0 } });
  return {
    type: "TemplateProcessing",
    single: [...tokens(front), sequence("A"), ...tokens(back)],
    pair: [...tokens(front), sequence("A"), ...tokens(back), ...tokens(front), sequence("B"), ...tokens(back)],
    special_tokens: Object.fromEntries(around.map((id) => [id, { id, ids: [vocab[id]], tokens: [id] }])),
  };
}

function parseMerges(text: string, path: string): [string, string][] {
  return linesOf(text).flatMap((line, index): [string, string][] => {
    if (line === "" || (index === 0 && line.startsWith("#version"))) return [];
    const pair = line.split(" ");
    if (pair.length !== 2 || pair.includes("")) {
      throw new InputError(`${path}, line ${index + 1}: "${excerpt(line)}" is no pair of pieces with a space between`);
    }
    return [[pair[0], pair[1]]];
  });
}
