import { InputError } from "#lib/errors.ts";
import { excerpt } from "#lib/visible_text.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The value of a JSON text.
 *
 * @param wrong makes the error of what is wrong with it
 * @param what says that it is not the JSON that is wanted
 * @throws {InputError} if it is not JSON, or a key occurs twice in an object, where the first value would be lost
 */
export function parseJson(text: string, wrong: (problem: string) => InputError, what = "not JSON"): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw wrong(`${what}: ${excerpt((error as Error).message, 200)}`);
  }
  const repeated = repeatedKey(text);
  if (repeated !== undefined) throw wrong(`the key "${excerpt(repeated)}" occurs twice in one object`);
  return value;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a value is, in words of a message. */
export function describeJson(value: unknown): string {
  if (value === undefined) return "missing";
  if (typeof value === "string") return value.trim() === "" ? "empty" : "a text";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  return value === null ? "null" : typeof value === "object" ? "an object" : `${value}`;
}

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:,]/g;

/** A key that an object of a valid JSON text has twice; the parser takes the last one. */
function repeatedKey(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let lastText = "";
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (token === ":") {
      const key = JSON.parse(lastText) as string;
      const keys = open.at(-1)!;
      if (keys.has(key)) return key;
      keys.add(key);
    } else if (token !== ",") lastText = token;
  }
  return undefined;
}
