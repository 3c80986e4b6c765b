import type { TextCodec } from "./text_codec.ts";

/** What a character that is not whole yet decodes to: U+FFFD, at most one for each of its bytes but the last. */
const PARTIAL = /\ufffd{0,3}$/u;

/**
 * Decodes tokens as they come, and gives out only whole characters: the bytes of one that further tokens may complete are held back.
 * What was given out, together, is the text of all ids.
 *
 * A step decodes a few tokens, not the whole text: what a token spells can depend on those before it, but not on those before the last
 * ones that spelt something.
 */
export class StreamingDecoder {
  readonly #codec: TextCodec;
  #ids: readonly number[] = [];
  /** The text of these ids as far as it was given out. */
  #shown = "";
  /** How many of the ids are context: all that they spell was given out. */
  #contextLength = 0;

  constructor(codec: TextCodec) {
    this.#codec = codec;
  }

  /** The text that a token completes, often none. @throws {RangeError} if the id has no token */
  push(id: number): string {
    const ids = [...this.#ids, id];
    const whole = this.#codec.decode(ids);
    this.#ids = ids;
    const certain = whole.replace(PARTIAL, "");
    const text = certain.slice(this.#shown.length);
    if (text === "") return "";
    this.#shown = certain;
    if (certain === whole) this.#forget();
    return text;
  }

  /** The rest of the text, where a character that stayed incomplete is U+FFFD. Then the decoder is as a new one. */
  end(): string {
    const rest = this.#codec.decode(this.#ids).slice(this.#shown.length);
    this.#ids = [];
    this.#shown = "";
    this.#contextLength = 0;
    return rest;
  }

  /** Keeps, of ids that were given out whole, the last ones as context. */
  #forget(): void {
    const last = this.#ids.slice(this.#contextLength);
    const text = this.#codec.decode(last);
    // Space alone is no context: at the start of a text a decoder may leave it out.
    if (text.trim() !== "") {
      this.#ids = last;
      this.#shown = text;
    }
    this.#contextLength = this.#ids.length;
  }
}
