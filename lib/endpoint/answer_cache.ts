import { InputError } from "#lib/errors.ts";
import { decodeStrictly } from "#lib/text_file.ts";
import type { Form, Message } from "./messages.ts";

/** Everything that an answer depends on. The key to the endpoint is no part of it. */
export interface Question {
  readonly url: string;
  readonly model: string;
  readonly promptVersion: number;
  readonly messages: readonly Message[];
  readonly temperature: number;
  /** Undefined where the endpoint's own limit holds. */
  readonly maxTokens?: number;
}

/**
 * Answers by the content of their questions: `<folder>/<first two digits>/<SHA-256>.json` holds question and answer, for people to read,
 * too. Files are written whole and renamed, so that a run that was cut off leaves none torn.
 */
export class AnswerCache<Answer> {
  readonly #folder: string;
  readonly #who: string;
  readonly #form: Pick<Form<Answer>, "name" | "isAnswer">;

  /** @param who answers, as in `judge`; the folder of the answers is called so */
  constructor(cacheFolder: string, who: string, form: Pick<Form<Answer>, "name" | "isAnswer">) {
    this.#folder = `${cacheFolder}/${who}`;
    this.#who = who;
    this.#form = form;
  }

  /** The answer, if their file is there, is of this very question, and nobody has broken it. */
  async get(question: Question): Promise<Answer | undefined> {
    const path = await this.pathOf(question);
    const { name, isAnswer } = this.#form;
    const bytes = await this.#readIfThere(path);
    if (bytes === undefined) return undefined;
    try {
      const entry = JSON.parse(decodeStrictly(bytes, path)) as Readonly<Record<string, unknown>> | null;
      const isThis = JSON.stringify(entry?.question) === canonical(question);
      const answer = entry?.[name];
      return isThis && isAnswer(answer) ? answer : undefined;
    } catch {
      return undefined;
    }
  }

  async put(question: Question, answer: Answer): Promise<void> {
    const { name } = this.#form;
    const path = await this.pathOf(question);
    const text = `${JSON.stringify({ question: JSON.parse(canonical(question)), [name]: answer }, null, 2)}\n`;
    try {
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      const part = `${path}.${crypto.randomUUID()}.part`;
      await Deno.writeTextFile(part, text);
      await Deno.rename(part, path);
    } catch (error) {
      throw new InputError(`${path}: the ${this.#who}'s ${name} cannot be kept: ${firstLine(error)}`);
    }
  }

  async pathOf(question: Question): Promise<string> {
    const hash = await sha256(canonical(question));
    return `${this.#folder}/${hash.slice(0, 2)}/${hash}.json`;
  }

  async #readIfThere(path: string): Promise<Uint8Array | undefined> {
    try {
      return await Deno.readFile(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw new InputError(`${path}: the ${this.#who}'s ${this.#form.name} cannot be read: ${firstLine(error)}`);
    }
  }
}

/** SHA-256 of a text, as 64 hexadecimal digits. */
export async function sha256(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** JSON with its keys in one order, whatever the caller's. */
function canonical({ url, model, promptVersion, messages, temperature, maxTokens }: Question): string {
  const inOrder = messages.map(({ role, content }) => ({ role, content }));
  return JSON.stringify({ url, model, promptVersion, messages: inOrder, temperature, maxTokens });
}

function firstLine(error: unknown): string {
  return (error as Error).message.split("\n")[0];
}
