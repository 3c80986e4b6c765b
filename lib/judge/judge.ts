import { InputError } from "#lib/errors.ts";
import type { Timing } from "#lib/waiting.ts";
import { ChatEndpoint } from "./chat_endpoint.ts";
import {
  comparison,
  comparisonAgain,
  type Grades,
  type JudgedItem,
  parseGrades,
  PROMPT_VERSION,
} from "./comparison.ts";
import { GradeCache, type Question, sha256 } from "./grade_cache.ts";
import { askForNetwork } from "./network_permission.ts";
import { endpointOf, type JudgeSettings } from "./settings.ts";
import { Slots } from "./slots.ts";

/** The environment variable that the key is read from; nothing else holds it, and nothing of ours writes it. */
export const KEY_VARIABLE = "JUDGE_API_KEY";

export interface JudgeOptions {
  /** Grades are kept in its folder `judge`. */
  readonly cacheFolder: string;
  /** Without it no authorization is sent, as local servers want none. */
  readonly key?: string;
  /** Says what is being done, for a person to follow. */
  readonly say?: (message: string) => void;
  readonly timing?: Timing;
}

/** Something to be judged before there is anything to judge. */
const PROBE: JudgedItem = {
  instruction: "Name the colour of a clear sky at noon.",
  input: "",
  reference: "Blue.",
  response: "It is blue.",
};

/**
 * The judge of the settings, with the key of `JUDGE_API_KEY` and the permission to reach its host; undefined where they name none: a
 * table without its column, not with zeros.
 *
 * @throws {InputError} if the host may not be reached, or the key cannot be sent
 */
export async function openJudge(
  settings: JudgeSettings,
  options: Omit<JudgeOptions, "key">,
): Promise<Judge | undefined> {
  if (settings.url === "") return undefined;
  await askForNetwork(settings.url);
  return new Judge(settings, { ...options, key: keyFrom(Deno.env.get(KEY_VARIABLE)) });
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
 * Scores responses by a language model: the "GPT-4 feedback" of MiniLLM (Gu et al. 2023, arXiv 2306.08543), which its followers report,
 * too. The judge sees instruction, response and reference answer and grades both answers from 1 to 10; a set's score is the total of the
 * responses' grades over the total of the references'. Ours: the words of the prompt; and which answer stands first, decided for each
 * item by a hash of its instruction, input and reference, so that a liking of judges for one place (Zheng et al. 2023, arXiv 2306.05685)
 * evens out over a set and is the same for every method.
 *
 * Answers are kept: what has been judged once is not asked again, and a run that was cut off goes on from there.
 */
export class Judge {
  readonly #settings: JudgeSettings;
  readonly #endpoint: ChatEndpoint;
  readonly #cache: GradeCache;
  readonly #say: (message: string) => void;
  readonly #slots: Slots;
  /** Questions under way, so that equal ones are asked once and answered alike. */
  readonly #asked = new Map<string, Promise<Grades>>();

  constructor(settings: JudgeSettings, { cacheFolder, key, timing, say = () => {} }: JudgeOptions) {
    const { model, temperature, retries, timeoutSeconds } = settings;
    const url = endpointOf(settings.url);
    this.#settings = settings;
    this.#endpoint = new ChatEndpoint({ url, model, temperature, retries, timeoutSeconds, key, timing, say });
    this.#cache = new GradeCache(`${cacheFolder}/judge`);
    this.#say = say;
    this.#slots = new Slots(settings.parallel);
  }

  /**
   * Scores the responses of one set, or of its first `maxItems` items. A score is the response's grade over the mean grade of the
   * references, a fraction that may exceed 1; so the mean of the scores is the ratio of the totals.
   *
   * @throws {InputError} if the endpoint cannot be reached, refuses, or answers with no grades twice; the answers so far are kept
   */
  async score(items: readonly JudgedItem[]): Promise<number[]> {
    const judged = items.slice(0, this.#settings.maxItems ?? items.length);
    const failure = new AbortController();
    let done = 0;
    const settled = await Promise.allSettled(judged.map(async (item) => {
      try {
        const grades = await this.#grade(item, failure.signal);
        this.#say(`judge: ${++done} of ${judged.length}`);
        return grades;
      } catch (error) {
        failure.abort(error); // the first reason stays
        throw error;
      }
    }));
    failure.signal.throwIfAborted();
    const grades = settled.map((result) => (result as PromiseFulfilledResult<ItemGrades>).value);
    const referenceTotal = grades.reduce((sum, { reference }) => sum + reference, 0);
    return grades.map(({ response }) => response * grades.length / referenceTotal);
  }

  /**
   * Asks for one judgement that is not kept: what is wrong with address, key or model shows before hours of training, not after.
   *
   * @throws {InputError} as `score`
   */
  async check(): Promise<void> {
    await this.#ask(this.#question(PROBE, true), new AbortController().signal);
  }

  async #grade(item: JudgedItem, signal: AbortSignal): Promise<ItemGrades> {
    const responseFirst = await standsFirst(item);
    const question = this.#question(item, responseFirst);
    const [first, second] = await this.#answer(question, signal);
    return responseFirst ? { response: first, reference: second } : { response: second, reference: first };
  }

  #question(item: JudgedItem, responseFirst: boolean): Question {
    const { response, reference } = item;
    const messages = comparison(item, responseFirst ? [response, reference] : [reference, response]);
    const { model, temperature } = this.#settings;
    return { url: this.#endpoint.url, model, promptVersion: PROMPT_VERSION, messages, temperature };
  }

  /** From the cache, from an equal question under way, or from the endpoint. */
  async #answer(question: Question, signal: AbortSignal): Promise<Grades> {
    const path = await this.#cache.pathOf(question);
    const asked = this.#asked.get(path);
    if (asked) return await asked;
    const answer = this.#slots.run(async () => {
      signal.throwIfAborted();
      const kept = await this.#cache.get(question);
      if (kept) return kept;
      const grades = await this.#ask(question, signal);
      await this.#cache.put(question, grades);
      return grades;
    }).finally(() => this.#asked.delete(path));
    this.#asked.set(path, answer);
    return await answer;
  }

  /** Asks, and once more where the reply cannot be read. */
  async #ask({ messages }: Question, signal: AbortSignal): Promise<Grades> {
    const endpoint = this.#endpoint;
    const first = await endpoint.ask(messages, signal);
    const grades = parseGrades(first.text);
    if (grades) return grades;
    const second = await endpoint.ask(comparisonAgain(messages, first.text), signal);
    const secondGrades = parseGrades(second.text);
    if (secondGrades) return secondGrades;
    const start = endpoint.quote(second.text ?? second.body);
    throw new InputError(`judge.url ${endpoint.url}: ${this.#settings.model} gave no grades, twice; it said ${start}`);
  }
}

/** From 1 to 10. */
interface ItemGrades {
  readonly response: number;
  readonly reference: number;
}

/** Whether an item's response stands before its reference. */
async function standsFirst({ instruction, input, reference }: JudgedItem): Promise<boolean> {
  const hash = await sha256(JSON.stringify([instruction, input, reference]));
  return parseInt(hash[0], 16) % 2 === 0;
}
