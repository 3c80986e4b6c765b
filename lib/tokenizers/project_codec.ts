import type { BpeTokenizer } from "#lib/data/bpe_tokenizer.ts";
import { encodeText } from "#lib/data/prompt.ts";
import { digestOfJson } from "#lib/results/digest.ts";
import type { DecodeOptions, EncodeOptions, SpecialIds, TextCodec } from "./text_codec.ts";

/**
 * The project's own byte-level BPE: a text has one space in front, as `encodeText` puts it there and decoding takes it away. Nothing is
 * added around a text.
 */
export class ProjectCodec implements TextCodec {
  readonly vocabSize: number;
  readonly specialIds: SpecialIds;
  readonly digest: string;
  readonly tokenizer: BpeTokenizer;
  /** Special tokens in the order of their ids. */
  readonly #specialTokens: readonly string[];
  readonly #special: RegExp;

  constructor(tokenizer: BpeTokenizer) {
    const { specialTokens } = tokenizer.toJSON();
    const idOf = (token: string) => specialTokens.includes(token) ? tokenizer.specialId(token) : undefined;
    this.tokenizer = tokenizer;
    this.#specialTokens = specialTokens;
    this.#special = new RegExp(`(${specialTokens.map((token) => RegExp.escape(token)).join("|")})`, "u");
    this.vocabSize = tokenizer.vocabSize;
    this.specialIds = { eos: idOf("<eos>"), pad: idOf("<pad>"), unk: idOf("<unk>") };
    this.digest = digestOfJson(["project", tokenizer]);
  }

  encode(text: string, { findSpecialTokens = false }: EncodeOptions = {}): number[] {
    if (text === "") return [];
    if (!findSpecialTokens) return encodeText(this.tokenizer, text);
    return text.split(this.#special).filter((part) => part !== "").flatMap((part) =>
      this.#specialTokens.includes(part) ? [this.tokenizer.specialId(part)] : encodeText(this.tokenizer, part)
    );
  }

  decode(ids: readonly number[], { keepSpecialTokens = false }: DecodeOptions = {}): string {
    if (!keepSpecialTokens) return this.tokenizer.decode(ids).replace(/^ /, "");
    let [text, from] = ["", 0];
    const spell = (to: number) => this.tokenizer.decode(ids.slice(from, to));
    for (const [at, id] of ids.entries()) {
      if (!this.isSpecial(id)) continue;
      text += spell(at) + this.#specialTokens[id];
      from = at + 1;
    }
    return (text + spell(ids.length)).replace(/^ /, "");
  }

  isSpecial(id: number): boolean {
    return this.tokenizer.isSpecial(id);
  }
}
