import { InputError } from "#lib/errors.ts";
import { utf8Of } from "./utf8.ts";

/** The first code point of a normalised text, and how many bytes of the text it stands for. */
export interface NormalizedPrefix {
  readonly text: string;
  readonly byteLength: number;
}

/** Graphemes of this many bytes or more are normalised character by character. */
const LONG_GRAPHEME_BYTES = 6;

/**
 * SentencePiece's precompiled rules of normalisation: a trie (Darts, a double array of 32-bit units) from byte sequences to where their
 * replacement stands in a list of texts that end with a zero byte. Layout: the trie's length in bytes, the trie, the texts.
 */
export class Charsmap {
  readonly #units: Uint32Array;
  readonly #texts: Uint8Array;
  readonly #textAt = new Map<number, string>();

  /**
   * @param path names the file in messages
   * @throws {InputError} if the bytes are no such rules
   */
  constructor(bytes: Uint8Array, path: string) {
    const wrong = (problem: string) => new InputError(`${path}: the charsmap ${problem}; fetch the file again`);
    if (bytes.length < 8) throw wrong(`has ${bytes.length} bytes`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const trieBytes = view.getUint32(0, true);
    if (trieBytes === 0 || trieBytes % 4 !== 0 || trieBytes > bytes.length - 4) {
      throw wrong(`has ${bytes.length} bytes and says that its trie has ${trieBytes}`);
    }
    if (bytes.at(-1) !== 0) throw wrong("does not end a text with a zero byte");
    this.#units = Uint32Array.from({ length: trieBytes / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
    this.#texts = bytes.subarray(4 + trieBytes);
  }

  /** The replacement of the longest sequence of bytes at a place that has one. */
  longestMatch(bytes: Uint8Array, at: number): NormalizedPrefix | undefined {
    let longest: NormalizedPrefix | undefined;
    for (const match of this.#matches(bytes, at)) longest = match;
    return longest;
  }

  /**
   * A text normalised as the `Precompiled` normaliser of Hugging Face's tokenizers does it: by grapheme, which is replaced as a whole by
   * what its first bytes with a rule stand for. Code points after those are lost, where SentencePiece keeps them.
   */
  normalizeByGrapheme(text: string): string {
    const parts: string[] = [];
    for (const { segment } of GRAPHEMES.segment(text)) {
      const whole = utf8Of(segment).length < LONG_GRAPHEME_BYTES ? this.#firstMatch(segment) : undefined;
      parts.push(whole ?? Array.from(segment, (character) => this.#firstMatch(character) ?? character).join(""));
    }
    return parts.join("");
  }

  #firstMatch(text: string): string | undefined {
    return this.#matches(utf8Of(text), 0).next().value?.text;
  }

  /** The sequences at a place that have a rule, from the shortest on. */
  *#matches(bytes: Uint8Array, at: number): Generator<NormalizedPrefix, undefined> {
    const units = this.#units;
    let node = offsetOf(units[0]);
    for (let i = at; i < bytes.length; i++) {
      node ^= bytes[i];
      const unit = units[node];
      if (unit === undefined || labelOf(unit) !== bytes[i]) return;
      node ^= offsetOf(unit);
      if (hasLeaf(unit) && units[node] !== undefined) {
        yield { text: this.#textOf(units[node] & 0x7fff_ffff), byteLength: i + 1 - at };
      }
    }
  }

  #textOf(start: number): string {
    const known = this.#textAt.get(start);
    if (known !== undefined) return known;
    const end = this.#texts.indexOf(0, start);
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(
      this.#texts.subarray(start, end < 0 ? start : end),
    );
    this.#textAt.set(start, text);
    return text;
  }
}

const GRAPHEMES = new Intl.Segmenter("und", { granularity: "grapheme" });

// A unit of the double array (Darts-clone): bit 8 says that a key ends here, bits 10 to 30 are the offset to the children, which bit 9
// moves by eight bits; the low byte is the label, with bit 31 where the unit is a value.
const hasLeaf = (unit: number) => ((unit >>> 8) & 1) === 1;
const labelOf = (unit: number) => unit & 0x8000_00ff;
const offsetOf = (unit: number) => (unit >>> 10) << ((unit & 0x200) >>> 6);
