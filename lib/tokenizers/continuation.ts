import { StreamingDecoder } from "./streaming_decoder.ts";
import type { TextCodec } from "./text_codec.ts";

/** Tokens of the prompt that can decide how the first new ones are spelt. */
const CONTEXT_TOKENS = 32;

/**
 * The text of tokens that a model writes after a prompt, as they come: as it stands behind the prompt, where a space belongs to the first
 * word, and in whole characters. Ids without a token, which a model with more ids than its tokenizer can write, are U+FFFD.
 */
export class Continuation {
  readonly #codec: TextCodec;
  readonly #decoder: StreamingDecoder;
  #unknownIds = 0;

  /** @param promptIds what the new tokens continue; empty for an answer that stands by itself */
  constructor(codec: TextCodec, promptIds: readonly number[]) {
    this.#codec = codec;
    this.#decoder = new StreamingDecoder(codec);
    for (const id of promptIds.slice(-CONTEXT_TOKENS)) this.#decoder.push(id);
  }

  /** How many ids had no token. */
  get unknownIds(): number {
    return this.#unknownIds;
  }

  /** The text that a token completes, often none. */
  push(id: number): string {
    if (this.#hasToken(id)) return this.#decoder.push(id);
    this.#unknownIds++;
    return `${this.#decoder.end()}\ufffd`;
  }

  /** The rest of the text. */
  end(): string {
    return this.#decoder.end();
  }

  #hasToken(id: number): boolean {
    try {
      this.#codec.decode([id]);
      return true;
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
  }
}
