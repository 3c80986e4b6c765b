import { InputError } from "#lib/errors.ts";
import { utf8Of } from "./utf8.ts";

/** The first code point of a normalised text, and how many bytes of the text it stands for. */
export interface NormalizedPrefix {
  readonly text: string;
  readonly byteLength: number;
}

/** Graphemes of this many bytes or more are normalised character by character. */
const LONG_GRAPHEME_BYTES = 6;
/** Normalised parts kept for reuse. */
const MAX_CACHED_PARTS = 10_000;
const SPACE = 0x20;
const ASCII = Array.from({ length: 128 }, (_, byte) => byte);

/**
 * SentencePiece's precompiled rules of normalisation: a trie (Darts, a double array of 32-bit units) from byte sequences to where their
 * replacement stands in a list of texts that end with a zero byte. Layout: the trie's length in bytes, the trie, the texts.
 */
export class Charsmap {
  readonly #units: Uint32Array;
  readonly #texts: Uint8Array;
  readonly #textAt = new Map<number, string>();
  #replaced?: RegExp;
  readonly #normalizedPart = new Map<string, string>();

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
   * Matches, where it is told to start, letters that are replaced by nothing: ASCII but the space, with which no replaced sequence of
   * ASCII begins, where no other character follows.
   */
  quietLetters(): RegExp | undefined {
    const quiet = ASCII.filter((byte) => byte !== SPACE && this.#isQuiet(byte));
    return quiet.length === 0 ? undefined : new RegExp(`${classOf(quiet)}+(?![^\\x00-\\x7f])`, "y");
  }

  /**
   * A text normalised as the `Precompiled` normaliser of Hugging Face's tokenizers does it: by grapheme, which is replaced as a whole by
   * what its first bytes with a rule stand for. Code points after those are lost, where SentencePiece keeps them.
   */
  normalizeByGrapheme(text: string): string {
    this.#replaced ??= this.#replacedParts();
    return text.replace(this.#replaced, (part) => {
      const known = this.#normalizedPart.get(part);
      if (known !== undefined) return known;
      const normalized = Array.from(GRAPHEMES.segment(part), ({ segment }) => this.#normalizeGrapheme(segment)).join(
        "",
      );
      if (this.#normalizedPart.size < MAX_CACHED_PARTS) this.#normalizedPart.set(part, normalized);
      return normalized;
    });
  }

  /**
   * The parts of a text that may change: between ASCII characters is a border of graphemes, but within CR LF, so that parts are ASCII
   * characters with a rule, and others with those beside them.
   */
  #replacedParts(): RegExp {
    const ruled = ASCII.filter((byte) => this.#firstMatch(String.fromCharCode(byte)) !== undefined);
    const beside = "[\\x00-\\x09\\x0b\\x0c\\x0e-\\x7f]?";
    const alternatives = [
      `${beside}(?:[^\\x00-\\x7f]+${beside})+`,
      "\\r\\n",
      ...(ruled.length > 0 ? [classOf(ruled)] : []),
    ];
    return new RegExp(alternatives.join("|"), "gu");
  }

  #normalizeGrapheme(segment: string): string {
    const whole = utf8Of(segment).length < LONG_GRAPHEME_BYTES ? this.#firstMatch(segment) : undefined;
    return whole ?? Array.from(segment, (character) => this.#firstMatch(character) ?? character).join("");
  }

  #isQuiet(byte: number): boolean {
    const node = offsetOf(this.#units[0]) ^ byte;
    const unit = this.#units[node];
    if (unit === undefined || labelOf(unit) !== byte) return true;
    const children = node ^ offsetOf(unit);
    return !hasLeaf(unit) && !ASCII.some((next) => next > 0 && labelOf(this.#units[children ^ next]) === next);
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

/** ASCII characters as a class of a regular expression. */
function classOf(bytes: readonly number[]): string {
  return `[${bytes.map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}]`;
}
