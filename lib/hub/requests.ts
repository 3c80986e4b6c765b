import { InputError } from "#lib/errors.ts";
import { shellCommand } from "#lib/shell_command.ts";
import { excerpt } from "#lib/visible_text.ts";
import {
  askedWaitMs,
  describeLongWait,
  describeNetworkError,
  isWorthAnotherTry,
  SYSTEM_TIMING,
  type Timing,
  waitAfter,
} from "#lib/waiting.ts";
import { hostOf } from "./places.ts";
import type { HubSettings } from "./settings.ts";

export interface RequestOptions {
  readonly settings: Pick<HubSettings, "endpoint" | "token" | "tokenFile">;
  readonly say: (message: string) => void;
  /** Ends what is under way with its reason. */
  readonly stop: AbortSignal;
  readonly timing?: Timing;
  /** How long a server may be silent, in ms. */
  readonly silenceMs?: number;
  /** The program's arguments, for the message that a host may not be reached. */
  readonly args?: readonly string[];
}

/** A failure that a further try may not have. */
export class PassingFault extends Error {
  /** As the server asked for, or 0. */
  readonly waitMs: number;

  constructor(what: string, waitMs = 0) {
    super(what);
    this.waitMs = waitMs;
  }
}

/** The hub could not be reached, after every try: what the cache has may do. */
export class UnreachableError extends InputError {
  readonly reason: string;

  constructor(what: string, reason: string) {
    super(`${what}: ${reason}`);
    this.reason = reason;
  }
}

/** In all, of what brings nothing. */
const TRIES = 5;
const MOST_REDIRECTS = 5;
const SILENCE_MS = 60_000;

/** Requests to the hub and to where it redirects, with the token for the hub alone. */
export class Requests {
  readonly #options: RequestOptions;
  readonly #timing: Timing;

  constructor(options: RequestOptions) {
    this.#options = options;
    this.#timing = options.timing ?? SYSTEM_TIMING;
  }

  /** How long a server may be silent, in ms. */
  get silenceMs(): number {
    return this.#options.silenceMs ?? SILENCE_MS;
  }

  get stop(): AbortSignal {
    return this.#options.stop;
  }

  /**
   * Tries again what fails in passing (429, 408, 5xx, a broken connection, silence), after waits that double; a `Retry-After` is kept to.
   *
   * @param what is fetched, for messages
   * @param attempt throws a `PassingFault` where a further try may go better
   * @param progressed whether something was brought since it was asked last: then the tries are counted anew
   * @throws {UnreachableError} after the last try, or where the server asks for a longer wait than a person sits through
   */
  async retry<T>(what: string, attempt: () => Promise<T>, progressed: () => boolean = () => false): Promise<T> {
    for (let failures = 1;; failures++) {
      this.stop.throwIfAborted();
      try {
        return await attempt();
      } catch (error) {
        this.stop.throwIfAborted();
        if (!(error instanceof PassingFault)) throw error;
        if (progressed()) failures = 1;
        const longWait = describeLongWait(error.waitMs);
        if (longWait !== undefined) throw new UnreachableError(what, `${error.message}; ${longWait}`);
        if (failures >= TRIES) throw new UnreachableError(what, `${error.message} (tried ${failures} times)`);
        const waitMs = waitAfter(failures, error.waitMs, this.#timing);
        this.#options.say(`${what}: ${error.message}; again in ${Math.ceil(waitMs / 1000)} s`);
        await this.#timing.sleep(waitMs, this.stop);
      }
    }
  }

  /**
   * One request, followed to where it is redirected.
   *
   * @param isAnswer whether a redirect is the answer, and not to be followed
   * @param signal ends it, with a body that is still being read
   * @throws {PassingFault} for a failure that may pass
   * @throws {InputError} where a host may not be reached
   */
  async send(
    url: string,
    { method = "GET", headers = {}, signal = this.stop, isAnswer = () => false }: {
      method?: "GET" | "HEAD";
      headers?: Record<string, string>;
      signal?: AbortSignal;
      isAnswer?: (response: Response) => boolean;
    } = {},
  ): Promise<Response> {
    let at = url;
    for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
      const response = await this.#sendTo(at, method, headers, signal);
      const location = response.headers.get("location");
      if (response.status < 300 || response.status >= 400 || location === null || isAnswer(response)) {
        if (isWorthAnotherTry(response.status)) throw await this.#faultOf(response);
        return response;
      }
      await response.body?.cancel();
      at = URL.parse(location, at)?.href ?? location;
      if (hostOf(at) === undefined) {
        throw new InputError(`${url}: redirected to "${excerpt(location)}", which is no address`);
      }
    }
    throw new InputError(`${url}: redirected more than ${MOST_REDIRECTS} times`);
  }

  async #sendTo(url: string, method: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    const { endpoint, token } = this.#options.settings;
    const isHub = new URL(url).origin === new URL(endpoint).origin;
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(), this.silenceMs);
    try {
      return await fetch(url, {
        method,
        redirect: "manual", // the token is for the hub, not for wherever it sends us
        headers: {
          "user-agent": "moment-matching/1",
          "accept-encoding": "identity", // digests and ranges are of the file itself
          ...(isHub && token !== undefined ? { authorization: `Bearer ${token}` } : {}),
          ...headers,
        },
        signal: AbortSignal.any([signal, silence.signal]),
      });
    } catch (error) {
      this.stop.throwIfAborted();
      if (error instanceof Deno.errors.NotCapable) throw this.#refusal(url, isHub);
      if (silence.signal.aborted) throw new PassingFault(`no answer within ${this.silenceMs / 1000} s`);
      throw new PassingFault(`no answer: ${describeNetworkError(error)}`);
    } finally {
      clearTimeout(timer);
    }
  }

  async #faultOf(response: Response): Promise<PassingFault> {
    await response.body?.cancel();
    const { status, statusText, headers } = response;
    return new PassingFault(`${status} ${statusText}`.trim(), askedWaitMs(headers.get("retry-after"), this.#timing));
  }

  #refusal(url: string, isHub: boolean): InputError {
    const host = hostOf(url)!;
    const args = this.#options.args ?? Deno.args;
    return isHub
      ? new InputError(`the hub is at ${host}, which this process may not reach; run instead: ${shellCommand(args)}`)
      : new InputError(
        `the hub redirects files to ${host}, which this process may not reach; if you trust that host: ${
          shellCommand([...args, "--files-from", host])
        }`,
      );
  }
}
