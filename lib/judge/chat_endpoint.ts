import { InputError } from "#lib/errors.ts";
import type { Message } from "./messages.ts";

/** How a client waits. It decides when a request is made again, never what comes of it. */
export interface Timing {
  /** Ends early, with the signal's reason, when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** From 0 up to 1. */
  random(): number;
  /** Milliseconds since 1970, which a `Retry-After` may be given in. */
  now(): number;
  /** A signal that is aborted when so many milliseconds have passed. */
  after(ms: number): AbortSignal;
}

export interface ChatEndpointOptions {
  /** Of the chat completions. */
  readonly url: string;
  readonly model: string;
  readonly temperature: number;
  readonly retries: number;
  readonly timeoutSeconds: number;
  /** Sent as bearer token, to this address alone, and told to nobody else. */
  readonly key?: string;
  readonly timing?: Timing;
  readonly say: (message: string) => void;
}

/** What an endpoint replied. */
export interface Reply {
  /** The text of its first choice; undefined where the body is no chat completion. */
  readonly text: string | undefined;
  readonly body: string;
}

/** A try that may go better the next time. */
interface Fault {
  readonly what: string;
  /** As the endpoint asked for. */
  readonly waitMs?: number;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
/** A person had better come back than sit through a longer wait. */
const LONGEST_ASKED_WAIT_MS = 300_000;
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
    const { retries, say } = this.#options;
    for (let failures = 1;; failures++) {
      const outcome = await this.#try(messages, signal);
      if ("body" in outcome) return outcome;
      if (failures > retries) throw this.#error(`${outcome.what} (tried ${failures} times)`);
      const waitMs = this.#waitMs(failures, outcome);
      say(this.#withoutKey(`judge: ${outcome.what}; again in ${Math.ceil(waitMs / 1000)} s`));
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
    const { model, temperature, timeoutSeconds, key } = this.#options;
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
        body: JSON.stringify({ model, messages, temperature }),
        redirect: "manual", // the key is for this address, not for wherever it sends us
        signal: AbortSignal.any([signal, timeout]),
      });
      body = await response.text();
    } catch (error) {
      signal.throwIfAborted();
      if (timeout.aborted) return { what: `no answer within ${timeoutSeconds} s` };
      if (error instanceof Deno.errors.NotCapable) throw this.#error("this process may not reach it");
      return { what: `no answer: ${describeNetworkError(error)}` };
    }
    if (response.ok) return { text: firstChoice(body), body };
    const { status } = response;
    const what = `${status} ${response.statusText}`.trim() + (body.trim() === "" ? "" : `, ${this.quote(body)}`);
    if (status === 429 || status === 408 || status >= 500) {
      return { what, waitMs: this.#askedWaitMs(response.headers.get("retry-after"), what) };
    }
    throw this.#error(`${what}${this.#hint(status, response.headers.get("location"))}`);
  }

  #waitMs(failures: number, { waitMs = 0 }: Fault): number {
    const backOff = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1));
    return Math.max(waitMs, backOff * (0.5 + 0.5 * this.#timing.random()));
  }

  /** Seconds, or a date. */
  #askedWaitMs(retryAfter: string | null, what: string): number | undefined {
    if (retryAfter === null) return undefined;
    const ms = /^\s*\d+\s*$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - this.#timing.now();
    if (ms > LONGEST_ASKED_WAIT_MS) {
      const minutes = Math.ceil(ms / 60_000);
      throw this.#error(`${what}; it asks to be left alone for ${minutes} min: what is judged by then is kept`);
    }
    return ms > 0 ? ms : undefined;
  }

  #hint(status: number, location: string | null): string {
    const { key } = this.#options;
    if (status >= 300 && status < 400) {
      return `: it has moved${location === null ? "" : ` to ${this.quote(location)}`}; change judge.url`;
    }
    if (status === 401 || status === 403) {
      return key === undefined
        ? "; set the environment variable JUDGE_API_KEY"
        : "; the key in the environment variable JUDGE_API_KEY is not accepted";
    }
    if (status === 404 || status === 405) return "; is judge.url right, and does it know judge.model?";
    return status === 400 || status === 422 ? "; are judge.model and judge.temperature right for it?" : "";
  }

  #error(what: string): InputError {
    return new InputError(this.#withoutKey(`judge.url ${this.url}: ${what}`));
  }

  /** Some endpoints repeat the key that they refuse. */
  #withoutKey(text: string): string {
    const { key } = this.#options;
    return key === undefined ? text : text.replaceAll(key, "[JUDGE_API_KEY]");
  }
}

const SYSTEM_TIMING: Timing = {
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener("abort", stop);
        resolve();
      }, ms);
      signal.addEventListener("abort", stop, { once: true });
    }),
  random: () => Math.random(),
  now: () => Date.now(),
  after: (ms) => AbortSignal.timeout(ms),
};

function firstChoice(body: string): string | undefined {
  try {
    const content = JSON.parse(body)?.choices?.[0]?.message?.content;
    return typeof content === "string" ? content : undefined;
  } catch {
    return undefined;
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

/** Deno's reason without the address, which ours has: `tcp connect error: Connection refused (os error 111)`. */
function describeNetworkError(error: unknown): string {
  const { message, cause } = error as Error;
  const [line] = (cause instanceof Error ? cause.message : message).split("\n");
  return /client error \(\w+\): (.*)$/.exec(line)?.[1] ?? line;
}
