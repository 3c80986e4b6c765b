import type { AddedToken } from "./tokenizer_json.ts";

/** Part of a text: an added token, or text for the model to split. */
export interface TextSection {
  readonly text: string;
  readonly token?: AddedToken;
}

const WORD = "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]";
const ENDS_WITH_WORD = new RegExp(`${WORD}$`, "u");
const STARTS_WITH_WORD = new RegExp(`^${WORD}`, "u");
const SPACES_AT_END = /\p{White_Space}*$/u;
const SPACES_AT_START = /^\p{White_Space}*/u;

/**
 * Finds added tokens in texts, by the rule of Hugging Face's tokenizers: those that are not `normalized` in the text as it is, the others
 * in what is left of it, as the normaliser changes both. At a place the longest token counts. With `single_word` it must stand between
 * what is no letter, digit or underscore; `lstrip` and `rstrip` take the white space on that side with it.
 */
export class AddedTokens {
  readonly #raw: Finder;
  readonly #normalized: Finder;
  readonly #normalize: (text: string) => string;

  constructor(tokens: readonly AddedToken[], normalize: (text: string) => string) {
    const isNormalized = ({ normalized, special }: AddedToken) => normalized ?? !special;
    const entry = (token: AddedToken, text: string) => [text, token] as const;
    this.#normalize = normalize;
    this.#raw = new Finder(tokens.filter((token) => !isNormalized(token)).map((token) => entry(token, token.content)));
    this.#normalized = new Finder(
      tokens.filter(isNormalized).map((token) => entry(token, normalize(token.content))),
    );
  }

  /** The sections of a text, those between added tokens normalised. */
  split(text: string): TextSection[] {
    return this.#raw.split(text).flatMap((section) =>
      section.token === undefined ? this.#normalized.split(this.#normalize(section.text)) : [section]
    );
  }
}

/** Finds one of some texts. */
class Finder {
  readonly #tokenOf: ReadonlyMap<string, AddedToken>;
  readonly #pattern?: RegExp;

  constructor(entries: readonly (readonly [text: string, token: AddedToken])[]) {
    this.#tokenOf = new Map(entries.filter(([text]) => text !== ""));
    const longestFirst = [...this.#tokenOf.keys()].sort((a, b) => b.length - a.length);
    if (longestFirst.length > 0) {
      this.#pattern = new RegExp(longestFirst.map((text) => RegExp.escape(text)).join("|"), "gu");
    }
  }

  split(text: string): TextSection[] {
    const sections: TextSection[] = [];
    let from = 0;
    for (const { 0: found, index } of this.#pattern ? text.matchAll(this.#pattern) : []) {
      const token = this.#tokenOf.get(found)!;
      let [start, end] = [index, index + found.length];
      if (start < from || (token.single_word && touchesWord(text, start, end))) continue;
      if (token.lstrip) start = Math.max(from, start - SPACES_AT_END.exec(text.slice(from, start))![0].length);
      if (token.rstrip) end += SPACES_AT_START.exec(text.slice(end))![0].length;
      if (start > from) sections.push({ text: text.slice(from, start) });
      sections.push({ text: token.content, token });
      from = end;
    }
    if (from < text.length) sections.push({ text: text.slice(from) });
    return sections;
  }
}

function touchesWord(text: string, start: number, end: number): boolean {
  return ENDS_WITH_WORD.test(text.slice(Math.max(0, start - 2), start)) ||
    STARTS_WITH_WORD.test(text.slice(end, end + 2));
}
