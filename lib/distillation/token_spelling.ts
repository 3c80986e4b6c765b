import type { TextCodec } from "#lib/tokenizers/text_codec.ts";

/** What stands for bytes that are no whole character. */
const PART_OF_CHARACTER = "\ufffd";

/** What the ids of a tokenizer spell in the middle of a text, and which id spells a text. */
export class TokenSpelling {
  readonly #texts: readonly (string | undefined)[];
  readonly #ids = new Map<string, number>();

  /** @param count ids from here on are left out */
  constructor(codec: TextCodec, count: number) {
    // A decoder may leave out the space that a text begins with, so that a token is spelt behind another.
    const front = codec.encode("a").slice(-1);
    const before = codec.decode(front);
    this.#texts = Array.from({ length: count }, (_, id) => {
      try {
        if (codec.isSpecial(id)) return codec.decode([id], { keepSpecialTokens: true });
        const both = codec.decode([...front, id]);
        return both.startsWith(before) ? both.slice(before.length) : codec.decode([id]);
      } catch (error) {
        if (error instanceof RangeError) return undefined;
        throw error;
      }
    });
    const alike = Map.groupBy(this.#texts.keys(), (id) => this.#texts[id]);
    for (const [text, ids] of alike) {
      if (text === undefined || text === "" || text.includes(PART_OF_CHARACTER)) continue;
      // As of a byte and the letter that it is: the one that the tokenizer itself takes.
      const own = ids.length === 1 ? ids : [...new Set(codec.encode(`\n${text}`))].filter((id) => ids.includes(id));
      if (own.length === 1) this.#ids.set(text, own[0]);
    }
  }

  /** The id that spells a text, if there is one. */
  idOf(text: string): number | undefined {
    return this.#ids.get(text);
  }

  textOf(id: number): string {
    return this.#texts[id] ?? "";
  }

  /** Whether a text is what an id spells; of two parts of characters nobody can say it. */
  isSpeltBy(text: string, id: number): boolean {
    const own = this.textOf(id);
    return own === text || (own.includes(PART_OF_CHARACTER) && text.includes(PART_OF_CHARACTER));
  }
}
