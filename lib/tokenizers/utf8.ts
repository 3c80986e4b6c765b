const encoder = new TextEncoder();
// A byte order mark is a character like any other here.
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function utf8Of(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** Bytes as text, where each byte that is in no whole character is U+FFFD, as SentencePiece has it. */
export function decodeEachByte(bytes: readonly number[]): string {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const length = lengthBy(bytes[at]);
    const character = length > 0 && at + length <= bytes.length ? decoded(bytes.slice(at, at + length)) : undefined;
    text += character ?? "\ufffd";
    at += character === undefined ? 1 : length;
  }
  return text;
}

/** How many bytes a character has that begins with this one; 0 where none does. */
function lengthBy(first: number): number {
  if (first < 0x80) return 1;
  return first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
}

function decoded(bytes: readonly number[]): string | undefined {
  try {
    return strict.decode(Uint8Array.from(bytes));
  } catch {
    return undefined;
  }
}
