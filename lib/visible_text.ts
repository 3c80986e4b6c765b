export interface VisibleTextOptions {
  /** Whether line feeds and tabs stay as they are; otherwise they are shown too. Default false. */
  readonly keepLines?: boolean;
}

/** Scripts that write with joiners: between two of their letters or marks one is spelling, anywhere else it is hidden. */
const JOINING =
  "[[\\p{L}\\p{M}]&&[\\p{scx=Arab}\\p{scx=Syrc}\\p{scx=Nkoo}\\p{scx=Mong}\\p{scx=Deva}\\p{scx=Beng}\\p{scx=Guru}" +
  "\\p{scx=Gujr}\\p{scx=Orya}\\p{scx=Taml}\\p{scx=Telu}\\p{scx=Knda}\\p{scx=Mlym}\\p{scx=Sinh}\\p{scx=Khmr}" +
  "\\p{scx=Mymr}\\p{scx=Tibt}]]";

/** Signs under numbers and words, of category Cf although they are seen. */
const SEEN = "[\\u0600-\\u0605\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u{110bd}\\u{110cd}]";

/** Controls, format and other ignorable characters, line and paragraph separators, lone surrogates. */
const UNSEEN = `[[\\p{Cc}\\p{Cf}\\p{Default_Ignorable_Code_Point}\\p{Zl}\\p{Zp}\\p{Cs}]--${SEEN}]`;

/** In the first group what stays although it has such characters in it; in the second what does not. */
const PATTERN = new RegExp(
  `(\\p{RGI_Emoji}|\\p{Emoji}[\\ufe0e\\ufe0f]|(?<=${JOINING})[\\u200c\\u200d](?=${JOINING}))|(${UNSEEN})`,
  "gv",
);

/** A piece of a text: as it was, or the escape of one character. */
export interface VisiblePart {
  readonly text: string;
  readonly escaped: boolean;
}

/**
 * A text whose every character can be seen, for a terminal, a page or a file that a person reads: what could act on them or on the
 * reading order is written as an escape, as in `\u{1b}`. Those are controls, escapes, bidi marks and overrides, zero-width and other
 * ignorable characters, separators of lines and lone surrogates. Text of any script comes through as it is, with the joiners that
 * Persian or Sinhala spell words with, and so do the emoji that Unicode lists, with the joiners, variation selectors and tags in
 * them. A second time it changes nothing. A text that spells such an escape itself looks the same: this is for reading, not for
 * reading back; `visibleParts` tells them apart.
 */
export function visibleText(text: string, options?: VisibleTextOptions): string {
  return visibleParts(text, options).map(({ text }) => text).join("");
}

/** What is shown otherwise if more follows: the last letter where joiners are spelling, and emoji, which may be joined. */
const UNSETTLED = new RegExp(
  `(?:(?:${JOINING}[\\u200c\\u200d]+)*${JOINING}?[\\u200c\\u200d]*|` +
    "[\\p{Emoji}\\p{Emoji_Component}\\u{e0020}-\\u{e007f}\\u200d\\u20e3\\ufe0e\\ufe0f]+)$",
  "v",
);

/** How much of a text that goes on can be shown by now: `visibleText` of this part and of the rest, together, is that of the whole. */
export function visibleLength(text: string): number {
  return UNSETTLED.exec(text)?.index ?? text.length;
}

/** The start of a text as a message quotes it: on one line, every character seen, `…` where more than so many follow. */
export function excerpt(text: string, maxLength = 80): string {
  if (text.length <= maxLength) return visibleText(text);
  return `${visibleText(text.slice(0, maxLength).replace(/[\ud800-\udbff]$/, ""))}…`;
}

/** The pieces of `visibleText`, where escapes are to be told from what the text says. */
export function visibleParts(text: string, { keepLines = false }: VisibleTextOptions = {}): VisiblePart[] {
  return partsOf(text, (unseen) => {
    if (keepLines && (unseen === "\n" || unseen === "\t")) return undefined;
    return `\\u{${unseen.codePointAt(0)!.toString(16)}}`;
  });
}

/** JSON of the same value, each such character in it as JSON's own escape, so that it can be printed and still be read back. */
export function visibleJson(value: unknown, indent?: number): string {
  return partsOf(JSON.stringify(value, undefined, indent), (unseen) => {
    // Outside strings, where the indentation is; in them it is escaped already.
    if (unseen === "\n") return undefined;
    const units = Array.from({ length: unseen.length }, (_, i) => unseen.charCodeAt(i));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  }).map(({ text }) => text).join("");
}

/** @param escape what stands for a character that is not seen; undefined leaves it as it is */
function partsOf(text: string, escape: (unseen: string) => string | undefined): VisiblePart[] {
  const parts: VisiblePart[] = [];
  let end = 0;
  for (const { index, 0: match, 2: unseen } of text.matchAll(PATTERN)) {
    const escaped = unseen === undefined ? undefined : escape(unseen);
    if (escaped === undefined) continue;
    if (index > end) parts.push({ text: text.slice(end, index), escaped: false });
    parts.push({ text: escaped, escaped: true });
    end = index + match.length;
  }
  return end < text.length ? [...parts, { text: text.slice(end), escaped: false }] : parts;
}
