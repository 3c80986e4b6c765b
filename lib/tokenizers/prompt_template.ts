import type { Prompt } from "#lib/data/prompt.ts";
import { InputError } from "#lib/errors.ts";
import type { ChatTemplate } from "./chat_template.ts";
import type { TextCodec } from "./text_codec.ts";

/** How an instruction becomes the text that a model reads. */
export interface PromptTemplate {
  readonly name: string;
  /** Of all that decides the text, for caches and provenance. */
  readonly source: string;
  /** Whether the text spells special tokens that are to become those tokens. */
  readonly spellsSpecialTokens: boolean;
  /** What stands in front of a response and is its first piece's: a space, where a model has learned that. Default nothing. */
  readonly beforeResponse?: string;
  render(prompt: Prompt): string;
  /** The ids of a prompt where its text does not decide them: where special tokens stand between parts that are read as they are written. */
  encode?(prompt: Prompt): number[];
}

const WITHOUT_INPUT =
  "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n" +
  "### Instruction:\n{instruction}\n\n### Response:\n";
const WITH_INPUT =
  "Below is an instruction that describes a task, paired with an input that provides further context. " +
  "Write a response that appropriately completes the request.\n\n" +
  "### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n";

/**
 * The form of Alpaca (Taori et al. 2023) as MiniLLM and DistiLLM use it: two sentences, the instruction, the input unless there is none,
 * and where the response begins.
 */
export const INSTRUCTION_TEMPLATE: PromptTemplate = {
  name: "instruction",
  source: `${WITHOUT_INPUT}\0${WITH_INPUT}`,
  spellsSpecialTokens: false,
  render: ({ instruction, input }) =>
    (input === "" ? WITHOUT_INPUT : WITH_INPUT)
      .replace(/\{(instruction|input)\}/g, (_, name) => name === "input" ? input : instruction),
};

/** The instruction alone, an input behind it on a line of its own: for a model that continues texts. */
export const PLAIN_TEMPLATE: PromptTemplate = {
  name: "plain",
  source: "{instruction}\n{input}",
  spellsSpecialTokens: false,
  render: ({ instruction, input }) => input === "" ? instruction : `${instruction}\n${input}`,
};

/** The same with a text in front of every instruction, as T5's tasks have one: `summarize: `. */
export function withPrefix(template: PromptTemplate, prefix: string): PromptTemplate {
  if (prefix === "") return template;
  const { encode, render, source } = template;
  const prefixed = ({ instruction, input }: Prompt) => ({ instruction: `${prefix}${instruction}`, input });
  return {
    ...template,
    source: `${prefix}\0${source}`,
    render: (prompt) => render(prefixed(prompt)),
    ...(encode && { encode: (prompt: Prompt) => encode(prefixed(prompt)) }),
  };
}

/** A talk of one turn by a checkpoint's own template, the instruction with its input as what the user says. */
export function chatPromptTemplate(template: ChatTemplate, source: string): PromptTemplate {
  return {
    name: "chat",
    source,
    spellsSpecialTokens: true,
    render: ({ instruction, input }) => {
      const content = input === "" ? instruction : `${instruction}\n\n${input}`;
      return template.render([{ role: "user", content }], { addGenerationPrompt: true });
    },
  };
}

/** A prompt and its response as ids. */
export interface EncodedExample {
  readonly promptIds: readonly number[];
  /** With the end of the text. */
  readonly responseIds: readonly number[];
}

/** The ids of a prompt, without special tokens around it. */
export function encodeTemplate(codec: TextCodec, template: PromptTemplate, prompt: Prompt): number[] {
  const { encode, render, spellsSpecialTokens } = template;
  return encode?.(prompt) ?? codec.encode(render(prompt), { findSpecialTokens: spellsSpecialTokens || undefined });
}

/**
 * A prompt and its response as MiniLLM and DistiLLM cut them: both are encoded as one text, without special tokens around it, which ends
 * with `eos`, and the response begins after as many ids as the prompt has by itself. A piece that crosses the border is the response's
 * first or is missing from it, but what a model sees in training is how the text is spelt.
 *
 * @throws {InputError} if the tokenizer has no token for the end of a text
 */
export function encodeExample(
  codec: TextCodec,
  template: PromptTemplate,
  { response, ...prompt }: Prompt & { readonly response: string },
): EncodedExample {
  const { eos } = codec.specialIds;
  if (eos === undefined) throw new InputError("the tokenizer names no token for the end of a text (eos_token)");
  const promptIds = encodeTemplate(codec, template, prompt);
  const written = `${template.beforeResponse ?? ""}${response}`;
  // No piece crosses the border behind a special token.
  if (template.encode) return { promptIds, responseIds: [...codec.encode(written, { findSpecialTokens: false }), eos] };
  const options = { findSpecialTokens: template.spellsSpecialTokens || undefined };
  const whole = codec.encode(`${template.render(prompt)}${written}`, options);
  return { promptIds, responseIds: [...whole.slice(promptIds.length), eos] };
}
