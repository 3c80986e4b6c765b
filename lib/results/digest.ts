import { createHash } from "node:crypto";

/** Hexadecimal digits of a digest: 64 bits, plenty to distinguish some thousands of sources and settings. */
const DIGITS = 16;

/** The start of the SHA-256 of a text's UTF-8 bytes, or of bytes. */
export function digestOf(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex").slice(0, DIGITS);
}

/** The digest of a value by its JSON. */
export function digestOfJson(value: unknown): string {
  return digestOf(JSON.stringify(value));
}
