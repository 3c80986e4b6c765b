import { Template } from "@huggingface/jinja";
import { isJsonObject } from "#lib/data/json_text.ts";
import { InputError } from "#lib/errors.ts";
import { isFile } from "#lib/results/storage.ts";
import { readTextStrictly } from "#lib/text_file.ts";
import { excerpt } from "#lib/visible_text.ts";
import { readJsonFile } from "#lib/json_file.ts";
import { readTokenizerSettings } from "./tokenizer_settings.ts";

/** A turn of a talk. */
export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

export interface ChatTemplateOptions {
  /** Special tokens that the template may spell. */
  readonly bosToken?: string;
  readonly eosToken?: string;
  /** Names the template's file in messages. */
  readonly path: string;
}

export interface RenderOptions {
  /** Whether the assistant's turn is begun, for the model to go on. */
  readonly addGenerationPrompt: boolean;
  /** Further names that the template reads, as `date_string`. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/**
 * A checkpoint's chat template (Jinja, as transformers runs it: blocks are trimmed, `raise_exception` refuses a talk). What it renders is
 * encoded with `findSpecialTokens` and without `addSpecialTokens`: it spells the special tokens itself.
 */
export class ChatTemplate {
  readonly source: string;
  readonly #template: Template;
  readonly #options: ChatTemplateOptions;

  /** @throws {InputError} if the text is no template */
  constructor(source: string, options: ChatTemplateOptions) {
    this.source = source;
    this.#options = options;
    try {
      this.#template = new Template(source);
    } catch (error) {
      throw this.#wrong("is not read", error);
    }
  }

  /** The text of a talk. @throws {InputError} if the template refuses it, with the template's own words */
  render(messages: readonly ChatMessage[], { addGenerationPrompt, variables = {} }: RenderOptions): string {
    const { bosToken = "", eosToken = "" } = this.#options;
    try {
      return this.#template.render({
        ...variables,
        messages: messages.map(({ role, content }) => ({ role, content })),
        add_generation_prompt: addGenerationPrompt,
        bos_token: bosToken,
        eos_token: eosToken,
      });
    } catch (error) {
      throw this.#wrong("refuses this talk", error);
    }
  }

  #wrong(problem: string, error: unknown): InputError {
    const message = excerpt((error as Error).message.split("\n")[0], 200);
    return new InputError(`${this.#options.path}: the chat template ${problem}: ${message}`);
  }
}

/**
 * The chat template of a checkpoint's folder: `chat_template.jinja`, else `chat_template` of `chat_template.json` or of
 * `tokenizer_config.json`, of several the one named `default`.
 *
 * @throws {InputError} if there is none: a base model has none
 */
export async function chatTemplateOf(folder: string): Promise<ChatTemplate> {
  const { tokenizerConfig, specialTokens } = await readTokenizerSettings(folder);
  const { source, path } = await templateIn(folder, tokenizerConfig.chat_template);
  return new ChatTemplate(source, { path, bosToken: specialTokens.bos, eosToken: specialTokens.eos });
}

async function templateIn(folder: string, configured: unknown): Promise<{ source: string; path: string }> {
  const ownPath = `${folder}/chat_template.jinja`;
  if (isFile(ownPath)) return { source: await readTextStrictly(ownPath), path: ownPath };
  const jsonPath = `${folder}/chat_template.json`;
  const content = isFile(jsonPath) ? await readJsonFile(jsonPath) : undefined;
  const given = isJsonObject(content) ? content.chat_template : configured;
  const path = isJsonObject(content) ? jsonPath : `${folder}/tokenizer_config.json`;
  if (given === undefined || given === null) {
    throw new InputError(`${folder}: no chat template: the model is none for chats; leave --chat out`);
  }
  const listed = Array.isArray(given)
    ? given.find((entry) => isJsonObject(entry) && entry.name === "default")?.template
    : given;
  if (typeof listed === "string") return { source: listed, path };
  throw new InputError(`${path}: chat_template is neither a text nor a list with one named "default"`);
}
