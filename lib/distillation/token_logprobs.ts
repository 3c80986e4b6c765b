import { z } from "zod";
import { isJsonObject } from "#lib/data/json_text.ts";
import type { InputError } from "#lib/errors.ts";

/** Above 0, and above a sum of 1, by what rounding explains. */
const LOGPROB_SLACK = 1e-3;
const SUM_SLACK = 1e-2;

const SPELT = {
  token: z.string(),
  /** Of the token; without them they are those of its text. */
  bytes: z.array(z.int().min(0).max(255)).nullish(),
};
const TOKENS = z.array(z.object({
  ...SPELT,
  top_logprobs: z.array(z.object({ ...SPELT, logprob: z.number().max(LOGPROB_SLACK) })).nullish(),
}));

type SpeltToken = { readonly token: string; readonly bytes?: readonly number[] | null };

/** A token of a text, and the likeliest ones in its place, as chat completions have them (`choices[0].logprobs.content`). */
export interface SaidToken {
  readonly token: string;
  /** Where they are not those of `token`, as of a part of a character. */
  readonly bytes?: readonly number[];
  readonly top_logprobs: readonly (SpeltToken & { readonly logprob: number })[];
}

/**
 * Reads what an endpoint, or a file of texts, says of the tokens of a text: `logprobs` of a chat completion, or their `content`, or the
 * older form of completions (`tokens`, and `top_logprobs` as objects). Undefined where it says of no state which tokens are likeliest.
 *
 * @param wrong makes the error of a value that is none
 * @throws {InputError} if a value is not of these forms, or is no log-probability
 */
export function readTokenLogprobs(given: unknown, wrong: (problem: string) => InputError): SaidToken[] | undefined {
  const content = contentOf(given);
  if (content === undefined || content === null) return undefined;
  const { data, error } = TOKENS.safeParse(content);
  if (error) {
    const { path: [index, ...keys], message } = error.issues[0];
    const value = keys.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown>)?.[key], content[index]);
    const where = index === undefined ? "" : `token ${Number(index) + 1}, ${keys.join(".") || "all of it"}: `;
    const shown = value === undefined ? "" : `${JSON.stringify(value)?.slice(0, 40)}: `;
    throw wrong(`its log-probabilities cannot be read, ${where}${shown}${message}`);
  }
  const tokens = data.map((said) => ({
    ...shortened(said),
    top_logprobs: (said.top_logprobs ?? []).map((one) => ({ ...shortened(one), logprob: Math.min(0, one.logprob) })),
  }));
  tokens.forEach(({ top_logprobs }, t) => {
    const sum = top_logprobs.reduce((total, { logprob }) => total + Math.exp(logprob), 0);
    if (sum <= 1 + SUM_SLACK) return;
    throw wrong(`the likeliest tokens in the place of token ${t + 1} have probabilities of ${sum.toFixed(2)} together`);
  });
  return tokens.some(({ top_logprobs }) => top_logprobs.length > 0) ? tokens : undefined;
}

/** What a token spells; bytes that are no whole character are U+FFFD. */
export function textOfToken({ token, bytes }: SpeltToken): string {
  return bytes ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes)) : token;
}

/** The tokens behind the first characters of a text, as thoughts in front of it are; undefined where one crosses the border. */
export function tokensBehind(tokens: readonly SaidToken[], front: string): readonly SaidToken[] | undefined {
  let left = new TextEncoder().encode(front).length;
  let at = 0;
  while (left > 0 && at < tokens.length) {
    const { token, bytes } = tokens[at++];
    left -= (bytes ?? new TextEncoder().encode(token)).length;
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

/** Without bytes that say what the text says. */
function shortened({ token, bytes }: SpeltToken): { readonly token: string; readonly bytes?: readonly number[] } {
  const own = new TextEncoder().encode(token);
  const isOwn = !bytes || (bytes.length === own.length && own.every((byte, i) => byte === bytes[i]));
  return isOwn ? { token } : { token, bytes };
}
