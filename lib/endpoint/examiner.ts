import { InputError } from "#lib/errors.ts";
import type { Timing } from "#lib/waiting.ts";
import { type EndpointNames, endpointOf } from "./address.ts";
import { AnswerCache, type Question } from "./answer_cache.ts";
import { ChatEndpoint } from "./chat_endpoint.ts";
import { askedAgain, type Form, type Message } from "./messages.ts";
import { askForNetwork } from "./network_permission.ts";
import { Slots } from "./slots.ts";

/** Who is asked, and how. */
export interface EndpointSettings {
  /** An endpoint as OpenAI's: `https://host/v1`, or the full address of its chat completions. */
  readonly url: string;
  readonly model: string;
  readonly temperature: number;
  /** Of an answer, at most; default the endpoint's own limit. */
  readonly maxTokens?: number;
  /** Requests under way at once, at most. */
  readonly parallel: number;
  /** Further tries of a request that was refused for now, or broken off. */
  readonly retries: number;
  /** Of a request, until its whole answer is there. */
  readonly timeoutSeconds: number;
  /** Of items that are asked about, from the first on; null for all. */
  readonly maxItems: number | null;
}

export interface ExaminerOptions {
  /** Answers are kept in a folder of it that is called after who gives them. */
  readonly cacheFolder: string;
  /** Without it no authorization is sent, as local servers want none. */
  readonly key?: string;
  /** Says what keeps it waiting, for a person to follow. */
  readonly say?: (message: string) => void;
  /** Is told how many of the questions of a call have been answered. */
  readonly answered?: (done: number, total: number) => void;
  readonly timing?: Timing;
}

export interface OpeningOptions extends Omit<ExaminerOptions, "key"> {
  /** As `askForNetwork` has them. */
  readonly settings?: readonly string[];
}

/**
 * What an examiner of an endpoint is opened with: the key of its environment variable, and the permission to reach its host.
 *
 * @throws {InputError} if the host may not be reached, or the key cannot be sent
 */
export async function openOptions(
  url: string,
  names: EndpointNames,
  { settings, ...options }: OpeningOptions,
): Promise<ExaminerOptions> {
  await askForNetwork(url, names, { settings });
  return { ...options, key: keyFrom(Deno.env.get(names.keyVariable), names) };
}

/** The key as it is sent, or undefined for none. */
export function keyFrom(
  value: string | undefined,
  { keyVariable }: Pick<EndpointNames, "keyVariable">,
): string | undefined {
  const key = value?.trim();
  if (key === undefined || key === "") return undefined;
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new InputError(`${keyVariable} holds a blank or a letter beyond ASCII, which no key has; set it again`);
  }
  return key;
}

/**
 * Asks a language model questions of one form. Answers are kept: what has been answered once is not asked again, and a run that was cut
 * off goes on from there.
 */
export class Examiner<Answer> {
  readonly #form: Form<Answer>;
  readonly #names: EndpointNames;
  readonly #settings: EndpointSettings;
  readonly #endpoint: ChatEndpoint;
  readonly #cache: AnswerCache<Answer>;
  readonly #answered: (done: number, total: number) => void;
  readonly #slots: Slots;
  /** Questions under way, so that equal ones are asked once and answered alike. */
  readonly #asked = new Map<string, Promise<Answer>>();

  constructor(
    form: Form<Answer>,
    names: EndpointNames,
    settings: EndpointSettings,
    { cacheFolder, key, timing, say = () => {}, answered = () => {} }: ExaminerOptions,
  ) {
    const { model, temperature, maxTokens, retries, timeoutSeconds } = settings;
    const url = endpointOf(settings.url);
    this.#form = form;
    this.#names = names;
    this.#settings = settings;
    this.#endpoint = new ChatEndpoint({
      ...{ names, url, model, temperature, maxTokens, retries, timeoutSeconds, key, timing, say },
    });
    this.#cache = new AnswerCache(cacheFolder, names.who, form);
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
    const { model, temperature, maxTokens } = this.#settings;
    const { promptVersion } = this.#form;
    return { url: this.#endpoint.url, model, promptVersion, messages, temperature, maxTokens };
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
    const answer = form.parse(first.text, first.finish);
    if (answer !== undefined) return answer;
    const second = await endpoint.ask(askedAgain(messages, form.reminder, first.text), signal);
    const secondAnswer = form.parse(second.text, second.finish);
    if (secondAnswer !== undefined) return secondAnswer;
    const start = endpoint.quote(second.text?.trim() ? second.text : second.body);
    throw new InputError(
      `${this.#names.url} ${endpoint.url}: ${this.#settings.model} gave no ${form.name}, twice; it said ${start}`,
    );
  }
}
