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

/**
 * The form that this project's own decoders have learned: `<ins>` instruction, `<inp>` input unless it is empty, `<res>`.
 *
 * @param space what stands in front of each text: a space for a `tokenizer.json`; nothing for `ProjectCodec`, which puts it there itself
 */
export function markerTemplate(space: " " | ""): PromptTemplate {
  return {
    name: "markers",
    source: `<ins>${space}{instruction}<inp>${space}{input}<res>${space}`,
    spellsSpecialTokens: true,
    beforeResponse: space,
    render: ({ instruction, input }) =>
      `<ins>${space}${instruction}${input === "" ? "" : `<inp>${space}${input}`}<res>`,
  };
}

/** The same with a text in front of every instruction, as T5's tasks have one: `summarize: `. */
export function withPrefix(template: PromptTemplate, prefix: string): PromptTemplate {
  if (prefix === "") return template;
  return {
    ...template,
    source: `${prefix}\0${template.source}`,
    render: ({ instruction, input }) => template.render({ instruction: `${prefix}${instruction}`, input }),
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
  return codec.encode(template.render(prompt), { findSpecialTokens: template.spellsSpecialTokens || undefined });
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
  const options = { findSpecialTokens: template.spellsSpecialTokens || undefined };
  const text = template.render(prompt);
  const promptIds = codec.encode(text, options);
  const whole = codec.encode(`${text}${template.beforeResponse ?? ""}${response}`, options);
  return { promptIds, responseIds: [...whole.slice(promptIds.length), eos] };
}
