import { InputError } from "#lib/errors.ts";
import {
  askedWaitMs,
  describeLongWait,
  describeNetworkError,
  isWorthAnotherTry,
  SYSTEM_TIMING,
  type Timing,
  waitAfter,
} from "#lib/waiting.ts";
import type { EndpointNames } from "./address.ts";
import type { Message } from "./messages.ts";

export interface ChatEndpointOptions {
  readonly names: EndpointNames;
  /** Of the chat completions. */
  readonly url: string;
  readonly model: string;
  readonly temperature: number;
  /** Sent as `max_tokens`; without it the endpoint's own limit holds. */
  readonly maxTokens?: number;
  readonly retries: number;
  readonly timeoutSeconds: number;
  /** Sent as bearer token, to this address alone, and told to nobody else. */
  readonly key?: string;
  readonly timing?: Timing;
  readonly say: (message: string) => void;
}

/** What an endpoint replied. */
export interface Reply {
  /** The text of its first choice, empty where it has none to say; undefined where the body is no chat completion. */
  readonly text: string | undefined;
  /** Why it ends there: `stop`, `length`, `content_filter`; undefined where the endpoint does not say it. */
  readonly finish: string | undefined;
  readonly body: string;
}

/** A try that may go better the next time. */
interface Fault {
  readonly what: string;
  /** As the endpoint asked for, or 0. */
  readonly waitMs: number;
}

const LONGEST_QUOTE = 160;

/** A model behind an endpoint as OpenAI's. */
export class ChatEndpoint {
  readonly url: string;
  readonly #options: ChatEndpointOptions;
  readonly #timing: Timing;

  constructor(options: ChatEndpointOptions) {
    this.url = options.url;
    this.#options = options;
    this.#timing = options.timing ?? SYSTEM_TIMING;
  }

  /**
   * Asks for the next message. Tries again after 429, 408, 5xx, a broken connection and a time-out, after waits that double (with
   * jitter; a `Retry-After` is kept to).
   *
   * @throws {InputError} one line with address and reason, after the last try, or at once where a further one would go no better
   */
  async ask(messages: readonly Message[], signal: AbortSignal): Promise<Reply> {
    const { retries, say, names: { who } } = this.#options;
    for (let failures = 1;; failures++) {
      const outcome = await this.#try(messages, signal);
      if ("body" in outcome) return outcome;
      if (failures > retries) throw this.#error(`${outcome.what} (tried ${failures} times)`);
      const waitMs = waitAfter(failures, outcome.waitMs, this.#timing);
      say(this.#withoutKey(`${who}: ${outcome.what}; again in ${Math.ceil(waitMs / 1000)} s`));
      await this.#timing.sleep(waitMs, signal);
    }
  }

  /** What was replied, without the key, to be shown to a person: one line, not too long. */
  quote(body: string): string {
    const line = this.#withoutKey(gist(body)).replace(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
    return line.length > LONGEST_QUOTE ? `"${line.slice(0, LONGEST_QUOTE)}…"` : `"${line}"`;
  }

  async #try(messages: readonly Message[], signal: AbortSignal): Promise<Reply | Fault> {
    signal.throwIfAborted();
    const { model, temperature, maxTokens, timeoutSeconds, key } = this.#options;
    const timeout = this.#timing.after(timeoutSeconds * 1000);
    let response: Response;
    let body: string;
    try {
      response = await fetch(this.url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        },
        body: JSON.stringify({ model, messages, temperature, max_tokens: maxTokens }),
        redirect: "manual", // the key is for this address, not for wherever it sends us
        signal: AbortSignal.any([signal, timeout]),
      });
      body = await response.text();
    } catch (error) {
      signal.throwIfAborted();
      if (timeout.aborted) return { what: `no answer within ${timeoutSeconds} s`, waitMs: 0 };
      if (error instanceof Deno.errors.NotCapable) throw this.#error("this process may not reach it");
      return { what: `no answer: ${describeNetworkError(error)}`, waitMs: 0 };
    }
    if (response.ok) return { ...firstChoice(body), body };
    const { status } = response;
    const what = `${status} ${response.statusText}`.trim() + (body.trim() === "" ? "" : `, ${this.quote(body)}`);
    if (isWorthAnotherTry(status)) {
      return { what, waitMs: this.#askedWaitMs(response.headers.get("retry-after"), what) };
    }
    throw this.#error(`${what}${this.#hint(status, response.headers.get("location"))}`);
  }

  #askedWaitMs(retryAfter: string | null, what: string): number {
    const ms = askedWaitMs(retryAfter, this.#timing);
    const longWait = describeLongWait(ms);
    if (longWait !== undefined) throw this.#error(`${what}; ${longWait}: the answers so far are kept`);
    return ms;
  }

  #hint(status: number, location: string | null): string {
    const { key, names: { url, model, temperature, keyVariable } } = this.#options;
    if (status >= 300 && status < 400) {
      return `: it has moved${location === null ? "" : ` to ${this.quote(location)}`}; change ${url}`;
    }
    if (status === 401 || status === 403) {
      return key === undefined
        ? `; set the environment variable ${keyVariable}`
        : `; the key in the environment variable ${keyVariable} is not accepted`;
    }
    if (status === 404 || status === 405) return `; is ${url} right, and does it know ${model}?`;
    return status === 400 || status === 422 ? `; are ${model} and ${temperature} right for it?` : "";
  }

  #error(what: string): InputError {
    return new InputError(this.#withoutKey(`${this.#options.names.url} ${this.url}: ${what}`));
  }

  /** Some endpoints repeat the key that they refuse. */
  #withoutKey(text: string): string {
    const { key, names: { keyVariable } } = this.#options;
    return key === undefined ? text : text.replaceAll(key, `[${keyVariable}]`);
  }
}

function firstChoice(body: string): Pick<Reply, "text" | "finish"> {
  const textOf = (value: unknown) => (typeof value === "string" ? value : undefined);
  try {
    const choice = JSON.parse(body)?.choices?.[0];
    const content = choice?.message?.content;
    return { text: content === null ? "" : textOf(content), finish: textOf(choice?.finish_reason) };
  } catch {
    return { text: undefined, finish: undefined };
  }
}

/** The message of an error in JSON, as endpoints write it, else the first line that says something. */
function gist(body: string): string {
  try {
    const { error, message, detail } = JSON.parse(body);
    const said = [error?.message, error, message, detail].find((value) => typeof value === "string");
    if (said !== undefined) return said;
  } catch {
    // No JSON: a proxy's page, or plain text.
  }
  return body.split("\n").find((line) => line.trim() !== "") ?? "";
}
