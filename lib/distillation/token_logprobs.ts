import { z } from "zod";
import { isJsonObject } from "#lib/data/json_text.ts";
import type { InputError } from "#lib/errors.ts";
import { excerpt } from "#lib/visible_text.ts";

/** Above 0, and above a sum of 1, by what rounding explains. */
const LOGPROB_SLACK = 1e-3;
const SUM_SLACK = 1e-2;

const BYTES = z.array(z.int().min(0).max(255));
const SPELT = { token: z.string(), bytes: BYTES.nullish() };
const LOGPROB = z.number().max(LOGPROB_SLACK);
const TOKENS = z.array(z.object({
  token: z.union([z.string(), BYTES]),
  bytes: BYTES.nullish(),
  top_logprobs: z.array(z.unknown()).nullish(),
}));
const LIKELY = z.object({ ...SPELT, logprob: LOGPROB });
const PAIR = z.tuple([z.union([z.string(), BYTES]), LOGPROB]);
/** Log-probabilities are kept as multiples of its inverse: a probability changes by a two-millionth at most. */
const DIGITS = 1e6;

/** A token by its text, or by its bytes where these are no text, as those of a part of a character. */
export type Spelt = string | readonly number[];

/** A token of a text, and the likeliest ones in its place with their log-probabilities, as files of texts have them. */
export interface SaidToken {
  readonly token: Spelt;
  readonly top_logprobs: readonly (readonly [token: Spelt, logprob: number])[];
}

/**
 * Reads what an endpoint, or a file of texts, says of the tokens of a text: `logprobs` of a chat completion, their `content`, the older form
 * of completions (`tokens`, and `top_logprobs` as objects), or `SaidToken`, to which all are brought, with six digits. Undefined where it says of no state which tokens are likeliest.
 *
 * @param wrong makes the error of a value that is none
 * @throws {InputError} if a value is not of these forms, or is no log-probability
 */
export function readTokenLogprobs(given: unknown, wrong: (problem: string) => InputError): SaidToken[] | undefined {
  const content = contentOf(given);
  if (content === undefined || content === null) return undefined;
  const ofToken: Placing = ([t, ...keys]) => t === undefined ? "" : [`token ${Number(t) + 1}`, ...keys].join(", ");
  const tokens = parsed(TOKENS, content, wrong, ofToken).map(({ top_logprobs, ...said }, t) => ({
    token: shortest(said),
    top_logprobs: (top_logprobs ?? []).map((likely, k) =>
      likelyOf(likely, wrong, (keys) => [`token ${t + 1}`, "top_logprobs", k, ...keys].join(", "))
    ),
  }));
  tokens.forEach(({ top_logprobs }, t) => {
    const sum = top_logprobs.reduce((total, [, logprob]) => total + Math.exp(logprob), 0);
    if (sum <= 1 + SUM_SLACK) return;
    throw wrong(`the likeliest tokens in the place of token ${t + 1} have probabilities of ${sum.toFixed(2)} together`);
  });
  return tokens.some(({ top_logprobs }) => top_logprobs.length > 0) ? tokens : undefined;
}

/** Says where in what is said of tokens a value is, by its keys. */
type Placing = (keys: readonly PropertyKey[]) => string;

function likelyOf(given: unknown, wrong: (problem: string) => InputError, placing: Placing): [Spelt, number] {
  const [token, logprob] = Array.isArray(given) ? parsed(PAIR, given, wrong, placing) : pairOf(given, wrong, placing);
  return [token, Math.min(0, Math.round(logprob * DIGITS) / DIGITS)];
}

function pairOf(given: unknown, wrong: (problem: string) => InputError, placing: Placing): [Spelt, number] {
  const { logprob, ...said } = parsed(LIKELY, given, wrong, placing);
  return [shortest(said), logprob];
}

function parsed<Value>(
  schema: z.ZodType<Value>,
  given: unknown,
  wrong: (problem: string) => InputError,
  placing: Placing,
): Value {
  const { data, error } = schema.safeParse(given);
  if (!error) return data;
  const { path, message } = error.issues[0];
  const value = path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown>)?.[key], given);
  const shown = value === undefined ? "" : excerpt(JSON.stringify(value), 40);
  const parts = ["its log-probabilities cannot be read", placing(path), shown, message];
  throw wrong(parts.filter((part) => part !== "").join(": "));
}

/** What a token spells; bytes that are no whole character are U+FFFD. */
export function textOfToken(token: Spelt): string {
  return typeof token === "string" ? token : new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytesOf(token));
}

/** The tokens behind the first characters of a text, as thoughts in front of it are; undefined where one crosses the border. */
export function tokensBehind(tokens: readonly SaidToken[], front: string): readonly SaidToken[] | undefined {
  let left = bytesOf(front).length;
  let at = 0;
  while (left > 0 && at < tokens.length) {
    left -= bytesOf(tokens[at++].token).length;
  }
  return left === 0 ? tokens.slice(at) : undefined;
}

// deno-lint-ignore no-explicit-any
function contentOf(given: unknown): any {
  if (!isJsonObject(given)) return given;
  const { content, tokens, top_logprobs: tops } = given;
  if (!Array.isArray(tokens) || !Array.isArray(tops)) return content;
  return tokens.map((token, t) => ({
    token,
    top_logprobs: Object.entries(tops[t] ?? {}).map(([token, logprob]) => ({ token, logprob })),
  }));
}

/** By its text where that says its bytes. */
function shortest({ token, bytes }: { readonly token: Spelt; readonly bytes?: readonly number[] | null }): Spelt {
  const own = bytesOf(token);
  return !bytes || (bytes.length === own.length && own.every((byte, i) => byte === bytes[i])) ? token : bytes;
}

function bytesOf(token: Spelt): Uint8Array<ArrayBuffer> {
  return typeof token === "string" ? new TextEncoder().encode(token) : Uint8Array.from(token);
}
