import { InputError } from "#lib/errors.ts";
import { AnswerCache, type Question } from "./answer_cache.ts";
import type { Timing } from "#lib/waiting.ts";
import { ChatEndpoint } from "./chat_endpoint.ts";
import { askedAgain, type Form, type Message } from "./messages.ts";
import { askForNetwork } from "./network_permission.ts";
import { endpointOf, type JudgeSettings } from "./settings.ts";
import { Slots } from "./slots.ts";

/** The environment variable that the key is read from; nothing else holds it, and nothing of ours writes it. */
export const KEY_VARIABLE = "JUDGE_API_KEY";

export interface JudgeOptions {
  /** Answers are kept in its folder `judge`. */
  readonly cacheFolder: string;
  /** Without it no authorization is sent, as local servers want none. */
  readonly key?: string;
  /** Says what keeps it waiting, for a person to follow. */
  readonly say?: (message: string) => void;
  /** Is told how many of the questions of a call have been answered. */
  readonly answered?: (done: number, total: number) => void;
  readonly timing?: Timing;
}

export interface OpeningOptions extends Omit<JudgeOptions, "key"> {
  /** The setting beside its address by which `./run` sees that it is asked, where there is such a one. */
  readonly asked?: string;
}

/**
 * What a judge of these settings is opened with: the key of `JUDGE_API_KEY`, and the permission to reach its host.
 *
 * @throws {InputError} if the host may not be reached, or the key cannot be sent
 */
export async function openOptions(
  { url }: JudgeSettings,
  { asked, ...options }: OpeningOptions,
): Promise<JudgeOptions> {
  await askForNetwork(url, { asked });
  return { ...options, key: keyFrom(Deno.env.get(KEY_VARIABLE)) };
}

/** The key as it is sent, or undefined for none. */
export function keyFrom(variable: string | undefined): string | undefined {
  const key = variable?.trim();
  if (key === undefined || key === "") return undefined;
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new InputError(`${KEY_VARIABLE} holds a blank or a letter beyond ASCII, which no key has; set it again`);
  }
  return key;
}

/**
 * Asks a language model questions of one form. Answers are kept: what has been answered once is not asked again, and a run that was cut
 * off goes on from there.
 */
export class Examiner<Answer> {
  readonly #form: Form<Answer>;
  readonly #settings: JudgeSettings;
  readonly #endpoint: ChatEndpoint;
  readonly #cache: AnswerCache<Answer>;
  readonly #answered: (done: number, total: number) => void;
  readonly #slots: Slots;
  /** Questions under way, so that equal ones are asked once and answered alike. */
  readonly #asked = new Map<string, Promise<Answer>>();

  constructor(
    form: Form<Answer>,
    settings: JudgeSettings,
    { cacheFolder, key, timing, say = () => {}, answered = () => {} }: JudgeOptions,
  ) {
    const { model, temperature, retries, timeoutSeconds } = settings;
    const url = endpointOf(settings.url);
    this.#form = form;
    this.#settings = settings;
    this.#endpoint = new ChatEndpoint({ url, model, temperature, retries, timeoutSeconds, key, timing, say });
    this.#cache = new AnswerCache(`${cacheFolder}/judge`, form);
    this.#answered = answered;
    this.#slots = new Slots(settings.parallel);
  }

  /**
   * The answers to questions about so many items, or about the first `maxItems` of them, `parallel` at once.
   *
   * @param askAbout the question about an item
   * @param stop ends it with its reason; the answers so far are kept
   * @throws {InputError} if the endpoint cannot be reached, refuses, or gives no answer twice; the answers so far are kept
   */
  async answers<Item>(
    items: readonly Item[],
    askAbout: (item: Item) => Promise<readonly Message[]>,
    stop?: AbortSignal,
  ): Promise<Answer[]> {
    const examined = items.slice(0, this.#settings.maxItems ?? items.length);
    const failure = new AbortController();
    const signal = stop ? AbortSignal.any([failure.signal, stop]) : failure.signal;
    let done = 0;
    const settled = await Promise.allSettled(examined.map(async (item) => {
      try {
        const answer = await this.#answer(this.#question(await askAbout(item)), signal);
        this.#answered(++done, examined.length);
        return answer;
      } catch (error) {
        failure.abort(error); // the first reason stays
        throw error;
      }
    }));
    failure.signal.throwIfAborted();
    return settled.map((result) => (result as PromiseFulfilledResult<Awaited<Answer>>).value);
  }

  /**
   * Asks one question whose answer is not kept: what is wrong with address, key or model shows before hours of training, not after.
   *
   * @throws {InputError} as `answers`
   */
  async check(messages: readonly Message[]): Promise<void> {
    await this.#ask(this.#question(messages), new AbortController().signal);
  }

  #question(messages: readonly Message[]): Question {
    const { model, temperature } = this.#settings;
    return { url: this.#endpoint.url, model, promptVersion: this.#form.promptVersion, messages, temperature };
  }

  /** From the cache, from an equal question under way, or from the endpoint. */
  async #answer(question: Question, signal: AbortSignal): Promise<Answer> {
    const path = await this.#cache.pathOf(question);
    const asked = this.#asked.get(path);
    if (asked) return await asked;
    const answer = this.#slots.run(async () => {
      signal.throwIfAborted();
      const kept = await this.#cache.get(question);
      if (kept !== undefined) return kept;
      const fresh = await this.#ask(question, signal);
      await this.#cache.put(question, fresh);
      return fresh;
    }).finally(() => this.#asked.delete(path));
    this.#asked.set(path, answer);
    return await answer;
  }

  /** Asks, and once more where the reply cannot be read. */
  async #ask({ messages }: Question, signal: AbortSignal): Promise<Answer> {
    const [endpoint, form] = [this.#endpoint, this.#form];
    const first = await endpoint.ask(messages, signal);
    const answer = form.parse(first.text);
    if (answer !== undefined) return answer;
    const second = await endpoint.ask(askedAgain(messages, form.reminder, first.text), signal);
    const secondAnswer = form.parse(second.text);
    if (secondAnswer !== undefined) return secondAnswer;
    const start = endpoint.quote(second.text ?? second.body);
    throw new InputError(
      `judge.url ${endpoint.url}: ${this.#settings.model} gave no ${form.name}, twice; it said ${start}`,
    );
  }
}
